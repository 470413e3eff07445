import { assert, assertEquals } from "@std/assert";
import { Pool } from "../../mod.ts";
import { Channel } from "../../lib/pool/channel.ts";
import type { Decoder } from "../../lib/codec/decoder.ts";
import { hold } from "../../lib/sync/keep_alive.ts";
import { threadTest } from "../support/threads.ts";
import * as fns from "../support/pool_functions.ts";

threadTest("Pool: calls that are awaited in turn let timers run", async () => {
  await using pool = new Pool(1);
  await pool.apply(fns.square, [1]);
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  const giveUpAt = performance.now() + 30_000;
  while (ticks < 5 && performance.now() < giveUpAt) {
    await pool.apply(fns.square, [2]);
  }
  clearInterval(timer);
  assert(ticks >= 5);
});

/** The word in which a taker says that it spins. */
const SPINNER = 48 + 49;
const write = (channel: Channel, value: number) => {
  channel.write((encoder, item) => encoder.write(item), value);
  assert(channel.send());
};

Deno.test("Channel: nobody is woken while a thread that is alive spins", async () => {
  using _alive = hold();
  const channel = new Channel();
  const words = new Int32Array(channel.buffer, 0, 128);
  const other = new Channel({ buffer: channel.buffer });
  const received = other.receive((decoder) => decoder.read());
  // It has found nothing, and sleeps.
  await new Promise((resolve) => setTimeout(resolve, 10));
  assertEquals(words[SPINNER], 0);
  // This thread's id, as if it were spinning.
  words[SPINNER] = 1 << 17 | 1;
  write(channel, 7);
  const early = await Promise.race([
    received,
    new Promise((resolve) => setTimeout(() => resolve("asleep"), 50)),
  ]);
  assertEquals(early, "asleep");
  words[SPINNER] = 0;
  channel.wakeTaker();
  assertEquals(await received, 7);
});

Deno.test("Channel: a taker that died while it spun holds nobody up", async () => {
  using _alive = hold();
  const channel = new Channel();
  const words = new Int32Array(channel.buffer, 0, 128);
  const received = new Channel({ buffer: channel.buffer })
    .receive((decoder) => decoder.read());
  await new Promise((resolve) => setTimeout(resolve, 10));
  // The id of a thread that never was.
  words[SPINNER] = 5 << 17 | 1000;
  write(channel, 8);
  assertEquals(await received, 8);
});

Deno.test("Channel: a taker leaves the lookout once the sender rests", async () => {
  using _alive = hold();
  const sender = new Channel({ isOnlySender: true });
  const taker = new Channel({ buffer: sender.buffer });
  const take = (decoder: Decoder) => {
    taker.looksSoon = true;
    return decoder.read();
  };
  // Now and then it gives the event loop a turn first, in which the sender rests.
  do {
    write(sender, 1);
    assertEquals(await taker.receive(take), 1);
  } while (!taker.isOnLookout);
  write(sender, 2);
  assertEquals(taker.take(take), 2);
  assert(taker.isOnLookout);
  sender.restSender();
  assert(!taker.isOnLookout);
  write(sender, 3);
  sender.restSender();
  assertEquals(taker.take(take), 3);
  assert(!taker.isOnLookout);
});
