/** A program that connects, whatever its configuration. */

import { ClusterPool } from "../../../lib/cluster.ts";

await ClusterPool.connect("redis://127.0.0.1:1");
