import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  type AnyFunction,
  LifoQueue,
  Pool,
  PriorityQueue,
  Queue,
  Thread,
  transfer,
} from "../../mod.ts";
import { threadTest } from "../support/threads.ts";
import { echo } from "../support/unclonable.ts";

class WithFunction {
  deep = [{ deeper: new Map([["fn", [{ fn: () => 1 }]]]) }];
}

const howToBegin = { initializer: echo };

/** The ways of a value to another thread. A user's calls are named after them. */
function waysOf(pool: Pool): Record<string, AnyFunction> {
  const [fifo, lifo] = [new Queue(), new LifoQueue()];
  const byPriority = new PriorityQueue();
  return {
    userThread: (value) => new Thread(echo, { args: [value] }).start(),
    userPool: (value) => new Pool(1, { ...howToBegin, initargs: [value] }),
    userApply: (value) => pool.apply(echo, [value]),
    userMap: (value) => pool.map(echo, [value]),
    userStarmap: (value) => pool.starmap(echo, [[value]]),
    userPriority: (value) => pool.map(echo, [value], { priority: 1 }),
    userPut: (value) => fifo.put(value),
    userPutSync: (value) => fifo.putSync(value),
    userPutNowait: (value) => lifo.putNowait(value),
    userPutFirst: (value) => byPriority.putNowait([1, value] as never),
  };
}

threadTest(
  "What is refused is refused at the line of the user's call",
  async () => {
    await using pool = new Pool(1);
    const deep = [[[[[[[[[[[[() => 1]]]]]]]]]]]];
    const values = [
      new URL("http://a/"),
      new WithFunction(),
      pool,
      deep,
      new WeakMap(),
      Promise.resolve(),
    ];
    for (const value of values) {
      for (const [name, send] of Object.entries(waysOf(pool))) {
        const error = await assertRejects(async () => await send(value), Error);
        assertMatch(error.stack!, new RegExp(`^ +at .*\\b${name} `, "m"));
        assert(error.stack!.startsWith(`${error.name}: ${error.message}\n`));
        assert(!error.stack!.includes("/lib/codec/"), error.stack);
      }
    }
  },
);

threadTest("What a getter throws keeps the line of the getter", async () => {
  await using pool = new Pool(1);
  const value = {
    get broken() {
      throw new TypeError("Cannot read it");
    },
  };
  for (const send of Object.values(waysOf(pool))) {
    const error = await assertRejects(async () => await send(value), TypeError);
    assertMatch(
      error.stack!.split("\n")[1],
      /at (get|Object\.get) broken|at get broken/,
    );
  }
});

Deno.test("What can only be moved is refused by the name of its class", () => {
  const { port1, port2 } = new MessageChannel();
  for (const value of [port1, new ReadableStream(), new WritableStream()]) {
    const { name } = value.constructor;
    const error = assertThrows(
      () => new Thread(echo, { args: [value] }),
      DOMException,
      `${name} object could not be cloned: use transfer() to move it`,
    );
    assertEquals(error.name, "DataCloneError");
    new Thread(echo, { args: [transfer({ value }, [value])] });
    new Thread(echo, { args: [[value, transfer([], [value])]] });
  }
  port1.close();
  port2.close();
});

threadTest(
  "What the platform refuses is refused by the name of its class",
  async () => {
    await using pool = new Pool(1);
    class Address extends URL {}
    const values = {
      URL: new URL("http://a/"),
      Address: new Address("http://a/"),
      Headers: new Headers(),
      Response: new Response(),
      NumberFormat: new Intl.NumberFormat(),
    };
    for (const [name, value] of Object.entries(values)) {
      for (const send of Object.values(waysOf(pool))) {
        const error = await assertRejects(async () => await send(value), Error);
        assertEquals(error.name, "DataCloneError");
        assertEquals(
          error.message,
          `${name} object could not be cloned: a copy of it would hold nothing`,
        );
      }
    }
  },
);
