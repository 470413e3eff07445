import {
  assertEquals,
  assertInstanceOf,
  assertNotInstanceOf,
  assertRejects,
} from "@std/assert";
import { Barrier, Pool, Queue } from "../../mod.ts";
import { start } from "../support/start.ts";
import { threadTest } from "../support/threads.ts";
import * as apart from "../support/classes_apart.ts";
import * as fns from "../support/shared_classes.ts";

threadTest(
  "An exposed class that extends a shared one arrives as itself",
  async () => {
    await using pool = new Pool(1);
    const jobs = new fns.Jobs("mine");
    const { made } = fns.Jobs;
    // Its constructor isn't called: what it sets stays behind.
    assertEquals(await start(fns.useJobs, jobs).join(), [true, undefined]);
    assertEquals([jobs.getNowait(), jobs.getNowait()], [7, 7]);
    assertEquals(await pool.apply(fns.useJobs, [jobs]), [true, undefined]);
    assertEquals(jobs.size, 2);
    assertEquals(jobs.maxsize, 3);
    const again = await pool.apply(fns.back<fns.Jobs>, [jobs]);
    assertInstanceOf(again, fns.Jobs);
    assertEquals(again.size, 2);
    assertEquals(fns.Jobs.made, made);
    const lock = new fns.Guard();
    const objects = [
      new fns.Undo(),
      lock,
      new fns.Turnstile(),
      new fns.Signal(),
      new fns.Gate(2),
      new fns.Watch(lock),
      new fns.Interpreter(),
    ];
    const names = objects.map((object) => object.constructor.name);
    assertEquals(await start(fns.classNames, ...objects).join(), names);
    assertEquals(await pool.apply(fns.classNames, objects), names);
  },
);

threadTest(
  "A class that extends a shared one is refused unless exposed",
  async () => {
    await using pool = new Pool(1);
    const message = "Cannot send a Private to a thread: its class was never " +
      "exposed, add `expose(import.meta, { Private })`";
    const lock = new fns.Private();
    for (
      const send of [
        () => start(fns.back, lock).join(),
        () => start(fns.back, [{ lock }]).join(),
        () => pool.apply(fns.back, [lock]),
        () => pool.map(fns.back, [new Map([[1, lock]])]),
        () => new Queue<unknown>().put([lock]),
        () => start(fns.back, new fns.Watch(lock)).join(),
        () => {
          throw new Pool(1, { initializer: fns.back, initargs: [lock] });
        },
      ]
    ) {
      await assertRejects(async () => await send(), TypeError, message);
    }
  },
);

threadTest("Objects of another copy of the library are refused", async () => {
  await using pool = new Pool(1);
  const foreign = class Queue {
    [Symbol.for("lab9.handle")]() {
      return { type: "Queue", buffer: new SharedArrayBuffer(8) };
    }
  };
  const queue = new foreign();
  assertNotInstanceOf(queue, Queue);
  for (
    const send of [
      () => start(fns.back, queue).join(),
      () => pool.apply(fns.back, [queue]),
      () => pool.map(fns.back, [[queue]]),
      () => new Queue<unknown>().put({ queue }),
    ]
  ) {
    await assertRejects(
      async () => await send(),
      TypeError,
      "it is of another copy of the library",
    );
  }
});

threadTest("A worker loads the module that exposes a class", async () => {
  const { ApartError, ApartQueue, ApartCondition } = apart;
  const objects = [new ApartError(), new ApartQueue(), new ApartCondition()];
  for (const object of objects) {
    const names = [object.constructor.name];
    assertEquals(await start(fns.classNames, object).join(), names);
    await using pool = new Pool(1);
    assertEquals(await pool.apply(fns.classNames, [object]), names);
    assertEquals(await pool.starmap(fns.classNames, [[object]]), [names]);
  }
});

Deno.test("A barrier's action can't be put into its memory", async () => {
  let ran = 0;
  const count = () => ran++;
  addEventListener("privileged", count);
  try {
    const { privileged, memoryOf } = await import(
      "../support/hostile_worker.ts"
    );
    const { idOf } = await import("../../lib/codec/references.ts");
    const barrier = new Barrier(1);
    const bytes = memoryOf(barrier as never);
    const doubles = new Float64Array(bytes.buffer, 0, bytes.length >> 3);
    // Here the action's id stood. The wait list stands behind it.
    doubles[4] = idOf(privileged)!;
    assertEquals(barrier.waitSync(), 0);
    assertEquals(ran, 0);
    const acting = new Barrier(1, { action: privileged as () => void });
    acting.waitSync();
    assertEquals(ran, 1);
  } finally {
    removeEventListener("privileged", count);
  }
});
