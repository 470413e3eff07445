import { assertEquals, assertRejects } from "@std/assert";
import { type AnyFunction, Pool, Queue, Thread, transfer } from "../../mod.ts";
import { threadTest } from "../support/threads.ts";
import * as fns from "../support/unclonable.ts";

async function run(fn: AnyFunction, ...args: unknown[]): Promise<unknown> {
  const thread = new Thread(fn, { args });
  thread.start();
  return await thread.join();
}

threadTest(
  "What would arrive empty is refused, whichever way it goes",
  async () => {
    await using pool = new Pool(1);
    const { echo, make, makeWithMemory } = fns;
    const shared = new SharedArrayBuffer(8);
    const ways: Record<string, (kind: string, value: unknown) => unknown> = {
      "a thread's argument": (_, value) => run(echo, value),
      "a thread's argument, inside": (_, value) => run(echo, { a: [value] }),
      "a thread's argument beside memory": (_, value) =>
        run(echo, [shared, new Map([["a", value]])]),
      "a thread's result": (kind) => run(make, kind),
      "a thread's result beside memory": (kind) => run(makeWithMemory, kind),
      "a pool's argument": (_, value) => pool.apply(echo, [value]),
      "a pool's argument beside memory": (_, value) =>
        pool.apply(echo, [[shared, { a: value }]]),
      "a pool's item": (_, value) => pool.map(echo, [1, [value]]),
      "a pool's item, one by one": (_, value) =>
        pool.imap(echo, [value]).next(),
      "a pool's result": (kind) => pool.apply(make, [kind]),
      "a pool's result beside memory": (kind) =>
        pool.map(makeWithMemory, [kind]),
      initargs(_, value) {
        const pool = new Pool(1, { initializer: echo, initargs: [value] });
        return pool.terminate();
      },
      "a queue's item": (_, value) => new Queue<unknown>().put(value),
      "a queue's item, inside": (_, value) =>
        new Queue<unknown>().put(new Set([{ a: value }])),
      "an error's cause": (_, value) =>
        run(echo, new Error("e", { cause: value })),
    };
    for (const [way, send] of Object.entries(ways)) {
      for (const [kind, create] of Object.entries(fns.unclonable)) {
        const message = `${kind} as ${way}`;
        const error = await assertRejects(
          async () => await send(kind, create()),
          DOMException,
          undefined,
          message,
        );
        assertEquals(error.name, "DataCloneError", message);
      }
    }
    // Everything is usable afterwards.
    assertEquals(await pool.apply(echo, [1]), 1);
  },
);

threadTest("What a copy keeps still arrives", async () => {
  await using pool = new Pool(1);
  class Point {
    x = 1;
    #hidden = 2;
    get hidden() {
      return this.#hidden;
    }
  }
  const tagged = { [Symbol.toStringTag]: "Math", a: 1 };
  for (
    const send of [
      (value: unknown, fn: AnyFunction = fns.echo) => run(fn, value),
      (value: unknown, fn: AnyFunction = fns.echo) => pool.apply(fn, [value]),
    ]
  ) {
    assertEquals<unknown>(await send(new Point()), { x: 1 });
    assertEquals(await send(Object.create({ inherited: 1 })), {});
    assertEquals<unknown>(await send(tagged), { a: 1 });
    const blob = await send(new Blob(["text"])) as Blob;
    assertEquals(await blob.text(), "text");
    const file = Deno.statSync("deno.json");
    assertEquals((await send(file) as Deno.FileInfo).size, file.size);
    const { port1, port2 } = new MessageChannel();
    const moved = transfer(port1, [port1]);
    assertEquals(await send(moved, fns.tagOf), "[object MessagePort]");
    port2.close();
  }
});

function causes(levels: number): Error {
  let error = new Error("innermost");
  for (let i = 1; i < levels; i++) error = new Error("", { cause: error });
  return error;
}

threadTest("How deep a value may be is the same everywhere", async () => {
  await using pool = new Pool(1);
  const { echo, nest } = fns;
  const ways: ((levels: number, isShared: boolean) => Promise<unknown>)[] = [
    (levels, isShared) => run(echo, nest(levels, isShared)),
    (levels, isShared) => run(nest, levels, isShared),
    (levels, isShared) => pool.apply(echo, [nest(levels, isShared)]),
    (levels, isShared) => pool.map(echo, [nest(levels, isShared)]),
    (levels, isShared) => pool.apply(nest, [levels, isShared]),
    (levels, isShared) => pool.starmap(nest, [[levels, isShared]]),
    async (levels, isShared) => {
      const initargs = [nest(levels, isShared)];
      await using _pool = new Pool(1, { initializer: echo, initargs });
    },
    (levels) => run(echo, causes(levels)),
    (levels) => pool.apply(echo, [causes(levels)]),
    (levels) => new Queue<unknown>().put(causes(levels)),
    // A queue takes no shared memory.
    (levels) => new Queue<unknown>().put(nest(levels, false)),
  ];
  for (const isShared of [false, true]) {
    for (const [i, send] of ways.entries()) {
      await send(1000, isShared);
      for (const levels of [1001, 1500, 20_000]) {
        await assertRejects(
          async () => await send(levels, isShared),
          RangeError,
          "nested more than 1000 deep",
          `way ${i}, ${levels} levels, ${isShared}`,
        );
      }
    }
  }
});
