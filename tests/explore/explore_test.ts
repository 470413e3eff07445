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
import { Condition, DeadlockError, Lock, Queue, Thread } from "../../mod.ts";
import { drawGantt } from "../../labs/runner/draw/gantt.ts";
import { threadTest } from "../support/threads.ts";
import * as fns from "../support/explore.ts";

/** The schedule in which the scenario fails. */
async function failing(
  scenario: () => Scenario,
  options: ExploreOptions = {},
): Promise<ScheduleError> {
  const seed = 1;
  return await assertRejects(
    () => explore(scenario, { seed, ...options }),
    ScheduleError,
  );
}

/** Two threads that count to two, if none is lost. */
function counting(target: (counter: Int32Array) => void): () => Scenario {
  return () => {
    const counter = fns.newWord();
    const thread = { target, args: [counter] };
    return {
      threads: [thread, thread],
      check: () => assertEquals(counter[0], 2),
    };
  };
}

const strategies = ["depth-first", "pct", "random"] as const;

for (const strategy of strategies) {
  threadTest(`A lost update is found: ${strategy}`, async () => {
    for (const target of [fns.increment, fns.incrementInTwo]) {
      const error = await failing(counting(target), { strategy });
      assertEquals([error.outcome, error.preemptions], ["error", 1]);
      assertMatch(error.message, /^The check threw AssertionError: /);
      assertInstanceOf(error.cause, Error);
      const calls = error.steps.filter(({ line }) => line !== "");
      const [first, second, third, fourth] = calls.map(({ call }) => call);
      assertEquals([first, third], [second, fourth], error.table);
      assertMatch(calls[0].line, /^explore\.ts:\d+$/);
      assertStringIncludes(error.message, error.table);
    }
  });
}

threadTest("What is atomic, or locked, holds in every schedule", async () => {
  const atomic = await explore(counting(fns.incrementAtomically));
  assert(atomic.isComplete);
  assertEquals(atomic.covered, 2);
  const one = { schedules: 1 };
  assertEquals((await explore(counting(fns.incrementInTwo), one)).covered, -1);
  const { isComplete, schedules } = await explore(() => {
    const counter = fns.newWord();
    const thread = {
      target: fns.incrementLocked,
      args: [counter, new Lock()],
    };
    return {
      threads: [thread, thread],
      check: () => assertEquals(counter[0], 2),
    };
  });
  assert(isComplete);
  assert(schedules > atomic.schedules);
});

threadTest("A failing schedule is run again from its text", async () => {
  const scenario = counting(fns.increment);
  const error = await failing(scenario, { strategy: "random" });
  const again = await failing(scenario, { replay: error.replay });
  assertEquals(again.table, error.table);
  assertEquals(again.replay, error.replay);
  assertMatch(error.replay, /^1:([ab]\d*)+$/);
  // One in which nothing goes wrong, of a scenario that is mended.
  const threads = counting(fns.incrementAtomically);
  await explore(threads, { replay: "1:a" });
});

threadTest("Threads that wait for ever are told, and what for", async () => {
  const error = await failing(() => {
    const [first, second] = [fns.newWord(), fns.newWord()];
    return {
      threads: [
        { target: fns.takeBoth, args: [first, second] },
        { target: fns.takeBoth, args: [second, first], name: "other" },
      ],
    };
  });
  assertEquals([error.outcome, error.preemptions], ["deadlock", 1]);
  assertMatch(
    error.message,
    /^All threads wait for ever\n {2}Thread-1 \(takeBoth\) waits in Atomics\.wait at explore\.ts:\d+\n {2}other waits in Atomics\.wait at /,
  );
});

threadTest("A wake that comes before the wait is found", async () => {
  const error = await failing(() => {
    const condition = new Condition();
    return {
      threads: [
        { target: fns.waitOnce, args: [condition] },
        { target: fns.notifyOnce, args: [condition] },
      ],
    };
  });
  assertEquals([error.outcome, error.preemptions], ["deadlock", 0]);
  assertStringIncludes(
    error.message,
    "Thread-1 (waitOnce) waits in Condition.waitSync at explore.ts:",
  );
});

threadTest("A ring of locks throws what the library throws", async () => {
  const error = await failing(() => {
    const [first, second] = [new Lock(), new Lock()];
    return {
      threads: [
        { target: fns.takeBothLocks, args: [first, second] },
        { target: fns.takeBothLocks, args: [second, first] },
      ],
    };
  });
  assertInstanceOf(error.cause, DeadlockError);
  assertMatch(error.message, /threw DeadlockError: Cannot acquire Lock/);
});

threadTest("What a thread throws keeps its class", async () => {
  const error = await failing(counting(fns.throwIfSet));
  assertInstanceOf(error.cause, fns.Unlucky);
  assertMatch(
    error.message,
    /^Thread-2 \(throwIfSet\) threw Unlucky: I came second\n/,
  );
});

threadTest("A schedule without an end is told", async () => {
  const error = await failing(() => ({
    threads: [{ target: fns.spin, args: [fns.newWord()] }],
  }), { maxSteps: 100 });
  assertEquals(error.outcome, "endless");
  assertMatch(error.message, /^The threads have not ended after 100 steps/);
  // The same loop ends if another thread sees to it.
  const { isComplete } = await explore(() => {
    const word = fns.newWord();
    return {
      threads: [
        { target: fns.spin, args: [word] },
        { target: fns.incrementAtomically, args: [word] },
      ],
    };
  });
  assert(isComplete);
});

threadTest("Nobody sleeps, and timeouts may pass in any order", async () => {
  const winners = new Set<number>();
  let last = fns.newWord();
  const { seconds, isComplete } = await explore(() => {
    const word = last = fns.newWord();
    return {
      threads: [3600, 7200].map((seconds) => ({
        target: fns.sleepAndSet,
        args: [word, seconds],
      })),
      check: () => void winners.add(last[0]),
    };
  });
  assertEquals(winners, new Set([3600, 7200]));
  assert(isComplete);
  assert(seconds < 3600);
});

/** A thread that spins, then sleeps with a timeout that saves it from a hang. */
function sleeping(): Scenario {
  const word = new Int32Array(new SharedArrayBuffer(8));
  return {
    threads: [
      { target: fns.spinThenSleep, args: [word] },
      { target: fns.setAndNotify, args: [word] },
    ],
  };
}

threadTest("A spin may give up, and a timeout hides a lost wake", async () => {
  assert((await explore(sleeping)).isComplete);
  const error = await failing(sleeping, { longestTimeout: 0.5 });
  assertEquals([error.outcome, error.preemptions], ["deadlock", 2]);
  assertMatch(error.message, /spinThenSleep\) waits in Atomics.wait at /);
});

threadTest("Threads may wait for ever where the scenario says so", async () => {
  let isIdle = (_waiting: readonly string[]) => {};
  const scenario = () => {
    const queue = new Queue<number>();
    const sum = fns.newWord();
    return {
      threads: [
        { target: fns.serve, args: [queue, sum], name: "server" },
        { target: fns.putAll, args: [queue, 2] },
      ],
      atRest(waiting: readonly string[]) {
        assertEquals([queue.size, sum[0]], [0, 1]);
        isIdle(waiting);
      },
    };
  };
  const options = { schedules: 200 };
  isIdle = (waiting) => assertEquals(waiting, ["server"]);
  await explore(scenario, options);
  isIdle = (waiting) => assertEquals(waiting, []);
  const error = await failing(scenario, options);
  assertEquals(error.outcome, "error");
  assertMatch(error.message, /^At rest: AssertionError: /);
  assertStringIncludes(error.message, "\n  server waits in Queue.");
});

threadTest("The last thread comes before each step of the others", async () => {
  const seen = new Set<number>();
  let isOver: Int32Array = fns.newWord();
  const adds = 5;
  const { isComplete, schedules } = await explore(() => {
    isOver = new Int32Array(new SharedArrayBuffer(8));
    const args = [fns.newWord(), isOver];
    return {
      threads: [
        ...Array(adds).fill({ target: fns.addWhileOpen, args }),
        { target: fns.end, args },
      ],
      check: () => void seen.add(isOver[1]),
    };
  }, { strategy: "interrupt", schedules: 60, seed: 1 });
  assertEquals([isComplete, schedules], [false, 60]);
  assertEquals(seen, new Set([0, 1, 2, 3, 4, 5]));
});

threadTest("States are counted, however often they come", async () => {
  const scenario = counting(fns.incrementAtomically);
  const { states, schedules, steps } = await explore(scenario);
  assert(states < steps, `${states} states in ${steps} steps`);
  // Depth first, not all are gone through that come to the same.
  const all = [1, 2].map((seed) =>
    explore(scenario, { strategy: "random", schedules: 500, seed })
  );
  const [first, second] = await Promise.all(all);
  assert(first.schedules > schedules);
  assertEquals(first.states, second.states);
  assert(first.states >= states);
});

threadTest("A scenario itself starts no threads", async () => {
  const started: Thread<typeof fns.newWord>[] = [];
  await assertRejects(
    () =>
      explore(() => {
        const thread = new Thread(fns.newWord);
        thread.start();
        started.push(thread);
        return { threads: [] };
      }),
    Error,
    "Cannot explore: a scenario may not start threads or pools itself",
  );
  for (const thread of started) await thread.join();
});

threadTest("Threads may await queues and timers", async () => {
  const { isComplete } = await explore(() => {
    const word = fns.newWord();
    const thread = { target: fns.awaitTimers, args: [word] };
    return {
      threads: [thread, thread],
      check: () => assertEquals(word[0], 6),
    };
  }, { preemptions: 1 });
  assert(isComplete);
  await explore(() => {
    const queue = new Queue<number>(1);
    const sum = fns.newWord();
    return {
      threads: [
        { target: fns.putAll, args: [queue, 3] },
        { target: fns.getAll, args: [queue, 3, sum] },
      ],
      check: () => assertEquals([sum[0], queue.size], [3, 0]),
    };
  }, { schedules: 300 });
});

threadTest("The pictures of the labs show a schedule", async () => {
  const { timeline } = await failing(() => {
    const queue = new Queue<number>();
    const sum = fns.newWord();
    return {
      threads: [
        { target: fns.getAll, args: [queue, 2, sum], name: "getter" },
        { target: fns.putAll, args: [queue, 1], name: "putter" },
      ],
    };
  });
  const picture = drawGantt(timeline);
  assertMatch(picture, /^getter .*█.*░/m);
  assertMatch(picture, /^putter .*█/m);
});

threadTest("A scenario that changes from run to run is refused", async () => {
  await assertRejects(
    () => {
      return explore(() => {
        const thread = { target: fns.remember, args: [fns.newWord()] };
        return { threads: [thread, thread] };
      });
    },
    Error,
    "Cannot explore: the scenario isn't the same each time",
  );
});

threadTest("Mistakes are told before anything runs", async () => {
  const scenario = counting(fns.increment);
  const cases: [ExploreOptions, typeof Error, string][] = [
    [{ schedules: 0 }, RangeError, "schedules must be"],
    [{ preemptions: -1 }, RangeError, "preemptions must be"],
    [{ depth: 0 }, RangeError, "depth must be"],
    [{ seed: 0.5 }, RangeError, "seed must be"],
    [{ longestTimeout: -1 }, RangeError, "longestTimeout must be"],
    [{ longestTimeout: NaN }, RangeError, "longestTimeout must be"],
    [{ longestTimeout: null as never }, TypeError, "longestTimeout must be"],
    [{ maxSteps: 1 << 20 }, RangeError, "maxSteps must be"],
    [{ strategy: "all" as "pct" }, RangeError, "strategy must be one of"],
    [{ replay: "1:z" }, SyntaxError, 'replay must be a text such as "1:a3b2"'],
  ];
  for (const [options, errorClass, message] of cases) {
    await assertRejects(() => explore(scenario, options), errorClass, message);
  }
  await assertRejects(
    () => explore("scenario" as never),
    TypeError,
    "Cannot explore: the scenario must be a function, received",
  );
  const thread = { target: fns.increment, args: [fns.newWord()] };
  const threads = [thread];
  const none = "must return an object with `threads`, an array, received";
  const scenarios: [unknown, string][] = [
    [async () => await scenario(), "the scenario must not be async"],
    [() => Promise.resolve(scenario()), `${none} threads of type undefined`],
    [() => {}, `${none} undefined`],
    [() => ({}), `${none} threads of type undefined`],
    [() => ({ threads: [5] }), "a thread's target must be a function"],
    [() => ({ threads: [{ target: 5 }] }), "a thread's target must be"],
    [
      () => ({ threads: [{ ...thread, args: 5 }] }),
      "a thread's args must be an array, received number",
    ],
    [
      () => ({ threads: [{ ...thread, name: 5 }] }),
      "a thread's name must be a string, received number",
    ],
    [
      () => ({ threads, check: 5 }),
      "check must be a function, received number",
    ],
    [() => ({ threads, check: async () => {} }), "check must not be async"],
    [() => ({ threads, atRest: async () => {} }), "atRest must not be async"],
    [
      () => ({ threads, check: () => Promise.reject(new Error("lost")) }),
      "check must not be async nor return a promise",
    ],
  ];
  for (const [scenario, message] of scenarios) {
    await assertRejects(() => explore(scenario as never), TypeError, message);
  }
  await assertRejects(
    () => explore(() => ({ threads: [{ target: () => {} }] })),
    TypeError,
    "expose",
  );
  const nine = { target: fns.increment, args: [fns.newWord()] };
  await assertRejects(
    () => explore(() => ({ threads: Array(9).fill(nine) })),
    RangeError,
    "a scenario may have 8 threads, received 9",
  );
});
