import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import { Pool } from "../../mod.ts";
import { Channel } from "../../lib/pool/channel.ts";
import { threadTest } from "../support/threads.ts";
import { all, methods, type Options } from "../support/pool_methods.ts";
import * as fns from "../support/pool_functions.ts";

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

Deno.test("Channel: what is written may write and send other records", () => {
  const channel = new Channel();
  channel.write((encoder, item) => encoder.write(item), "kept");
  const kept = channel.copyWritten();
  const write = () =>
    channel.write((encoder, end) => {
      encoder.write("outer");
      channel.rewrite(kept);
      assert(channel.send());
      channel.write((encoder, item) => {
        encoder.write(item);
        channel.write((encoder, item) => encoder.write(item), "innermost");
        assert(channel.send());
      }, "inner");
      assert(channel.send());
      encoder.write(end);
    }, "end");
  for (const _ of range(2)) {
    assert(write());
    assert(channel.send());
    for (const expected of ["kept", "innermost", "inner", "outer"]) {
      assertEquals(channel.take((decoder) => decoder.read()), expected);
    }
    assertEquals(channel.take((decoder) => decoder.read()), undefined);
  }
});

for (const [name, method] of Object.entries(methods)) {
  threadTest(
    `Pool.${name}(): a getter of an item may call the pool`,
    async () => {
      await using pool = new Pool(2);
      const inner: Promise<unknown>[] = [];
      const item = (n: number) => ({
        before: "b".repeat(300),
        get called() {
          inner.push(pool.apply(fns.echo, [{ n, text: "i".repeat(n * 100) }]));
          inner.push(pool.map(fns.square, [n]));
          return n;
        },
        after: [n],
      });
      const results = await method(
        pool,
        fns.echo as never,
        range(4).map((n): [unknown] => [item(n)]),
        { chunkSize: 2 } as Options,
      );
      const expected = range(4).map((n) => ({
        ...{ before: "b".repeat(300), called: n, after: [n] },
      }));
      const byNumber = (one: unknown, other: unknown) =>
        (one as { called: number }).called -
        (other as { called: number }).called;
      assertEquals(results.sort(byNumber), expected);
      assertEquals(
        await Promise.all(inner),
        range(4).flatMap((n) => [{ n, text: "i".repeat(n * 100) }, [n * n]]),
      );
    },
  );
}

for (const [name, method] of Object.entries(all)) {
  threadTest(
    `Pool.${name}(): a getter of an item may call it off`,
    async () => {
      await using pool = new Pool(1);
      const reason = new SyntaxError("from the getter");
      for (const isThrowing of [false, true]) {
        const controller = new AbortController();
        const item = {
          get called() {
            controller.abort(reason);
            if (isThrowing) throw new RangeError("it may not go on");
            return 1;
          },
        };
        const options = { signal: controller.signal } as Options;
        const error = await assertRejects(() =>
          method(pool, fns.echo as never, [[item]], options)
        );
        assertStrictEquals(error, reason);
      }
      assertEquals(await pool.apply(fns.square, [4]), 16);
    },
  );
}

threadTest("Pool.apply(): a getter may terminate the pool", async () => {
  for (const isThrowing of [false, true]) {
    const pool = new Pool(1);
    const item = {
      get called() {
        pool.terminate();
        if (isThrowing) throw new RangeError("it may not go on");
        return 1;
      },
    };
    await assertRejects(
      () => pool.apply(fns.echo, [item]),
      DOMException,
      "terminated",
    );
    await pool.terminate();
  }
});

threadTest("Pool.apply(): a getter that calls the pool may throw", async () => {
  await using pool = new Pool(1);
  let inner: Promise<unknown> | undefined;
  const item = {
    get called() {
      inner = pool.apply(fns.square, [3]);
      throw new RangeError("from the getter");
    },
  };
  await assertRejects(() => pool.apply(fns.echo, [item]), RangeError);
  assertEquals(await inner, 9);
  assertEquals(await pool.apply(fns.square, [4]), 16);
});

threadTest("Queue: a getter may put a thread's first item", async () => {
  await using pool = new Pool(1);
  assertEquals(await pool.apply(fns.putInGetter), [{
    before: "x",
    called: 1,
    after: ["z"],
  }, "inner"]);
});
