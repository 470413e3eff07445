import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import {
  type AnyFunction,
  Empty,
  Pool,
  Queue,
  Thread,
  WorkerLostError,
} from "../../mod.ts";
import { threadTest } from "../support/threads.ts";
import * as errors from "../support/thread_errors.ts";
import { until } from "../support/until.ts";
import * as fns from "../support/thread_functions.ts";

async function caught(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => {
      throw new Error("Nothing was thrown");
    },
    (error) => error,
  );
}

function run<F extends AnyFunction>(target: F, ...args: Parameters<F>) {
  const thread = new Thread(target, { args });
  thread.start();
  return thread.join();
}

type Thrower = (kind: string) => Promise<unknown>;

/** What is thrown arrives alike, from a thread and from a pool's worker. */
function errorTest(name: string, fn: (thrown: Thrower) => Promise<void>): void {
  threadTest(`Thread: ${name}`, async () => {
    await fn((kind) => caught(run(errors.throwIt, kind)));
    await fn((kind) => caught(run(errors.rejectWith, kind)));
  });
  threadTest(`Pool: ${name}`, async () => {
    await using pool = new Pool(1);
    await fn((kind) => caught(pool.apply(errors.throwIt, [kind])));
    await fn((kind) => caught(pool.map(errors.rejectWith, [kind])));
    // The worker has survived it all.
    assertEquals(await pool.apply(fns.add, [1, 2]), 3);
  });
}

errorTest("errors keep their built-in class", async (thrown) => {
  const classes = {
    error: Error,
    eval: EvalError,
    range: RangeError,
    reference: ReferenceError,
    syntax: SyntaxError,
    type: TypeError,
    uri: URIError,
    aggregate: AggregateError,
  };
  for (const [kind, errorClass] of Object.entries(classes)) {
    const error = await thrown(kind);
    assertStrictEquals((error as Error).constructor, errorClass);
    assertEquals((error as Error).name, errorClass.name);
    assertEquals((error as Error).message, "message");
  }
});

errorTest(
  "a class of one's own keeps base, name and properties",
  async (thrown) => {
    const error = await thrown("own") as errors.OwnError;
    assertStrictEquals(error.constructor, RangeError);
    assertEquals(error.name, "OwnError");
    assertEquals(
      { ...error },
      { code: 42, details: { list: [1, 2] } } as never,
    );
    const named = await thrown("named");
    assertInstanceOf(named, Error);
    assertEquals(String(named), "CustomName: message");
  },
);

errorTest("a DOMException keeps name and code", async (thrown) => {
  const error = await thrown("dom");
  assertInstanceOf(error, DOMException);
  assertEquals([error.name, error.message], ["NotFoundError", "message"]);
  assertEquals(error.code, DOMException.NOT_FOUND_ERR);
});

errorTest("an AggregateError keeps its errors", async (thrown) => {
  const error = await thrown("aggregate") as AggregateError;
  assertEquals(error.errors.length, 2);
  assertInstanceOf(error.errors[0], TypeError);
  assertEquals(error.errors[0].message, "inner");
  assertEquals(error.errors[1], 3);
});

errorTest("the cause is the worker's stack", async (thrown) => {
  const error = await thrown("type") as Error;
  assertInstanceOf(error.cause, Error);
  assertStringIncludes(error.cause.stack!, "thread_errors.ts:");
  assertMatch(error.cause.message, /^In (Thread|PoolWorker)-\d+/);
  const nested = await thrown("cause") as Error;
  const inner = (nested.cause as Error).cause;
  assertInstanceOf(inner, TypeError);
  assertEquals(inner.message, "because");
});

errorTest("what is no Error is thrown as it is", async (thrown) => {
  assertStrictEquals(await thrown("string"), "just text");
  assertStrictEquals(await thrown("undefined"), undefined);
  assertStrictEquals(await thrown("null"), null);
  assertStrictEquals(await thrown("number"), -0);
  assertEquals(await thrown("object"), { code: 1 });
  assertMatch(await thrown("function") as string, /Function/);
});

errorTest("causes that go round in a circle or on and on", async (thrown) => {
  const error = await thrown("circular") as Error;
  assertInstanceOf(error, TypeError);
  assertEquals(error.message, "message");
  assertStrictEquals((error.cause as Error).cause, error);
  assertEquals((await thrown("longChain") as Error).message, "n");
});

errorTest(
  "an error whose getter throws keeps what can be read",
  async (thrown) => {
    for (const kind of ["causeGetter", "propertyGetter"]) {
      const error = await thrown(kind);
      assertInstanceOf(error, TypeError);
      assertEquals(error.message, "message");
      assert(!("code" in error));
    }
    const error = await thrown("messageGetter");
    assertInstanceOf(error, TypeError);
    assertEquals(error.message, "");
    // No more than that something was thrown.
    await thrown("objectGetter");
    await thrown("proxy");
  },
);

errorTest("an error arrives without the functions in it", async (thrown) => {
  const error = await thrown("uncloneable");
  assertInstanceOf(error, TypeError);
  assertEquals({ ...error }, { ok: 1 } as never);
});

threadTest("Thread: a queue's errors keep their class", async () => {
  const queue = new Queue<number>();
  await assertRejects(() => run(errors.getNowait, queue), Empty);
});

threadTest("Thread.join() rejects when the worker closes itself", async () => {
  for (const target of [fns.closeSelf, fns.exit, fns.closeAfterAwait]) {
    const thread = new Thread(target, { name: "closer" });
    thread.start();
    await assertRejects(
      () => thread.join(),
      WorkerLostError,
      "closer closed its worker, by self.close() or Deno.exit()",
    );
    assertEquals(thread.isAlive, false);
    assertEquals(thread.result, undefined);
  }
  const sync = new Thread(fns.closeSelf);
  sync.start();
  await assertRejects(
    // deno-lint-ignore require-await
    async () => sync.joinSync(),
    WorkerLostError,
  );
  assertEquals(await run(fns.add, 1, 2), 3);
});

threadTest(
  "A worker that closes itself while idle is not used again",
  async () => {
    const closing = new Int32Array(new SharedArrayBuffer(4));
    await run(fns.closeLater, closing);
    await until(() => Atomics.load(closing, 0) === 1);
    // It may have been given this one just before it closed itself.
    await run(fns.add, 1, 2).catch((error) =>
      assertInstanceOf(error, WorkerLostError)
    );
    assertEquals(await run(fns.add, 1, 2), 3);
  },
);

threadTest("A target may set self.onmessage", async () => {
  await run(fns.takeMessages);
  assertEquals(await run(fns.add, 1, 2), 3);
});
