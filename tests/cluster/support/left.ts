/** What stands in a store: keys, or rows, each with all that it holds. */

import { IOREDIS, PG } from "../../../lib/cluster/bullmq.ts";
import type { Server } from "./stores.ts";

export async function leftIn({ kind, url }: Server): Promise<string[]> {
  return kind === "redis" ? await keysIn(url) : await rowsIn(url);
}

async function keysIn(url: string): Promise<string[]> {
  // As the library loads it: its versions stand there.
  const { Redis } = await import(`npm:/${IOREDIS}`);
  const redis = new Redis(url);
  try {
    const keys: string[] = await redis.keys("*");
    return await Promise.all(keys.map(async (key) => {
      const type = await redis.type(key);
      const value = type === "hash"
        ? JSON.stringify(await redis.hgetall(key))
        : type === "stream"
        ? JSON.stringify(await redis.xrange(key, "-", "+"))
        : "";
      return `${key} ${value}`;
    }));
  } finally {
    redis.disconnect();
  }
}

async function rowsIn(url: string): Promise<string[]> {
  const { default: pg } = await import(`npm:/${PG}`);
  const client = new pg.Client(url);
  await client.connect();
  try {
    const found: string[] = [];
    for (const table of ["job", "meta", "event"]) {
      const { rows } = await client.query(`SELECT * FROM bullmq.${table}`);
      found.push(
        ...rows.map((row: unknown) => `${table} ${JSON.stringify(row)}`),
      );
    }
    return found;
  } finally {
    await client.end();
  }
}
