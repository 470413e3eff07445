import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  explore,
  type ExploreOptions,
  type Scenario,
  ScheduleError,
} from "../../lib/explore.ts";
import { DeadlockError, Lock, Queue, type Thread } from "../../mod.ts";
import { threadTest } from "../support/threads.ts";
import { newWord } from "../support/explore.ts";
import * as fns from "../support/explore_started.ts";

const seed = 1;

/** The schedule in which the scenario fails. */
async function failing(
  scenario: () => Scenario,
  options: ExploreOptions = {},
): Promise<ScheduleError> {
  return await assertRejects(
    () => explore(scenario, { seed, ...options }),
    ScheduleError,
  );
}

type Start = (counter: Int32Array, lock: Lock) => void | Promise<void>;

/** A thread whose threads, or tasks, count to two. */
function counting(target: Start): () => Scenario {
  return () => {
    const counter = newWord();
    return {
      threads: [{ target, args: [counter, new Lock()], name: "main" }],
      check: () => assertEquals(counter[0], 2),
    };
  };
}

threadTest("Threads that a thread starts lose an update", async () => {
  const scenario = counting(fns.startCounting);
  const error = await failing(scenario);
  assertEquals([error.outcome, error.preemptions], ["error", 1]);
  assertMatch(error.message, /^The check threw AssertionError: /);
  assertMatch(
    error.table,
    /^ +main +Thread-2 \(increment\) +Thread-3 \(increment\)\n/,
  );
  const again = await failing(scenario, { replay: error.replay });
  assertEquals(again.table, error.table);
});

threadTest("A lock mends it, with threads that are joined", async () => {
  const { schedules } = await explore(counting(fns.startCountingSync), {
    seed,
    schedules: 200,
  });
  assertEquals(schedules, 200);
});

threadTest("What is read before a join may be too early", async () => {
  const error = await failing(() => ({
    threads: [{ target: fns.readEarly, args: [newWord()] }],
  }));
  assertMatch(error.message, /threw Error: the thread has not counted\n/);
});

threadTest("A thread that is joined before its start is told", async () => {
  const error = await failing(() => ({
    threads: [{ target: fns.joinUnstarted, args: [newWord()] }],
  }));
  assertMatch(
    error.message,
    /threw Error: Cannot join Thread-2 \(increment\): it was not started\n/,
  );
});

threadTest("A thread joins one that another has started", async () => {
  await explore(() => {
    const queue = new Queue<Thread>();
    const word = new Int32Array(new SharedArrayBuffer(8));
    return {
      threads: [
        { target: fns.startLate, args: [word, queue] },
        { target: fns.joinOther, args: [queue] },
      ],
      check: () => assertEquals(word[0], 1),
    };
  }, { seed, schedules: 200 });
});

threadTest("Tasks of a pool lose an update", async () => {
  const scenario = counting(fns.mapCounting);
  const error = await failing(scenario, { strategy: "pct", depth: 2 });
  assertEquals(error.outcome, "error");
  assertMatch(error.message, /^The check threw AssertionError: /);
  const calls = error.steps.filter(({ call }) => /^(read|write)$/.test(call));
  assertEquals(calls.map(({ call }) => call).slice(0, 2), ["read", "read"]);
  for (const { thread, line } of calls) {
    assertMatch(thread, /^PoolWorker-[12]$/);
    assertMatch(line, /^explore\.ts:\d+$/);
  }
  const again = await failing(scenario, { replay: error.replay });
  assertEquals(again.table, error.table);
});

threadTest("A lock mends the tasks, too", async () => {
  for (const strategy of ["depth-first", "pct", "random"] as const) {
    const options = { seed, strategy, schedules: 40 };
    await explore(counting(fns.mapCountingLocked), options);
  }
});

threadTest("A deadlock between two tasks' locks is found", async () => {
  const scenario = (differ: boolean) => (): Scenario => ({
    threads: [{
      target: fns.lockInTasks,
      args: [new Lock(), new Lock(), differ],
    }],
  });
  const options = { strategy: "pct" } as const;
  const error = await failing(scenario(true), options);
  assertInstanceOf(error.cause, DeadlockError);
  assertMatch(error.message, /threw DeadlockError: Cannot acquire Lock/);
  await explore(scenario(false), { ...options, seed, schedules: 60 });
});

threadTest("Tasks that wait for ever are told, and for what", async () => {
  // Nobody lets these words go, so that every schedule ends so.
  const taken = () => newWord().fill(1);
  const error = await failing(() => ({
    threads: [{ target: fns.waitInTasks, args: [taken(), taken()] }],
  }));
  assertEquals(error.outcome, "deadlock");
  assertStringIncludes(
    error.message,
    "\n  PoolWorker-1 waits in Atomics.wait at explore.ts:",
  );
});

threadTest("A pool does under the scheduler what it does else", async () => {
  const told: unknown[] = [];
  await explore(() => {
    const queue = new Queue<unknown>();
    return {
      threads: [{ target: fns.useTasks, args: [queue] }],
      check() {
        told.length = 0;
        while (!queue.isEmpty) told.push(queue.getNowait());
        assertEquals(told, [
          [2, 4, 6],
          [8, 10],
          [3, 7],
          "RangeError: refused 7",
          "Error: Pool is not running",
        ]);
      },
    };
  }, { seed, schedules: 40, strategy: "random" });
  assertEquals(told.length, 5);
});

threadTest("Threads and pools are ended at any step", async () => {
  for (const strategy of ["depth-first", "random"] as const) {
    await explore(() => {
      const word = new Int32Array(new SharedArrayBuffer(8));
      return { threads: [{ target: fns.terminateAll, args: [word] }] };
    }, { seed, strategy, schedules: 60 });
  }
});

threadTest("What a thread leaves open when it ends is ended", async () => {
  await explore(() => {
    const word = newWord();
    return {
      threads: [{ target: fns.leaveAll, args: [word] }],
      check: () => assertEquals(word[0], 2),
    };
  }, { seed, schedules: 100, strategy: "random" });
});

threadTest("A thread that was started has threads and pools, too", async () => {
  for (const strategy of ["depth-first", "random"] as const) {
    await explore(() => {
      const word = newWord();
      return {
        threads: [{ target: fns.startNested, args: [word] }],
        check: () => assertEquals(word[0], 2),
      };
    }, { seed, strategy, schedules: 25 });
  }
});

threadTest(
  "Threads return what is shared; tasks are told why not",
  async () => {
    await explore(() => {
      const queue = new Queue<string>();
      return {
        threads: [{ target: fns.getShared, args: [queue] }],
        check: () =>
          assertEquals([queue.getNowait(), queue.getNowait()], [
            "true",
            "Error: Cannot explore: what a task returns may hold no shared " +
            "memory, queue or lock, let it put that into a queue",
          ]),
      };
    }, { seed, schedules: 10 });
  },
);

threadTest("What a thread throws that nobody joins is a failure", async () => {
  const error = await failing(() => ({
    threads: [{ target: fns.startFailing }],
  }));
  assertInstanceOf(error.cause, RangeError);
  assertMatch(
    error.message,
    /^Thread-2 \(refuse\) threw RangeError: refused 3/,
  );
});

threadTest("A schedule has eight threads at most", async () => {
  const scenario = (count: number) => (): Scenario => {
    const word = newWord();
    return {
      threads: [{ target: fns.startMany, args: [word, count] }],
      check: () => assertEquals(word[0], count),
    };
  };
  await explore(scenario(7), { schedules: 1 });
  const error = await failing(scenario(8));
  assert(error.cause instanceof RangeError);
  assertStringIncludes(error.message, "a schedule may have 8 threads");
});
