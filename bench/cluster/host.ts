// Copyright 2026 the lab9 authors. MIT license.

/** The program of a host with so many workers: WORKERS URL MODULE --name NAME. */

import { runHost } from "../../lib/cluster/program.ts";

const [workers, ...args] = Deno.args;
runHost(args, { workers: Number(workers) });
