import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { Cargo } from "../../lib/codec/cargo.ts";
import { Decoder } from "../../lib/codec/decoder.ts";
import { Encoder } from "../../lib/codec/encoder.ts";
import { pack, type Packed } from "../../lib/codec/packing.ts";
import { Damaged } from "../../lib/codec/tags.ts";
import { Answers } from "../../lib/pool/answers.ts";
import { Mode, Reply, Task } from "../../lib/pool/task.ts";

const none = undefined as never;
const error = { thread: "t", thrown: 1 };

function decoderOf([id, reply, value]: unknown[]): Decoder {
  const cargo = new Cargo();
  const encoder = new Encoder();
  encoder.begin(cargo);
  encoder.writeWord(id as number);
  encoder.writeWord(reply as number);
  encoder.write(value);
  encoder.end();
  const decoder = new Decoder();
  decoder.begin(cargo);
  return decoder;
}

/** Reads an answer to a task of two items; what it settled it with. */
function answer(
  [id, reply, value]: unknown[],
  isSettled: boolean,
  mail?: Packed,
): unknown {
  const decoder = decoderOf([id, reply, value]);
  const task = new Task(1, Mode.MAP, isSettled, [1, 2], 0, 2);
  let settled: unknown;
  new Answers({
    taskOf: () => task,
    resolve: (_, value) => settled = value,
    reject: (_, error) => settled = error,
    begin: () => {},
    takeMail: () => mail,
    mailFrom: () => undefined,
    retire: () => {},
    abandon: () => {},
    sendPayload: () => {},
  }).read(decoder);
  return settled;
}

Deno.test("Answers: what no worker of the library has written is refused", () => {
  assertEquals(answer([1, Reply.LISTED, [3, 4]], false), [3, 4]);
  assertEquals(answer([1, Reply.DONE, [[3, none], []]], true), [[3, none], []]);
  assertEquals(answer([1, Reply.THREW, error], false), 1);
  for (
    const [isSettled, ...forged] of [
      [false, 1, -1, 1],
      [false, 1, 7, 1],
      [false, 1, Reply.LISTED, 5],
      [false, 1, Reply.LISTED, { length: 2 }],
      [false, 1, Reply.LISTED, [3]],
      [false, 1, Reply.LISTED, [3, 4, 5]],
      [true, 1, Reply.DONE, [3, 4]],
      [true, 1, Reply.DONE, 5],
      [false, 1, Reply.THREW, "error"],
      [false, 1, Reply.THREW, { thrown: 1 }],
      [false, 1, Reply.MAILED, "1"],
      [false, 1, Reply.ASKS, {}],
      [false, 0, Reply.RETIRES, "1"],
    ] as [boolean, ...unknown[]][]
  ) {
    const what = Deno.inspect(forged);
    assertThrows(() => answer(forged, isSettled), Damaged, undefined, what);
  }
});

Deno.test("Answers: mail that is no answer is refused", () => {
  const mailed = [1, Reply.MAILED, 1];
  assertEquals(answer(mailed, false, pack([Reply.LISTED, [3, 4]])), [3, 4]);
  for (
    const mail of [
      5,
      [],
      [Reply.DONE],
      [Reply.DONE, 1, 2],
      [Reply.ASKS, 1],
      ["done", 1],
      { 0: Reply.DONE, 1: 5, length: 2 },
      [Reply.LISTED, [3]],
      [Reply.THREW, 1],
    ]
  ) {
    const what = Deno.inspect(mail);
    const forged = pack(mail);
    assertThrows(() => answer(mailed, false, forged), Damaged, undefined, what);
  }
});

/** Mail of a worker that comes after it was told of, as in a browser. */
function lateMail() {
  const arrived: Packed[] = [];
  const waiting: (() => void)[] = [];
  const settled: [id: number, value: unknown][] = [];
  const { promise: abandoned, resolve: abandon } = Promise.withResolvers();
  const answers = new Answers({
    taskOf: (id) => new Task(id, Mode.APPLY, false, [], 0, 1),
    resolve: (id, value) => settled.push([id, value]),
    reject: (id, error) => settled.push([id, error]),
    begin: () => {},
    takeMail: () => arrived.shift(),
    mailFrom: () => new Promise((resolve) => waiting.push(resolve)),
    retire: () => {},
    abandon,
    sendPayload: () => {},
  });
  return {
    settled,
    abandoned,
    read: () => answers.lateMail(1),
    /** The worker tells that it has mailed its answer. */
    tell: (id: number) => answers.read(decoderOf([id, Reply.MAILED, 1])),
    arrive(mail: unknown) {
      arrived.push(pack(mail));
      for (const resolve of waiting.splice(0)) resolve();
    },
  };
}

Deno.test("Answers: mail that is late is read in the order of its answers", async () => {
  const late = lateMail();
  late.tell(1);
  late.tell(2);
  late.arrive([Reply.DONE, "one"]);
  // Told of before anybody has looked at what has arrived.
  late.tell(3);
  late.arrive([Reply.DONE, "two"]);
  late.arrive([Reply.DONE, "three"]);
  await late.read();
  assertEquals(late.settled, [[1, "one"], [2, "two"], [3, "three"]]);
  assertEquals(late.read(), undefined);
});

Deno.test("Answers: late mail that is no answer ends the pool", async () => {
  const late = lateMail();
  late.tell(1);
  late.arrive(["done", 1]);
  assertInstanceOf(await late.abandoned, Damaged);
  await late.read();
});
