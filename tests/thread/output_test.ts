import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { Event, Lock, Pool, Queue, sleep, Thread } from "../../mod.ts";
import { processTest, threadTest } from "../support/threads.ts";
import { runProcess } from "../support/thread_process.ts";
import * as fns from "../support/output.ts";

threadTest("A thread's console goes to its queue", async () => {
  for (const printName of [false, true]) {
    const stdout = new Queue<string>();
    const options = { stdout, printName, name: "T" };
    const thread = new Thread(fns.printAll, options);
    thread.start();
    assertEquals(await thread.join(), "printed");
    stdout.shutdown();
    const printed = [...stdout];
    const trace = printed.pop()!;
    const at = printName ? "[T] " : "";
    assertEquals(printed, [
      `${at}plain`,
      `${at}one 1 { two: [ 2 ] }`,
      `${at}it failed`,
      `${at}group`,
      `${at}  in\n${at}  side`,
      at,
    ]);
    assert(trace.startsWith(`${at}Trace: here\n`));
    assertStringIncludes(trace, "output.ts");
  }
});

threadTest(
  "What a thread prints late goes there; the next thread has its own",
  async () => {
    const [one, two] = [new Queue<string>(), new Queue<string>()];
    for (const stdout of [one, two]) {
      const thread = new Thread(fns.printLater, { stdout });
      thread.start();
      await thread.join();
      assertEquals([stdout.getNowait(), stdout.size], ["later", 0]);
    }
    assertEquals([one.size, two.size], [0, 0]);
  },
);

threadTest("A pool's workers print to its queue", async () => {
  const stdout = new Queue<string>();
  {
    await using pool = new Pool(2, { stdout });
    assertEquals(await pool.map(fns.printTask, [1, 2, 3, 4]), [1, 2, 3, 4]);
    assertEquals(await pool.apply(fns.printTask, [5]), 5);
  }
  stdout.shutdown();
  const expected = [1, 2, 3, 4, 5].map((n) => `task ${n}`);
  assertEquals([...stdout].toSorted(), expected);
});

threadTest("A thread waits for room in the queue it prints to", async () => {
  const stdout = new Queue<string>(1);
  const thread = new Thread(fns.printAll, { stdout });
  thread.start();
  for (const text of ["plain", "one 1 { two: [ 2 ] }"]) {
    assertEquals(await stdout.get(), text);
  }
  assertEquals(thread.isAlive, true);
  await thread.terminate();
  // After its shutdown it goes nowhere.
  stdout.shutdown();
  const other = new Thread(fns.printAll, { stdout });
  other.start();
  assertEquals(await other.join(), "printed");
});

for (const fn of [fns.printAtEnd, fns.printAtEndAsync]) {
  for (const maxsize of [0, 1]) {
    threadTest(
      `${fn.name}: printing to a queue with maxsize ${maxsize} doesn't break off ` +
        "the end of a thread",
      async () => {
        const stdout = new Queue<string>(maxsize);
        const [lock, waits] = [new Lock(), new Event()];
        const done = new Int32Array(new SharedArrayBuffer(4));
        const thread = new Thread<typeof fn>(fn, {
          args: [lock, waits, done],
          stdout,
        });
        thread.start();
        await waits.wait();
        await thread.terminate();
        await assertRejects(() => thread.join(), DOMException, "terminated");
        assertEquals([done[0], lock.isLocked], [2, false]);
        stdout.shutdown();
        const printed = ["first", "second"];
        assertEquals([...stdout], printed.slice(0, maxsize || 2));
      },
    );
  }
}

threadTest("A pool's task that is terminated prints to its queue", async () => {
  const stdout = new Queue<string>();
  const [lock, waits] = [new Lock(), new Event()];
  const done = new Int32Array(new SharedArrayBuffer(4));
  await using pool = new Pool(1, { stdout });
  const task = pool.apply(fns.printAtEnd, [lock, waits, done]);
  const rejected = assertRejects(() => task, DOMException);
  await waits.wait();
  await pool.terminate();
  await rejected;
  stdout.shutdown();
  assertEquals([...stdout, done[0]], ["first", "second", 2]);
});

threadTest(
  "A thread that prints to a queue for ever can be ended",
  async () => {
    const stdout = new Queue<string>();
    const waits = new Event();
    const counts = new Int32Array(new SharedArrayBuffer(8));
    const thread = new Thread(fns.printForEver, {
      args: [waits, counts],
      stdout,
    });
    thread.start();
    await waits.wait();
    await thread.terminate();
    await assertRejects(() => thread.join(), DOMException, "terminated");
    const size = stdout.size;
    await sleep(0.1);
    // It got the order to end once, and didn't go on after its end.
    assertEquals([...counts, stdout.size], [1, 0, size]);
  },
);

Deno.test("A stdout that is no queue is refused", () => {
  for (const stdout of [1, null, console, {}] as never[]) {
    assertThrows(
      () => new Thread(fns.printAll, { stdout }),
      TypeError,
      "Cannot create thread: stdout must be a Queue, received",
    );
    assertThrows(
      () => new Pool(1, { stdout }),
      TypeError,
      "Cannot create pool: stdout must be a Queue, received",
    );
  }
});

for (const how of ["plain", "named"]) {
  processTest(`Lines of different threads don't mix, ${how}`, async () => {
    const { code, out, err } = await runProcess("output.ts", [how]);
    assertEquals(code, 0);
    for (const text of [out, err]) {
      const lines = text.split("\n");
      assertEquals(lines.length, 200);
      for (const name of ["a", "b", "c", "d"]) {
        const line = name.repeat(3000);
        const whole = how === "named" ? `[T-${name}] ${line}` : line;
        assertEquals(lines.filter((one) => one === whole).length, 50);
      }
    }
  });
}
