import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Pool, Thread } from "../../mod.ts";
import { threadTest } from "../support/threads.ts";
import {
  hidden,
  look,
  lookAt,
  lookLater,
  request,
  user,
} from "../support/context.ts";

const context = [request, user];
const seen = ["r1", "Ada"] as const;

/** Runs something in a context. */
function within<T>(fn: () => T): T {
  return request.run({ id: "r1" }, () => user.run("Ada", fn));
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  return await Array.fromAsync(items);
}

threadTest("A thread has its starter's context", async () => {
  const threads = within(() => [
    new Thread(look, { context }),
    new Thread(lookLater, { args: [1], context: [user] }),
    new Thread(look),
  ]);
  assertEquals(threads[1].name.replace(/\d+/, "N"), "Thread-N (lookLater)");
  for (const thread of threads) thread.start();
  assertEquals(await Promise.all(threads.map((thread) => thread.join())), [
    [...seen],
    [1, undefined, "Ada"],
    [undefined, undefined],
  ]);
});

threadTest("A pool's tasks have their caller's context", async () => {
  for (const isPools of [false, true]) {
    await using pool = new Pool(2, isPools ? { context } : {});
    const options = isPools ? {} : { context };
    const results = await within(() =>
      Promise.all([
        pool.apply(look, [], options),
        pool.apply(lookLater, [7], options),
        pool.map(lookLater, [1, 2], options),
        pool.map(lookLater, new Set([1]), { ...options, settled: true }),
        pool.starmap(lookAt, [[1, 2]], options),
        all(pool.imap(lookLater, [3, 4], options)),
        all(pool.imapUnordered(lookLater, later(), options)),
        all(pool.starmapOrdered(lookAt, [[3, 4]], options)),
      ])
    );
    assertEquals(results as unknown, [
      [...seen],
      [7, ...seen],
      [[1, ...seen], [2, ...seen]],
      [{ status: "fulfilled", value: [1, ...seen] }],
      [[3, ...seen]],
      [[3, ...seen], [4, ...seen]],
      [[5, ...seen]],
      [[7, ...seen]],
    ]);
    // A task's context ends with the task.
    assertEquals(await pool.apply(look, [], options), [undefined, undefined]);
    assertEquals(
      await within(() => pool.apply(look, [], { context: [] })),
      [undefined, undefined],
    );
  }
});

threadTest("A context changes nothing else of a call", async () => {
  await using pool = new Pool(1, { context });
  await within(async () => {
    assertEquals(
      await pool.map(lookLater, new Array<number>(2)),
      [[undefined!, ...seen], [undefined!, ...seen]],
    );
    const totals: unknown[] = [];
    const onProgress = (_done: number, total?: number) => totals.push(total);
    await all(pool.imap(lookLater, new Set([1, 2]), { onProgress }));
    await all(pool.imap(lookLater, Uint8Array.of(1), { onProgress }));
    assertEquals(totals, [2, 2, 1]);
    const message = "each item must be an array, received string";
    const wrong = ["ab"] as never;
    await assertRejects(() => pool.starmap(lookAt, wrong), TypeError, message);
    await assertRejects(
      () => all(pool.starmapOrdered(lookAt, wrong)),
      TypeError,
      message,
    );
    const [settled] = await pool.starmap(lookAt, wrong, { settled: true });
    assertEquals(settled.status, "rejected");
  });
});

async function* later(): AsyncGenerator<number> {
  await Promise.resolve();
  yield 5;
}

threadTest("A context that holds anything else is refused", async () => {
  await using pool = new Pool(1);
  for (
    const [wrong, message] of [
      [1, "context must be an array, received number"],
      [[{}], "context must hold AsyncLocalStorages, received object"],
      [[hidden], "was never exposed"],
    ] as const
  ) {
    const options = { context: wrong as never };
    assertThrows(() => new Thread(look, options), TypeError, message);
    assertThrows(() => new Pool(1, options), TypeError, message);
    await assertRejects(
      () => pool.apply(look, [], options),
      TypeError,
      message,
    );
    await assertRejects(
      () => pool.map(lookLater, [1], options),
      TypeError,
      message,
    );
    assertThrows(() => pool.imap(lookLater, [1], options), TypeError, message);
  }
  const uncloneable = { id: "r1", wait: Promise.resolve() };
  await assertRejects(
    () => request.run(uncloneable, () => pool.apply(look, [], { context })),
    DOMException,
  );
  assertEquals(await pool.apply(look), [undefined, undefined]);
});
