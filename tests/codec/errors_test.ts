import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { expose, Pool, Queue, Thread } from "../../mod.ts";
import { threadTest } from "../support/threads.ts";
import * as fns from "../support/errors.ts";

const { errors, HttpError, NotFoundError } = fns;

/** What is the same of an error, whatever way it came. */
function assertArrived(kind: string, error: unknown): void {
  const expected = errors[kind]() as Error;
  assertInstanceOf(error, Error, kind);
  if (kind !== "unknown" && kind !== "teapot" && kind !== "node") {
    assertStrictEquals(
      Object.getPrototypeOf(error),
      Object.getPrototypeOf(expected),
      kind,
    );
    assertEquals(error.name, expected.name, kind);
  }
  assertEquals(error.message, expected.message, kind);
  checks[kind]?.(error as never);
  // Whatever it is, it can be printed.
  assertStringIncludes(Deno.inspect(error), expected.message);
  assertStringIncludes(String(error), expected.message);
}

/** The errors inside may come with tracebacks of their own. */
const checks: Record<string, (error: never) => void> = {
  suppressed({ error, suppressed }: SuppressedError) {
    assertInstanceOf(error, TypeError);
    assertEquals(error.message, "a");
    assertInstanceOf(suppressed, RangeError);
    assertEquals(suppressed.message, "b");
  },
  aggregate({ errors: [first, second] }: AggregateError) {
    assertInstanceOf(first, HttpError);
    assertEquals([first.status, second], [500, 3]);
  },
  http(error: fns.HttpError) {
    assertEquals([error.status, error.isClientError], [404, true]);
  },
  notFound(error: fns.NotFoundError) {
    assertInstanceOf(error, HttpError);
    assertEquals([error.status, error.isClientError], [404, true]);
  },
  teapot(error: fns.TeapotError) {
    assertStrictEquals(Object.getPrototypeOf(error), HttpError.prototype);
    assertEquals([error.name, error.status], ["TeapotError", 418]);
  },
  unknown(error: RangeError & { code: number }) {
    assertStrictEquals(Object.getPrototypeOf(error), RangeError.prototype);
    assertEquals([error.name, error.code], ["Unknown", 7]);
  },
  deno: (error: Error) => assertInstanceOf(error, Deno.errors.NotFound),
  dom: (error: DOMException) => assertEquals(error.code, 20),
  coded: (error: fns.CodedException) => assertEquals(error.extra, 1),
  quota: ({ quota, requested }: QuotaExceededError) =>
    assertEquals([quota, requested], [3, 5]),
  node(error: Error & { code: string }) {
    assertInstanceOf(error, TypeError);
    assertEquals(error.code, "ERR_INVALID_ARG_TYPE");
  },
  functions(error: Error) {
    assertEquals({ ...error }, { nested: { ok: 1 }, ok: 2 } as never);
  },
  circular(error: fns.HttpError & { me: unknown }) {
    assertStrictEquals(error.me, error);
  },
};

// deno-lint-ignore no-explicit-any -- any exposed function
function start(fn: (...args: any[]) => any, args: unknown[]) {
  const thread = new Thread(fn, { args });
  thread.start();
  return thread;
}

threadTest("Errors that are thrown arrive as what they are", async () => {
  await using pool = new Pool(1);
  const caught = (promise: Promise<unknown>) =>
    promise.then(() => assert(false), (error) => error);
  const { throwError, rejectError } = fns;
  const { built } = HttpError;
  const ways: Record<string, (kind: string) => Promise<unknown>> = {
    join: (kind) => caught(start(throwError, [kind]).join()),
    joinSync(kind) {
      const thread = start(rejectError, [kind]);
      return caught(Promise.try(() => thread.joinSync(60)));
    },
    apply: (kind) => caught(pool.apply(throwError, [kind])),
    map: (kind) => caught(pool.map(rejectError, [kind])),
    imap: (kind) => caught(pool.imap(throwError, [kind]).next()),
    async settled(kind) {
      const [result] = await pool.map(throwError, [kind], { settled: true });
      return (result as PromiseRejectedResult).reason;
    },
  };
  let mine = 0;
  for (const [way, catchIt] of Object.entries(ways)) {
    for (const kind of Object.keys(errors)) {
      const error = await catchIt(kind);
      try {
        const before = HttpError.built;
        assertArrived(kind, error);
        mine += HttpError.built - before;
        const { cause } = error as Error;
        assertStringIncludes((cause as Error).message, "errors.ts");
        if (kind === "suppressed") {
          // They say where they were thrown, too.
          const inner = error as SuppressedError;
          for (const { cause } of [inner.error, inner.suppressed]) {
            assertStringIncludes(cause.message, "errors.ts");
          }
        }
      } catch (failure) {
        throw new Error(`${kind} by ${way}`, { cause: failure });
      }
    }
  }
  // Nothing else has called the constructor here.
  assertEquals(HttpError.built, built + mine);
});

threadTest("Errors that are values arrive as what they are", async () => {
  await using pool = new Pool(1);
  const queue = new Queue<unknown>();
  const put = async (kind: string) => {
    await queue.put(errors[kind]());
    return queue.getSync();
  };
  const first = async (list: Promise<unknown>) =>
    (await list as unknown[]).flat()[0];
  const ways: Record<string, (kind: string) => Promise<unknown>> = {
    put,
    putByThread: async (kind) => {
      await start(fns.putError, [queue, kind]).join();
      return queue.getSync();
    },
    result: (kind) => first(start(fns.returnError, [kind]).join()),
    argument: (kind) =>
      first(start(fns.receiveError, [[errors[kind]()]]).join()),
    message: (kind) =>
      first(start(fns.returnWithMemory, [errors[kind]()]).join()),
    apply: (kind) => first(pool.apply(fns.receiveError, [errors[kind]()])),
    map: (kind) => first(pool.map(fns.receiveError, [errors[kind]()])),
    poolMessage: (kind) =>
      first(pool.apply(fns.returnWithMemory, [errors[kind]()])),
  };
  for (const [way, send] of Object.entries(ways)) {
    for (const kind of Object.keys(errors)) {
      try {
        const error = await send(kind) as Error;
        assertArrived(kind, error);
        if (kind === "cause") assertInstanceOf(error.cause, NotFoundError);
        if (kind === "circular") assertStrictEquals(error.cause, error);
      } catch (failure) {
        throw new Error(`${kind} by ${way}`, { cause: failure });
      }
    }
  }
});

threadTest("A thrown object keeps what can travel", async () => {
  await using pool = new Pool(1);
  const calls: (() => Promise<unknown>)[] = [
    () => start(fns.throwObject, []).join(),
    () => pool.apply(fns.throwObject, []),
  ];
  for (const call of calls) {
    const thrown = await call().catch((error) => error) as { url: string };
    const { url, ...rest } = thrown;
    assertEquals<unknown>(rest, {
      status: 404,
      list: [1, , { ok: true }],
      map: new Map([["a", 1]]),
    });
    assertStringIncludes(url, "https://deno.com");
  }
});

Deno.test("expose() takes classes of errors, and no others", () => {
  class Known extends TypeError {}
  expose(import.meta, { Known });
  expose(import.meta, { Known });
  const queue = new Queue<unknown>();
  queue.putNowait([new Known("k")]);
  const [known] = queue.getNowait() as unknown[];
  assertInstanceOf(known, Known);
  const others = { Date, Map, Plain: class {}, Queue, Promise };
  for (const [name, other] of Object.entries(others)) {
    assertThrows(
      () => expose(import.meta, { [name]: other as never }),
      TypeError,
      `Cannot expose '${name}': it is a class`,
    );
  }
  assertThrows(
    () => expose(import.meta, { Known: class extends Error {} }),
    TypeError,
    "another function or class under that name",
  );
});
