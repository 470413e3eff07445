// Copyright 2026 the lab9 authors. MIT license.

import { IOREDIS } from "../../lib/cluster/bullmq.ts";

/** What a Redis has done until now, by its own account. */
export async function redisCommands(
  url: string,
): Promise<{ calls: number; microseconds: number }> {
  const { Redis } = await import(`npm:/${IOREDIS}`);
  const redis = new Redis(url);
  try {
    const text: string = await redis.info("commandstats");
    let [calls, microseconds] = [0, 0];
    for (
      const [, name, count, usec] of text.matchAll(
        /^cmdstat_(\w+):calls=(\d+),usec=(\d+)/gm,
      )
    ) {
      // A script counts once: what it calls is in its time already.
      if (!/^(evalsha|bzpopmin|hset|hgetall|ping)$/.test(name)) continue;
      calls += Number(count);
      if (name !== "bzpopmin") microseconds += Number(usec);
    }
    return { calls, microseconds };
  } finally {
    redis.disconnect();
  }
}
