import { assert, assertEquals } from "@std/assert";
import { Pool, Thread } from "../../mod.ts";
import { difference } from "../support/difference.ts";
import * as fns from "../support/pool_functions.ts";
import { threadTest } from "../support/threads.ts";

const large = () => new Float64Array(1 << 18).map((_, i) => i / 3);

/** The caller's own are as they were, whatever the other side does to its copy. */
function assertKept(own: Float64Array): void {
  assertEquals(own.length, 1 << 18);
  assertEquals(difference(own, large()), undefined);
}

threadTest("Large buffers in arguments and results are copies", async () => {
  await using pool = new Pool(2);
  const own = large();
  const item = { own, list: [own.subarray(8), 1], echo: fns.echo };
  const results = [
    await pool.apply(fns.echo, [item]),
    ...await pool.map(fns.echo, [item, item], { chunkSize: 1 }),
    ...await pool.map(fns.echo, [item, item], { chunkSize: 2 }),
    ...await Array.fromAsync(pool.imap(fns.echo, [item, item])),
  ] as (typeof item)[];
  const thread = new Thread(fns.echo<typeof item>, { args: [item] });
  thread.start();
  results.push(await thread.join() as typeof item);
  for (const result of results) {
    assertEquals(difference(result, item), undefined);
    assert(result.own !== own);
    assertEquals(
      (result.list[0] as Float64Array).buffer === result.own.buffer,
      true,
    );
  }
  // Within a chunk, what is one arrives as one.
  for (const result of results) result.own.fill(0);
  assertKept(own);
  const [settled] = await pool.map(fns.echo, [own], { settled: true });
  assert(settled.status === "fulfilled");
  assertEquals(difference(settled.value, own), undefined);
  assertKept(own);
});
