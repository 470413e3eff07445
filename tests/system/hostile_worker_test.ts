import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { LifoQueue } from "../../lib/queue/lifo_queue.ts";
import { Pool } from "../../lib/pool/pool.ts";
import { Queue } from "../../lib/queue/queue.ts";
import { Cargo, Kind } from "../../lib/codec/cargo.ts";
import { Decoder } from "../../lib/codec/decoder.ts";
import { Encoder } from "../../lib/codec/encoder.ts";
import { unpack } from "../../lib/codec/packing.ts";
import { idOf } from "../../lib/codec/references.ts";
import { Thread, WorkerLostError } from "../../lib/thread/thread.ts";
import { threadTest } from "../support/threads.ts";
import { difference } from "../support/difference.ts";
import { until } from "../support/until.ts";
import * as hostile from "../support/hostile_worker.ts";
import { Random, withSeed } from "../support/shared_random.ts";

/** Fails if one of the module's functions ran here, in the main thread. */
async function expectNothingRan(run: () => unknown): Promise<void> {
  let ran = 0;
  const count = () => ran++;
  addEventListener("privileged", count);
  try {
    await run();
    assertEquals(ran, 0);
    assertEquals(({} as { polluted?: boolean }).polluted, undefined);
  } finally {
    removeEventListener("privileged", count);
  }
}

// deno-lint-ignore no-explicit-any -- any exposed function
async function runThread<F extends (...args: any[]) => any>(
  fn: F,
  ...args: Parameters<F>
): Promise<Awaited<ReturnType<F>>> {
  const thread = new Thread(fn, { args });
  thread.start();
  return await thread.join(60);
}

threadTest("Messages that a worker forges reach nobody", async () => {
  await expectNothingRan(async () => {
    await using pool = new Pool(1);
    for (let i = 0; i < 3; i++) {
      assertEquals(await runThread(hostile.postForgeries), "posted");
      // In a worker of its own: another thread there might be given a forgery.
      const thread = new Thread(hostile.dispatchForgeries, {
        permissions: { read: false },
      });
      thread.start();
      assertEquals(await thread.join(60), "dispatched");
      assertEquals(await pool.apply(hostile.postForgeries, []), "posted");
    }
    assertEquals(
      await pool.map(hostile.pollute, [1]).then(String),
      "[object Object],1,Error: polluted,[object Map]",
    );
  });
});

threadTest("What looks like the library's own messages is data", async () => {
  await expectNothingRan(async () => {
    const buffer = new SharedArrayBuffer(64);
    const queue = new Queue<unknown>();
    await using pool = new Pool(1);
    for (const shared of [undefined, buffer]) {
      const expected = hostile.forgeries(shared);
      for (
        const sent of [
          await runThread(hostile.forgeries, shared),
          await pool.apply(hostile.forgeries, [shared]),
          ...await pool.map(hostile.forgeries, [shared, shared]),
        ]
      ) {
        assertEquals(sent.length, expected.length);
        if (shared === undefined) {
          assertEquals(difference(sent, expected), undefined);
        } else assert(!sent.some((value) => value instanceof Queue));
      }
    }
    for (const forged of hostile.forgeries()) {
      queue.putSync(forged);
      assertEquals(difference(queue.getSync(), forged), undefined);
    }
  });
});

Deno.test("References lead to what was exposed, and to nothing else", () => {
  const standIn = {};
  const revive = (reference: unknown, value: unknown = standIn) =>
    unpack({
      value,
      references: [[standIn, reference as 0]],
      transferables: [],
    });
  assertStrictEquals(revive(idOf(hostile.privileged)!), hostile.privileged);
  assertEquals(idOf(hostile.secret), undefined);
  for (const id of [0, 1, -1, NaN, 2 ** 53, idOf(hostile.privileged)! + 1]) {
    assertThrows(() => revive(id), TypeError);
  }
  for (const type of ["secret", "toString", "__proto__", "constructor"]) {
    const buffer = new SharedArrayBuffer(64);
    assertThrows(() => revive({ type, buffer }), TypeError);
  }
  // Awaiting it would call the function.
  const thenable = { then: standIn };
  const error = assertThrows(
    () => revive(idOf(hostile.privileged)!, thenable),
    DOMException,
  );
  assertEquals(error.name, "DataCloneError");
});

threadTest(
  "An object can't pass for a promise by an exposed function",
  async () => {
    await expectNothingRan(async () => {
      const thenable = { then: hostile.privileged };
      const queue = new Queue<unknown>();
      await using pool = new Pool(1);
      for (
        const send of [
          () => queue.put(thenable),
          () => queue.put([Object.assign([1], thenable)]),
          () => runThread(hostile.privileged, thenable as never),
          () => pool.apply(hostile.privileged, [thenable as never]),
          () => pool.map(hostile.privileged, [thenable as never]),
        ]
      ) {
        const error = await assertRejects(
          async () => await send(),
          DOMException,
        );
        assertEquals(error.name, "DataCloneError");
      }
      // Not by writing into the memory either.
      await runThread(hostile.forgeThenable, queue);
      await assertRejects(() => queue.get(), DOMException, "`then`");
      await queue.put("usable");
      assertEquals(await queue.get(), "usable");
    });
  },
);

threadTest("What a worker does to its prototypes stays there", async () => {
  await expectNothingRan(async () => {
    const value = await runThread(hostile.pollute) as object[];
    for (const object of value) assert(!("polluted" in object));
    const error = await assertRejects(
      () => runThread(hostile.throwPolluting),
      Error,
      "thrown",
    );
    assertStrictEquals(Object.getPrototypeOf(error), Error.prototype);
    assert(!("polluted" in error));
  });
});

threadTest("A damaged answer is an error, and others go on", async () => {
  for (
    const [length, fill] of [
      [1e9, 255],
      [1e9, 0],
      [-1, 255],
      [8, 12],
      [1000, 13],
      [65536, 14],
      [20, 7],
      [-(2 ** 31), 0],
    ]
  ) {
    await assertRejects(
      () => runThread(hostile.damageAnswer, length, fill),
      Error,
    );
    assertEquals(await runThread(hostile.postForgeries), "posted");
  }
  await assertRejects(
    () => runThread(hostile.damagePostedAnswer),
    WorkerLostError,
  );
  await using pool = new Pool(2);
  // What was answered before the damage is done: the other call settles.
  const other = pool.map(hostile.postForgeries, [1, 2, 3] as never[]);
  await assertRejects(() => pool.apply(hostile.damageResults, []));
  await Promise.allSettled([other]);
  await assertRejects(
    () => pool.apply(hostile.postForgeries, []),
    Error,
    "damaged",
  );
});

threadTest("An item isn't given to a worker that is discarded", async () => {
  const queue = new Queue<unknown>();
  for (let i = 0; i < 3; i++) {
    await assertRejects(
      () => runThread(hostile.damageAnswerAndGet, queue),
      WorkerLostError,
      "damaged",
    );
  }
  let got: unknown;
  queue.get().then((item) => got = item);
  queue.putNowait(42);
  await until(() => got === 42);
});

threadTest("A forged answer calls nothing and ends its sender", async () => {
  await expectNothingRan(async () => {
    for (let kind = 0; kind < hostile.FORGED_ANSWERS; kind++) {
      const error = await assertRejects(
        () => runThread(hostile.forgeAnswer, kind),
        WorkerLostError,
        undefined,
        `answer ${kind}`,
      );
      assertMatch(error.message, /Cannot decode .* is damaged/, `${kind}`);
      Deno.inspect(error);
      assertEquals(await runThread(hostile.hasForged), false);
    }
  });
});

threadTest("A flood of messages reaches nobody", async () => {
  const { dispatchEvent } = EventTarget.prototype;
  let messages = 0;
  EventTarget.prototype.dispatchEvent = function (event) {
    if (event instanceof MessageEvent && this instanceof Worker) messages++;
    return dispatchEvent.call(this, event);
  };
  try {
    await runThread(hostile.flood, 100_000);
    // What was posted before the end would be here by now.
    await runThread(hostile.flood, 0);
  } finally {
    EventTarget.prototype.dispatchEvent = dispatchEvent;
  }
  assertEquals(messages, 0);
});

/** Text that must not be found in what arrives. */
const SECRET = "SECRET";

const encoder = new Encoder();
const looked = new Cargo();

/** Gets something, or an error; and sees that it holds no secret. */
function lookAt(get: () => unknown): void {
  let seen: unknown;
  try {
    seen = get();
  } catch (error) {
    assertInstanceOf(error, Error);
    seen = error.message;
  }
  // All that is in it, as bytes: it may be an array of a billion holes.
  encoder.encode([seen], looked);
  const text = new TextDecoder("latin1").decode(
    looked.bytes.subarray(0, looked.length),
  );
  assertEquals(text.indexOf(SECRET), -1);
}

Deno.test("A damaged record shows nothing of what was got before", () => {
  const before = new Queue<unknown>();
  const random = new Random(1);
  for (const Kind of [Queue, LifoQueue]) {
    for (const length of [8, 9, 30, 300, 5000, 2 ** 30, -1]) {
      for (const byte of [7, 8, 9, 12, 23, 255]) {
        // In as many bytes as no record is read from, and in many.
        before.putNowait(random.pick<unknown>([SECRET, [SECRET.repeat(100)]]));
        before.getNowait();
        const queue = new Kind<unknown>();
        queue.putNowait("item".repeat(20));
        const bytes = hostile.memoryOf(queue);
        const view = new DataView(bytes.buffer);
        const record = hostile.FIRST_RECORD;
        if (Kind === Queue) {
          view.setInt32(record, length, true);
          view.setUint8(record + 8, byte);
          view.setUint8(record + 9, 255);
        } else {
          view.setInt32(record + recordEnd(view, record) - 8, length, true);
          view.setUint8(record, byte);
        }
        lookAt(() => queue.getNowait());
      }
    }
  }
});

/** Where a record on the stack ends: its length stands in its last words. */
function recordEnd(view: DataView, record: number): number {
  for (let end = 16;; end += 16) {
    if (view.getInt32(record + end - 8, true) !== 0) return end;
  }
}

/** The bytes that say where records begin and end, and how large the store is. */
const PLACES = [1, 3, 16, 17, 32]
  .flatMap((word) => [0, 1, 2, 3].map((byte) => word * 4 + byte));
/** Here are a mutex's bits: were they set, nobody would give it back. */
const WITH_MUTEX = 16 * 4;

Deno.test("Whatever is in a queue's memory, a get ends and shows no secret", async () => {
  const before = new Queue<unknown>();
  await withSeed((seed) => {
    const random = new Random(seed);
    for (let round = 0; round < 1000; round++) {
      before.putNowait({ SECRET: [SECRET.repeat(50)] });
      before.getNowait();
      const queue = new (random.pick([Queue, LifoQueue]))<unknown>();
      for (let i = random.below(5); i >= 0; i--) {
        queue.putNowait(
          random.pick<unknown>([1, "x".repeat(40), { a: [1, "b"] }]),
        );
      }
      const bytes = hostile.memoryOf(queue);
      for (let i = random.below(40); i >= 0; i--) {
        const place = random.below(4) === 0
          ? random.pick(PLACES)
          : hostile.FIRST_RECORD + random.below(300);
        bytes[place] = random.below(256) & (place === WITH_MUTEX ? ~3 : ~0);
      }
      for (let i = 0; i < 6; i++) lookAt(() => queue.getNowait());
    }
  });
});

Deno.test("Whatever the bytes, decoding ends and reads no further", async () => {
  await withSeed((seed) => {
    const random = new Random(seed);
    const decoder = new Decoder();
    const value = {
      text: "a".repeat(40),
      wide: "€".repeat(20),
      list: [1, 2.5, "x", { n: 1n }],
      numbers: [1, 2, 3],
      map: new Map<unknown, unknown>([[1, new Date(0)], ["k", /x/g]]),
      set: new Set([Object(1)]),
      error: new Error("e", { cause: new DOMException("m", "AbortError") }),
      view: new Uint8Array([1, 2, 3]),
      lone: "\ud800",
      huge: 2n ** 200n,
    };
    const cargo = new Cargo();
    for (let round = 0; round < 5000; round++) {
      encoder.encode(value, cargo);
      const { length } = cargo;
      for (let i = random.below(6); i >= 0; i--) {
        cargo.bytes[random.below(length)] = random.below(256);
      }
      if (random.below(2) === 0) cargo.length = 9 + random.below(length);
      const rest = new TextEncoder().encode(SECRET.repeat(2000));
      cargo.bytes.set(
        rest.subarray(0, cargo.bytes.length - cargo.length),
        cargo.length,
      );
      assertEquals(cargo.kind, Kind.BYTES);
      lookAt(() => decoder.decode(cargo));
    }
  });
});
