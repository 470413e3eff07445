/** The program of a host, in a hurry. */

import { runHost } from "../../../lib/cluster/program.ts";
import { QUICK } from "./quick.ts";

runHost(Deno.args, { pace: QUICK });
