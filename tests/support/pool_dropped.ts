// Drops pools without closing them.

import { activeCount, Pool } from "../../mod.ts";
import { count } from "./generators.ts";
import { square } from "./pool_functions.ts";
import { until } from "./until.ts";

declare const gc: () => void;

async function drop(): Promise<AsyncGenerator<number>> {
  await new Pool(1).apply(square, [1]);
  console.log(await new Pool(1).apply(square, [3]));
  const results = new Pool(1).imap(square, [1, 2, 3]);
  await results.next();
  return results;
}

/** Two pools end, and the third when its iterator has been read. */
async function collect(): Promise<void> {
  const results = await drop();
  await until(() => {
    gc();
    return activeCount() <= 2;
  });
  console.log(String(await Array.fromAsync(results)));
}

/** A pool's workers end that was closed, though nobody reads its iterators. */
async function dropIterators(): Promise<void> {
  const pool = new Pool(1);
  const unread = pool.imap(square, [1]);
  await beginAndDrop(pool);
  pool.close();
  await until(() => {
    gc();
    return activeCount() === 1;
  });
  console.log(String(await Array.fromAsync(unread)));
}

async function beginAndDrop(pool: Pool): Promise<void> {
  await pool.imapUnordered(square, [1, 2, 3]).next();
}

/** A generator whose reader was dropped ends, and so does its pool. */
async function dropStream(): Promise<void> {
  const pool = new Pool(1);
  const words = new Int32Array(new SharedArrayBuffer(8));
  await beginStream(pool, words);
  pool.close();
  const ended = pool.join();
  await until(() => {
    gc();
    return activeCount() === 1;
  });
  await ended;
  console.log(words[1]);
}

async function beginStream(pool: Pool, words: Int32Array): Promise<void> {
  await pool.stream(count, [words]).next();
}

if (import.meta.main) {
  await collect();
  await until(() => {
    gc();
    return activeCount() === 1;
  });
  console.log(activeCount());
  await dropIterators();
  await dropStream();
}
