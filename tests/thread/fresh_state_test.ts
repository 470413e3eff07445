import { assertEquals } from "@std/assert";
import {
  Pool,
  prestartWorkers,
  Thread,
  type ThreadOptions,
} from "../../mod.ts";
import { threadTest } from "../support/threads.ts";
import * as state from "../support/fresh_state.ts";
import * as other from "../support/fresh_state_other.ts";

function run<A extends readonly unknown[], R>(
  target: (...args: A) => R,
  args: A,
  options: ThreadOptions = {},
): Promise<R> {
  const thread = new Thread(target as never, { ...options, args } as never);
  thread.start();
  return thread.join() as Promise<R>;
}

/** What a pool's workers see that has several tasks at once. */
async function lookAround(options = {}): Promise<unknown[]> {
  await using pool = new Pool(2, options);
  return [
    await pool.apply(state.getSecret),
    await pool.apply(state.isPatched),
    await pool.apply(other.isOtherPatched),
  ];
}

const CLEAN = [undefined, false, false];

threadTest("A pool's workers have run nobody else's code", async () => {
  {
    await using pool = new Pool(2, {
      initializer: state.setSecret,
      initargs: ["a pool's"],
    });
    await pool.apply(state.patch);
  }
  assertEquals(await lookAround(), CLEAN);
  await run(state.setSecret, ["a thread's"]);
  await run(state.patch, []);
  await run(other.otherPatch, []);
  assertEquals(await lookAround(), CLEAN);
  await prestartWorkers(3);
  assertEquals(await lookAround(), CLEAN);
  assertEquals(await lookAround({ maxTasksPerChild: 1 }), CLEAN);
  {
    await using pool = new Pool(1, { maxTasksPerChild: 1 });
    assertEquals([await pool.apply(state.bump), await pool.apply(state.bump)], [
      1,
      1,
    ]);
  }
});

threadTest("A pool leaves nothing to threads", async () => {
  // No other test has a worker with these.
  const permissions = { ffi: false };
  {
    await using pool = new Pool(1, { permissions });
    await pool.apply(state.setSecret, ["a pool's"]);
    await pool.apply(other.otherPatch);
  }
  assertEquals(await run(state.getSecret, [], { permissions }), undefined);
  assertEquals(await run(other.isOtherPatched, [], { permissions }), false);
});

threadTest("Threads of other modules don't share a worker", async () => {
  const permissions = { sys: false };
  await run(other.otherPatch, [], { permissions });
  assertEquals(await run(state.isPatched, [], { permissions }), false);
  // Threads of the same do.
  assertEquals(await run(other.isOtherPatched, [], { permissions }), true);
  const others = { sys: false, net: false };
  const options = { permissions: others };
  assertEquals(await run(other.isOtherPatched, [], options), false);
});

threadTest("A thread with a fresh worker is the only one in it", async () => {
  const counts = [];
  for (const fresh of [false, false, true, true, false, true]) {
    counts.push(await run(state.bump, [], { fresh }));
  }
  const [first] = counts;
  assertEquals(counts, [first, first + 1, 1, 1, first + 2, 1]);
});
