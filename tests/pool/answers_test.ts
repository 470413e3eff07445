import { assertEquals, assertThrows } from "@std/assert";
import { Cargo } from "../../lib/codec/cargo.ts";
import { Decoder } from "../../lib/codec/decoder.ts";
import { Encoder } from "../../lib/codec/encoder.ts";
import { pack, type Packed } from "../../lib/codec/packing.ts";
import { Damaged } from "../../lib/codec/tags.ts";
import { Answers } from "../../lib/pool/answers.ts";
import { Mode, Reply, Task } from "../../lib/pool/task.ts";

const none = undefined as never;
const error = { thread: "t", thrown: 1 };

/** Reads an answer to a task of two items; what it settled it with. */
function answer(
  [id, reply, value]: unknown[],
  isSettled: boolean,
  mail?: Packed,
): unknown {
  const cargo = new Cargo();
  const encoder = new Encoder();
  encoder.begin(cargo);
  for (const part of [id, reply, value]) encoder.write(part);
  encoder.end();
  const decoder = new Decoder();
  decoder.begin(cargo);
  const task = new Task(1, Mode.MAP, isSettled, [1, 2], 0, 2);
  let settled: unknown;
  new Answers({
    taskOf: () => task,
    resolve: (_, value) => settled = value,
    reject: (_, error) => settled = error,
    begin: () => {},
    takeMail: () => mail,
    mailFrom: () => undefined,
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
      [false, "1", Reply.DONE, 1],
      [false, {}, Reply.DONE, 1],
      [false, 1, "done", 1],
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
