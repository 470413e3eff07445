/** Hosts and pools that lose hope sooner, so that tests needn't wait for long. */

import type { ClusterPoolOptions } from "@lab9/concurrency/cluster";
import { ClusterPool } from "../../../lib/cluster/cluster_pool.ts";
import { connect } from "../../../lib/cluster/connect.ts";
import type { Pace } from "../../../lib/cluster/pace.ts";

export const QUICK: Pace = { beat: 250, gone: 6000, lock: 3000 };

export async function connectQuickly(
  url: string,
  options: ClusterPoolOptions,
): Promise<ClusterPool> {
  return new ClusterPool(await connect(url, options, QUICK));
}
