import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { Pool, Queue, Thread, transfer } from "../mod.ts";
import { threadTest } from "./support/threads.ts";
import * as fns from "./support/pool_functions.ts";

const LARGE = 8 * 2 ** 20;

/** 64 MB of them. */
function numbers(): Float64Array<ArrayBuffer> {
  return new Float64Array(LARGE).fill(1);
}

function assertAll(array: Float64Array, length: number, value: number): void {
  assertEquals(array.length, length);
  assert(array.every((x) => x === value));
}

async function run<A extends unknown[], R>(
  fn: (...args: A) => R,
  args: A,
): Promise<Awaited<R>> {
  const thread = new Thread(fn, { args: args as never });
  thread.start();
  return await thread.join();
}

Deno.test("transfer() gives the value itself", () => {
  const array = new Uint8Array(8);
  assertStrictEquals(transfer(array, [array.buffer]), array);
  assertEquals(array.length, 8);
  assertStrictEquals(transfer(array, []), array);
});

Deno.test("transfer() refuses what can't be marked", () => {
  for (const value of [1, "text", null, undefined, Symbol()]) {
    assertThrows(
      () => transfer(value, []),
      TypeError,
      "Cannot transfer value: it must be an object, received",
    );
  }
  for (const list of [null, undefined, new ArrayBuffer(8), 5]) {
    assertThrows(
      () => transfer({}, list as never),
      TypeError,
      "transferables must be an array, received",
    );
  }
});

threadTest("transfer(): a Pool moves arguments and results", async () => {
  await using pool = new Pool(1);
  const sent = numbers();
  const args = [transfer(sent, [sent.buffer])] as const;
  const result = pool.apply(fns.increment, args);
  // At once: what the caller does next can't change what was sent.
  assertEquals(sent.length, 0);
  assertAll(await result, LARGE, 2);

  const made = await pool.apply(fns.makeNumbers, [LARGE, true]);
  assertAll(made.deep[0], LARGE, 7);
  assertEquals(await pool.apply(fns.keptLength), 0);
});

threadTest("transfer(): a Pool copies what isn't marked", async () => {
  await using pool = new Pool(1);
  const sent = numbers();
  assertAll(await pool.apply(fns.increment, [sent]), LARGE, 2);
  assertAll(sent, LARGE, 1);
  const made = await pool.apply(fns.makeNumbers, [LARGE, false]);
  assertAll(made.deep[0], LARGE, 7);
  assertEquals(await pool.apply(fns.keptLength), LARGE);
});

threadTest("transfer(): a Thread moves arguments and its result", async () => {
  const sent = numbers();
  const thread = new Thread(fns.increment, {
    args: [transfer(sent, [sent.buffer])],
  });
  assertAll(sent, LARGE, 1);
  thread.start();
  assertEquals(sent.length, 0);
  assertAll(await thread.join(), LARGE, 2);
});

threadTest("transfer(): a Thread copies what isn't marked", async () => {
  const sent = numbers();
  assertAll(await run(fns.increment, [sent]), LARGE, 2);
  assertAll(sent, LARGE, 1);
});

threadTest("transfer(): what a Thread keeps of its result", async () => {
  for (const [isMoved, length] of [[false, 8], [true, 0]] as const) {
    const { deep } = await run(fns.makeNumbers, [8, isMoved]);
    assertAll(deep[0], 8, 7);
    // The next thread has the same worker.
    assertEquals(await run(fns.keptLength, []), length);
  }
});

threadTest("transfer(): every form of a Pool's calls", async () => {
  await using pool = new Pool(2);
  const make = () => {
    const arrays = [1, 2, 3, 4, 5].map((n) => new Float64Array(n).fill(n));
    return { arrays, items: arrays.map((a) => transfer(a, [a.buffer])) };
  };
  const spread = (items: Float64Array<ArrayBuffer>[]) =>
    items.map((item) => [item] as const);
  type Items = Float64Array<ArrayBuffer>[];
  const options = { chunkSize: 2 };
  const forms: Record<string, (items: Items) => Promise<Items>> = {
    map: (items) => pool.map(fns.increment, items, options),
    starmap: (items) => pool.starmap(fns.increment, spread(items), options),
    imap: (items) => Array.fromAsync(pool.imap(fns.increment, items, options)),
    imapUnordered: (items) =>
      Array.fromAsync(pool.imapUnordered(fns.increment, items, options)),
    starmapOrdered: (items) =>
      Array.fromAsync(
        pool.starmapOrdered(fns.increment, spread(items), options),
      ),
    starmapUnordered: (items) =>
      Array.fromAsync(
        pool.starmapUnordered(fns.increment, spread(items), options),
      ),
  };
  for (const [name, form] of Object.entries(forms)) {
    const { arrays, items } = make();
    const results = (await form(items)).toSorted((a, b) => a.length - b.length);
    assertEquals(arrays.map((a) => a.length), [0, 0, 0, 0, 0], name);
    const expected = make().arrays.map((a) => a.map((x) => x + 1));
    assertEquals(results, expected, name);
  }
});

threadTest("transfer(): wherever the marked value stands", async () => {
  await using pool = new Pool(1);
  const queue = new Queue<number>();
  const make = () => new Float64Array([1, 2]);
  const places: ((array: Float64Array<ArrayBuffer>) => unknown)[] = [
    (array) => transfer({ array }, [array.buffer]),
    (array) => ({ deep: [transfer(array, [array.buffer])] }),
    (array) => new Map([[transfer({}, [array.buffer]), new Set([array])]]),
    // Beside what travels by reference.
    (array) => [queue, fns.square, transfer(array, [array.buffer])],
    (array) => [transfer(array, [array.buffer]), array.subarray(1)],
    // Two marks of the same buffer.
    (array) => [
      transfer(array, [array.buffer]),
      transfer(array.subarray(1), [array.buffer]),
    ],
  ];
  for (const [i, place] of places.entries()) {
    for (
      const send of [
        (value: unknown) => pool.apply(fns.echo<unknown>, [value]),
        (value: unknown) => run(fns.echo<unknown>, [value]),
      ]
    ) {
      const array = make();
      const found = find(await send(place(array)));
      assertEquals(array.length, 0, `${i}`);
      assertEquals(found, make(), `${i}`);
    }
  }
  // The list of arguments itself.
  const array = make();
  await pool.apply(fns.echo<unknown>, transfer([array], [array.buffer]));
  assertEquals(array.length, 0);
});

/** The first array of numbers in a value. */
function find(value: unknown): Float64Array | undefined {
  if (value instanceof Float64Array) return value;
  if (typeof value !== "object" || value === null) return undefined;
  const inner = value instanceof Map
    ? [...value].flat()
    : value instanceof Set
    ? [...value]
    : Object.values(value);
  for (const each of inner) {
    const found = find(each);
    if (found !== undefined) return found;
  }
}

threadTest("transfer(): ports, and buffers that grow", async () => {
  await using pool = new Pool(1);
  for (
    const send of [
      (port: MessagePort) => pool.apply(fns.speak, [port, "hello"]),
      (port: MessagePort) => run(fns.speak, [port, "hello"]),
    ]
  ) {
    const { port1, port2 } = new MessageChannel();
    const heard = Promise.withResolvers<unknown>();
    port1.onmessage = ({ data }) => heard.resolve(data);
    await send(transfer(port2, [port2]));
    assertEquals(await heard.promise, "hello");
    port1.close();
  }
  const grows = new ArrayBuffer(8, { maxByteLength: 64 });
  const back = await pool.apply(fns.echo<ArrayBuffer>, [
    transfer(grows, [grows]),
  ]);
  assert(grows.detached);
  assertEquals([back.byteLength, back.maxByteLength], [8, 64]);
});

threadTest("transfer(): a send that fails loses nothing", async () => {
  await using pool = new Pool(1);
  const array = new Float64Array([1, 2]);
  const moved = new Float64Array([3]);
  structuredClone(moved, { transfer: [moved.buffer] });
  const buffer = array.buffer;
  const wrong: [value: unknown, transferables: unknown[]][] = [
    [[array, Symbol()], [buffer]],
    [[array, new WeakMap()], [buffer]],
    [array, [buffer, {}]],
    [array, [{}, buffer]],
    [array, [new Uint8Array(buffer)]],
    [array, [new SharedArrayBuffer(8), buffer]],
    [array, [buffer, moved.buffer]],
    [[array, moved], [buffer]],
  ];
  for (const [i, [value, transferables]] of wrong.entries()) {
    const marked = transfer({ value }, transferables as Transferable[]);
    const args: [unknown] = [marked];
    for (
      const send of [
        () => pool.apply(fns.echo<unknown>, args),
        () => pool.map(fns.echo<unknown>, args),
        () => run(fns.echo<unknown>, args),
      ]
    ) {
      const error = await assertRejects(send, DOMException, undefined, `${i}`);
      assertEquals(error.name, "DataCloneError");
      assertEquals(array, new Float64Array([1, 2]), `${i}`);
    }
  }
  const error = await assertRejects(
    () => pool.apply(fns.makeUnsendable, [8]),
    DOMException,
  );
  assertEquals(error.name, "DataCloneError");
  assertEquals(await pool.apply(fns.keptLength), 8);
  const results = await pool.map(
    fns.makeUnsendable,
    [1, 2],
    { settled: true, chunkSize: 2 },
  );
  assertEquals(results.map((r) => r.status), ["rejected", "rejected"]);
  assertEquals(await pool.apply(fns.keptLength), 2);
});

threadTest("transfer(): what was moved before is refused", async () => {
  await using pool = new Pool(1);
  const array = new Float64Array([1, 2]);
  const args = [transfer(array, [array.buffer])] as const;
  assertEquals(
    await pool.apply(fns.echo<Float64Array>, args),
    new Float64Array([1, 2]),
  );
  for (
    const send of [
      () => pool.apply(fns.echo<Float64Array>, args),
      () => run(fns.echo<Float64Array>, [...args]),
    ]
  ) {
    const error = await assertRejects(send, DOMException);
    assertEquals(error.name, "DataCloneError");
  }
  // Marked anew, with another buffer, it can be sent again.
  const job = { array: new Float64Array([3]) };
  transfer(job, [job.array.buffer]);
  await pool.apply(fns.echo<unknown>, [job]);
  job.array = new Float64Array([4]);
  transfer(job, [job.array.buffer]);
  await pool.apply(fns.echo<unknown>, [job]);
  assertEquals(job.array.length, 0);
});

threadTest("transfer(): settled items that can't be moved", async () => {
  await using pool = new Pool(1);
  const make = (n: number) => new Float64Array(n).fill(n);
  const good = make(3);
  const bad = make(2);
  const results = await pool.map(
    fns.echo<unknown>,
    [
      transfer(good, [good.buffer]),
      transfer([bad, Symbol()], [bad.buffer]),
      5,
    ],
    { settled: true, chunkSize: 3 },
  );
  assertEquals(results[0], { status: "fulfilled", value: make(3) });
  assertEquals(results[1].status, "rejected");
  assertEquals(results[2], { status: "fulfilled", value: 5 });
  assertEquals([good.length, bad], [0, make(2)]);
});

threadTest("transfer() has no effect on a queue and initargs", async () => {
  const queue = new Queue<Float64Array>();
  const array = new Float64Array([1, 2]);
  queue.putNowait(transfer(array, [array.buffer]));
  assertEquals([array.length, queue.getNowait()], [2, array]);
  const count = new Int32Array(new SharedArrayBuffer(4));
  const initargs = ["by", transfer(count, []), array];
  await using pool = new Pool(2, { initializer: fns.prepare, initargs });
  assertEquals(await pool.apply(fns.getPrepared), "by PoolWorker-N");
  assertEquals(array.length, 2);
});
