/**
 * The library's own protocols as scenarios for the explorer. Each is a few threads
 * and what has to hold after every schedule of them; the explorer itself sees to it
 * that none of them waits for ever.
 */

import { assertEquals } from "@std/assert";
import type { Scenario, ScenarioThread } from "../../lib/explore.ts";
import {
  Barrier,
  Condition,
  Event,
  Gil,
  LifoQueue,
  Lock,
  PriorityQueue,
  Queue,
  RLock,
  RWLock,
  Semaphore,
} from "../../mod.ts";
import { HANDOVER_BYTES } from "../../lib/thread/handover.ts";
import { WaitList } from "../../lib/sync/wait_list.ts";
import { Ring } from "../../lib/store/ring.ts";
import { Claim } from "../../lib/pool/claim.ts";
import { workerLoop } from "../../lib/pool/worker_loop.ts";
import {
  allocateSlot,
  Outcome,
  Slot,
  Status,
} from "../../lib/thread/thread_table.ts";
import * as fns from "./explore_library.ts";
import * as lives from "./explore_lives.ts";
import * as started from "./explore_started.ts";

function thread(
  // deno-lint-ignore no-explicit-any -- whatever the function takes
  target: (...args: any[]) => unknown,
  ...args: unknown[]
): ScenarioThread {
  return { target, args };
}

function times<T>(n: number, one: T): T[] {
  return Array(n).fill(one);
}

function words(n = 16): Int32Array {
  return new Int32Array(new SharedArrayBuffer(4 * n));
}

/** Threads of which each has to come to its end, and what they count. */
function counted(
  make: (notes: fns.Notes) => ScenarioThread[],
  check: (notes: fns.Notes) => void,
): () => Scenario {
  return () => {
    const notes = words();
    return { threads: make(notes), check: () => check(notes) };
  };
}

const sums = (notes: fns.Notes) => notes[1];

/** Of a victim's scenario: whoever isn't the victim has done its part. */
function atLeast(n: number) {
  return (notes: fns.Notes) =>
    assertEquals(sums(notes) >= n && sums(notes) <= n + 1, true);
}

const enders = { stopped: fns.stopVictim, "given up": fns.giveVictimUp };
const stores = {
  Queue: (options = {}) => new Queue<number>(1, options),
  LifoQueue: (options = {}) => new LifoQueue<number>(1, options),
};

/** Items by the room that they take, in a queue of 64 bytes. */
const SIZES = {
  small: { bytes: 16, item: 1 },
  middle: { bytes: 32, item: "10" },
  large: { bytes: 48, item: "1" + "0".repeat(29) },
  awaited: { bytes: 48, item: "1" + "0".repeat(29) },
} as const;
type Size = keyof typeof SIZES;

/** Some put, one gets the first item: nobody waits whose item fits. */
function sized(first: Size[], then: Size[]): () => Scenario {
  return () => {
    const queue = new Queue<number | string>(0, { capacity: 64 });
    for (const size of first) queue.putNowait(SIZES[size].item);
    const notes = words();
    const putters = then.map((size, i) => ({
      ...size === "awaited"
        ? thread(fns.awaitPutOne, queue, SIZES[size].item, notes, 1 << i, 0.001)
        : thread(fns.putOne, queue, SIZES[size].item, notes, 1 << i),
      name: `${size} ${i}`,
    }));
    return {
      threads: [...putters, thread(fns.getItems, queue, 1, notes)],
      atRest(waiting) {
        const left = [
          ...first.slice(1),
          ...then.filter((_, i) => (notes[6] & 1 << i) !== 0),
        ].reduce((left, size) => left - SIZES[size].bytes, 64);
        for (const name of waiting) {
          const { bytes } = SIZES[name.split(" ")[0] as Size];
          assertEquals(
            bytes > left,
            true,
            `${left} bytes are left, ${name} waits`,
          );
        }
      },
    };
  };
}

/** The slots that a scenario's threads have taken, for giving them back. */
let taken: fns.Notes | undefined;
/** As many as the explorer and a scenario take. */
const MOST_SLOTS = 12;

/** Has the table of threads look alike in every schedule: it only grows. */
function stockSlots(): fns.Notes {
  const options = { name: "", daemon: true, waiter: 1 };
  const slots = Array.from({ length: MOST_SLOTS }, () => allocateSlot(options));
  for (const slot of slots) new Slot(slot).free();
  return words(0);
}

/** As {@linkcode counted}, of threads that take slots. */
function slotted(
  make: (notes: fns.Notes) => ScenarioThread[],
  check: (notes: fns.Notes) => void,
): () => Scenario {
  return counted((notes) => {
    taken ??= stockSlots();
    for (const index of taken.subarray(lives.SLOT)) {
      if (index !== 0) new Slot(index).free();
    }
    taken = notes;
    return make(notes);
  }, check);
}

const channelBuffer = () => new Ring(4096).buffer;

/** Takers of a record each, who meet before they look for another. */
function meeting(n: number, notes: fns.Notes): ScenarioThread[] {
  const buffer = channelBuffer();
  const barrier = new Barrier(n);
  return [
    ...times(n, thread(lives.takeAndMeet, buffer, barrier, notes)),
    thread(lives.sendAndRest, buffer, n),
  ];
}

export const scenarios: Record<string, () => Scenario> = {
  "Mutex: three threads": counted(
    (notes) => times(3, thread(fns.useMutex, words(), notes)),
    (notes) => assertEquals(sums(notes), 3),
  ),
  "Lock: three threads": counted(
    (notes) => times(3, thread(fns.useLock, new Lock(), notes, 1)),
    (notes) => assertEquals(sums(notes), 3),
  ),
  "RLock: two threads, twice": counted(
    (notes) => times(2, thread(fns.useLock, new RLock(), notes, 2)),
    (notes) => assertEquals(sums(notes), 4),
  ),
  "Lock: a timeout": counted(
    (notes) => {
      const lock = new Lock();
      return [
        thread(fns.useLock, lock, notes, 2),
        thread(fns.useLock, lock, notes, 1, 0.001),
        thread(fns.useLock, lock, notes, 1),
      ];
    },
    (notes) => assertEquals([3, 4].includes(sums(notes)), true),
  ),
  "Lock: awaited and blocked for": counted(
    (notes) => {
      const lock = new Lock();
      return [
        thread(fns.awaitLock, lock, notes),
        thread(fns.useLock, lock, notes, 1),
        thread(fns.awaitLock, lock, notes),
      ];
    },
    (notes) => assertEquals(sums(notes), 3),
  ),
  "Lock: its giver waits for who takes it": counted(
    (notes) => {
      const lock = new Lock();
      return [
        thread(fns.giveAndWait, lock, notes),
        thread(fns.awaitGiven, lock, notes),
      ];
    },
    (notes) => assertEquals(sums(notes), 2),
  ),
  "Lock: its holder ends": counted(
    (notes) => {
      const lock = new Lock();
      return [
        thread(fns.keepLock, lock),
        thread(fns.takeLeft, lock, notes),
        thread(fns.takeLeft, lock, notes),
      ];
    },
    // Where the holder came last, nobody was left to be told.
    (notes) => assertEquals(sums(notes) + notes[3], 2),
  ),
  "DeadlockError: a ring of two": counted(
    (notes) => {
      const [a, b] = [new Lock(), new Lock()];
      return [
        thread(fns.takeTwo, a, b, notes),
        thread(fns.takeTwo, b, a, notes),
      ];
    },
    (notes) => assertEquals(sums(notes) + notes[3], 2),
  ),
  "DeadlockError: a ring of three": counted(
    (notes) => {
      const [a, b, c] = [new Lock(), new RLock(), new Lock()];
      return [
        thread(fns.takeTwo, a, b, notes),
        thread(fns.takeTwo, b, c, notes),
        thread(fns.takeTwo, c, a, notes),
      ];
    },
    (notes) => {
      assertEquals(sums(notes) + notes[3], 3);
      assertEquals(notes[3] <= 1, true);
    },
  ),
  "DeadlockError: none where all keep to an order": counted(
    (notes) => times(3, thread(fns.takeInOrder, new Lock(), new Lock(), notes)),
    (notes) => assertEquals(sums(notes), 3),
  ),
  "DeadlockError: none where one was released": () => {
    const [a, b] = [new Lock(), new Lock()];
    return {
      threads: [
        thread(fns.oneByOne, a, b),
        thread(fns.nested, b, a),
        thread(fns.useLock, a, words(), 1, 0.01),
      ],
    };
  },
  "DeadlockError: a ring through a lock that went to another": counted(
    (notes) => {
      const [a, b] = [new Lock(), new Lock()];
      return [
        thread(fns.useLock, a, words(), 1),
        thread(fns.takeTwo, b, a, notes),
        thread(fns.takeTwo, a, b, notes),
      ];
    },
    (notes) => assertEquals(sums(notes) + notes[3], 2),
  ),
  "DeadlockError: none while one in the ring is stopped": counted(
    (notes) => {
      const [a, b] = [new Lock(), new Lock()];
      return [
        thread(fns.closeRingAsVictim, a, b, notes),
        thread(fns.waitForVictim, a, b, notes),
        thread(fns.stopVictimLater, notes),
      ];
    },
    (notes) => assertEquals(sums(notes), 1),
  ),
  "Semaphore: two permits, three threads": counted(
    (notes) => {
      const semaphore = new Semaphore(2);
      return [
        thread(fns.useSemaphore, semaphore, notes, 2),
        thread(fns.useSemaphore, semaphore, notes, 2, 0.001),
        thread(fns.useSemaphore, semaphore, notes, 2),
      ];
    },
    (notes) => assertEquals([2, 3].includes(sums(notes)), true),
  ),
  "Semaphore: several permits at once": () => {
    const semaphore = new Semaphore(0);
    return {
      threads: [
        thread(fns.takePermit, semaphore),
        thread(fns.takePermit, semaphore),
        thread(fns.givePermits, semaphore, 2),
      ],
      check: () => assertEquals(semaphore.value, 0),
    };
  },
  "Semaphore: awaited": () => {
    const semaphore = new Semaphore(0);
    return {
      threads: [
        thread(fns.awaitPermit, semaphore),
        thread(fns.takePermit, semaphore),
        thread(fns.givePermits, semaphore, 2),
      ],
      check: () => assertEquals(semaphore.value, 0),
    };
  },
  "Event: set once": counted(
    (notes) => {
      const event = new Event();
      return [
        thread(fns.waitForEvent, event, notes),
        thread(fns.awaitEvent, event, notes),
        thread(fns.setEvent, event),
      ];
    },
    (notes) => assertEquals(sums(notes), 2),
  ),
  "Condition: a place for one": counted(
    (notes) => {
      const condition = new Condition(new Lock());
      return [
        thread(fns.produce, condition, notes, 2),
        thread(fns.consume, condition, notes, 1),
        thread(fns.consume, condition, notes, 1),
      ];
    },
    (notes) => assertEquals(sums(notes), 2),
  ),
  "Condition: a token for each": counted(
    (notes) => {
      const condition = new Condition();
      return [
        thread(fns.takeToken, condition, notes),
        thread(fns.takeToken, condition, notes, 0.001),
        thread(fns.giveTokens, condition, notes, 2),
      ];
    },
    (notes) => assertEquals(sums(notes) + notes[5], 2),
  ),
  "Condition: a notify that comes at the deadline": () => {
    const condition = new Condition(new Lock());
    const notes = words();
    return {
      threads: [
        thread(fns.takeToken, condition, notes),
        thread(fns.takeToken, condition, notes, 0.001),
        thread(fns.giveTokens, condition, notes, 1),
      ],
      atRest: () => assertEquals(notes[5], 0),
    };
  },
  "Condition: a notify that comes late is passed on": counted(
    (notes) => {
      const condition = new Condition(new Lock());
      return [
        thread(fns.waitAndPassOn, condition, notes),
        thread(fns.waitAndPassOn, condition, notes, 0.001),
        thread(fns.notifyWaiting, condition, notes, 2),
      ];
    },
    (notes) => assertEquals(notes[4], 2),
  ),
  "Barrier: two threads, two rounds": counted(
    (notes) => times(2, thread(fns.waitAtBarrier, new Barrier(2), notes, 2)),
    (notes) => assertEquals([sums(notes), notes[3]], [0x22, 0]),
  ),
  "Barrier: three threads, one aborts": counted(
    (notes) => {
      const barrier = new Barrier(2);
      return [
        thread(fns.waitAtBarrier, barrier, notes, 1),
        thread(fns.waitAtBarrier, barrier, notes, 1, 0.001),
        thread(fns.abortBarrier, barrier),
      ];
    },
    (notes) => assertEquals(sums(notes) === 0x11 || notes[3] === 1, true),
  ),
  "Gil: two threads": counted(
    (notes) => {
      const gil = new Gil({ switchInterval: 0.0001 });
      return times(2, thread(fns.useGil, gil, notes, 2));
    },
    (notes) => assertEquals(sums(notes), 6),
  ),
  "RWLock: two readers, a writer": counted(
    (notes) => {
      const lock = new RWLock();
      return [
        thread(fns.read, lock, notes),
        thread(fns.read, lock, notes),
        thread(fns.write, lock, notes),
      ];
    },
    (notes) => assertEquals(sums(notes), 1),
  ),
  "Queue: room that a large item leaves for two small ones": sized(
    ["large", "small"],
    ["small", "small"],
  ),
  "Queue: room that a larger item can't use": sized(
    ["large", "small"],
    ["large", "middle", "small"],
  ),
  "Queue: room that a larger item can't use, which is awaited": sized(
    ["large", "small"],
    ["awaited", "middle", "small"],
  ),
  "Queue: room that a larger item can't use, whose put is late": sized(
    ["large", "small"],
    ["small", "awaited", "middle"],
  ),
  "Queue: a small item doesn't wait for large ones": sized(
    ["small", "small", "small", "small"],
    ["large", "large", "small"],
  ),
  "Queue: it grows": counted(
    (notes) => {
      const queue = new Queue<number | string>();
      const long = `1${"0".repeat(8)}`.padStart(3000, "0");
      return [
        thread(fns.putItems, queue, [long, 1]),
        thread(fns.putItems, queue, [long, 1]),
        thread(fns.getItems, queue, 4, notes),
      ];
    },
    (notes) => assertEquals(sums(notes), 200_000_002),
  ),
  "PriorityQueue: the smallest first": counted(
    (notes) => {
      const queue = new PriorityQueue<number>(2);
      return [
        thread(fns.putItems, queue, [[2, 2], [1, 1]]),
        thread(fns.putItems, queue, [[3, 4]], 0.001),
        thread(fns.getItems, queue, 3, notes),
      ];
    },
    (notes) => assertEquals(sums(notes), 7),
  ),
  "Queue: awaited": counted(
    (notes) => {
      const queue = new Queue<number>(1);
      return [
        thread(fns.awaitPuts, queue, [1, 2]),
        thread(fns.getItems, queue, 1, notes),
        thread(fns.awaitGets, queue, 1, notes),
      ];
    },
    (notes) => assertEquals(sums(notes), 3),
  ),
  "Queue: an awaited get that times out": () => {
    const queue = new Queue<number>();
    const notes = words();
    return {
      threads: [
        thread(fns.awaitGetOrGiveUp, queue, notes),
        thread(fns.awaitGetOrGiveUp, queue, notes),
        thread(fns.putItems, queue, [1]),
      ],
      check: () => assertEquals(sums(notes) + queue.size, 1),
    };
  },
  "Queue: joined": counted(
    (notes) => {
      const queue = new Queue<number>();
      queue.putNowait(1);
      return [
        thread(fns.joinQueue, queue, notes),
        thread(fns.getItems, queue, 1, notes),
      ];
    },
    (notes) => assertEquals([sums(notes), notes[6]], [1, 0]),
  ),
  "Pool: a task begins, or is called off": counted(
    (notes) => {
      const tickets = words();
      tickets[0] = 7;
      return [
        thread(fns.beginClaim, tickets, notes),
        thread(fns.beginClaim, tickets, notes),
        thread(fns.callOff, tickets, notes),
      ];
    },
    (notes) => assertEquals(sums(notes) + notes[2], 1),
  ),
  "Pool: two workers, one of three tasks is called off": () => {
    const [tasks, results] = [channelBuffer(), channelBuffer()];
    const notes = words();
    const tickets = words();
    const workers = [1, 2].map((number) =>
      thread(workerLoop, {
        name: "worker",
        number,
        host: 0,
        tasks,
        results,
        claim: words(Claim.words(1)),
        tickets: tickets.buffer,
        initargs: [],
        maxTasks: Infinity,
        idleTimeout: Infinity,
        tasksPerWorker: 1,
      })
    );
    return {
      threads: [
        ...workers,
        thread(lives.postTasks, tasks, tickets, [2, 20, 200]),
        thread(lives.callOffTask, tickets, 1, notes),
      ],
      check() {
        const sum = lives.sumOfResults(results);
        const isThere = sum === 111 || sum === 101 && notes[2] === 1;
        assertEquals(isThere, true, `the results add up to ${sum}`);
      },
    };
  },
  "Channel: two send, two take": counted(
    (notes) => {
      const buffer = channelBuffer();
      return [
        ...times(2, thread(lives.takeRecords, buffer, notes)),
        ...times(2, thread(lives.sendRecords, buffer, notes, 2)),
      ];
    },
    (notes) => assertEquals(sums(notes), 4),
  ),
  "Channel: two send, two take and will look soon": counted(
    (notes) => {
      const buffer = channelBuffer();
      return [
        ...times(2, thread(lives.takeQuickly, buffer, notes)),
        ...times(2, thread(lives.sendRecords, buffer, notes, 2)),
      ];
    },
    (notes) => assertEquals(sums(notes), 4),
  ),
  "Channel: one sends and rests, two that look soon meet": counted(
    (notes) => meeting(2, notes),
    (notes) => assertEquals(sums(notes), 2),
  ),
  "Channel: one sends and rests, three that look soon meet": counted(
    (notes) => meeting(3, notes),
    (notes) => assertEquals(sums(notes), 3),
  ),
  "Thread: it ends or is given up, and is joined": slotted(
    (notes) => [
      thread(lives.live, notes),
      thread(lives.giveUp, notes),
      thread(lives.joinThread, notes),
      thread(lives.awaitThread, notes),
    ],
    (notes) => {
      assertEquals([sums(notes), notes[2]], [1, 2]);
      assertEquals(new Slot(notes[lives.SLOT]).status, Status.ENDED);
    },
  ),
  "Thread: its module waits while it loads": slotted(
    (notes) => {
      const buffer = new SharedArrayBuffer(HANDOVER_BYTES);
      const event = new Event();
      return [
        thread(lives.serveJobs, buffer, event, notes),
        thread(lives.startJob, buffer, event, notes),
      ];
    },
    (notes) => assertEquals(sums(notes), Outcome.RETURNED),
  ),
  "DeadlockError: threads that join one another": slotted(
    (notes) => [
      thread(lives.joinNext, notes, 0, 1),
      thread(lives.joinNext, notes, 1, 2),
      thread(lives.joinNext, notes, 2, 0),
    ],
    (notes) => assertEquals([sums(notes), notes[3]], [2, 1]),
  ),
  "DeadlockError: a thread that is joined wants the lock": slotted(
    (notes) => {
      const lock = new Lock();
      return [
        thread(lives.joinHolding, lock, notes),
        thread(lives.liveLocking, lock, notes),
      ];
    },
    (notes) => assertEquals(sums(notes) + notes[3], 2),
  ),
  ...Object.fromEntries([false, true].map((takesBack) => [
    `Thread: a job is done${takesBack ? ", or taken back" : ""}`,
    counted(
      (notes) => {
        const buffer = new SharedArrayBuffer(HANDOVER_BYTES);
        return [
          thread(fns.doJob, buffer, notes),
          thread(fns.giveJob, buffer, notes, takesBack),
        ];
      },
      (notes) => assertEquals(sums(notes) + notes[2], 1),
    ),
  ])),
  ...Object.fromEntries(
    Object.entries(stores).flatMap(([name, make]) => [
      [
        `${name}: two put, two get`,
        counted(
          (notes) => {
            const queue = make();
            return [
              thread(fns.putItems, queue, [1, 2]),
              thread(fns.putItems, queue, [4], 0.001),
              thread(fns.getItems, queue, 2, notes),
              thread(fns.getItems, queue, 1, notes, 0.001),
            ];
          },
          (notes) => assertEquals(sums(notes), 7),
        ),
      ],
      ...[false, true].map((immediate) => [
        `${name}: shut down${immediate ? " at once" : ""}`,
        () => {
          const queue = make();
          const notes = words();
          return {
            threads: [
              thread(fns.putItems, queue, [1, 2]),
              thread(fns.getItems, queue, 3, notes),
              thread(fns.closeQueue, queue, immediate),
            ],
            check: () => assertEquals(queue.size, 0),
          };
        },
      ]),
    ]),
  ),
  // At each of its steps, a thread is ordered to end, or counted as ended.
  ...Object.fromEntries(
    Object.entries(enders).flatMap(([how, end]) => [
      [
        `Lock: one of three is ${how}`,
        counted((notes) => {
          const lock = new Lock();
          return [
            thread(fns.useLockAsVictim, lock, notes),
            thread(fns.takeLeft, lock, notes),
            thread(end, notes),
          ];
        }, (notes) => assertEquals(sums(notes) + notes[3] >= 1, true)),
      ],
      [
        `Queue: one who gets is ${how}`,
        counted((notes) => {
          const queue = new Queue<number>(1);
          return [
            thread(fns.getItemsAsVictim, queue, notes),
            thread(fns.putItems, queue, [1, 1]),
            thread(fns.getItems, queue, 1, notes),
            thread(end, notes),
          ];
        }, atLeast(1)),
      ],
      [
        `Barrier: one of two is ${how}`,
        counted((notes) => {
          const barrier = new Barrier(2);
          return [
            thread(fns.waitAtBarrierAsVictim, barrier, notes),
            thread(fns.waitAtBarrier, barrier, notes, 1, 0.01),
            thread(end, notes),
          ];
        }, () => {}),
      ],
    ]),
  ),
  // One that was given up may go on, without the lock.
  "Gil: one of two is stopped": counted((notes) => {
    const gil = new Gil({ switchInterval: 0.0001 });
    return [
      thread(fns.useGilAsVictim, gil, notes),
      thread(fns.useGil, gil, notes, 1),
      thread(fns.stopVictim, notes),
    ];
  }, (notes) => assertEquals(sums(notes) >= 2, true)),
  "Semaphore: one of three who wait is stopped": () => {
    const semaphore = new Semaphore(0);
    const notes = words();
    return {
      threads: [
        thread(fns.useSemaphoreAsVictim, semaphore, notes),
        ...times(2, thread(fns.useSemaphore, semaphore, notes, 1)),
        thread(fns.givePermitLate, semaphore, notes),
        thread(fns.stopVictim, notes),
      ],
      check: () => assertEquals(semaphore.value, 1),
    };
  },
  "Condition: one of two is stopped": () => {
    const condition = new Condition(new Lock());
    const notes = words();
    return {
      threads: [
        thread(fns.takeTokenAsVictim, condition, notes),
        thread(fns.takeToken, condition, notes),
        thread(fns.giveTokens, condition, notes, 1),
        thread(fns.stopVictim, notes),
      ],
      atRest: () => assertEquals([sums(notes), notes[5]], [1, 0]),
    };
  },
  "Queue: one of three who get is stopped": () => {
    const queue = new Queue<number>();
    const notes = words();
    return {
      threads: [
        thread(fns.getItemsAsVictim, queue, notes),
        ...times(2, thread(fns.getItems, queue, 1, notes)),
        thread(fns.putItems, queue, [1, 1]),
        thread(fns.stopVictim, notes),
      ],
      atRest: () => assertEquals([queue.size, sums(notes)], [0, 2]),
    };
  },
  "Queue: one who would wait for ever is stopped": counted(
    (notes) => [
      thread(fns.getItemsAsVictim, new Queue<number>(), notes),
      thread(fns.stopVictimLater, notes),
    ],
    (notes) => assertEquals(notes[2], 1),
  ),
  "Lock: one who has ended takes it": counted((notes) => {
    const lock = new Lock();
    lock.acquireSync();
    return [
      thread(fns.keepLockAsVictim, lock, notes),
      thread(fns.awaitLeft, lock, notes),
      thread(fns.releaseForVictim, lock, notes),
      thread(fns.giveVictimUp, notes),
    ];
  }, () => {}),
  "Lock: one who has ended is woken for it": counted((notes) => {
    const lock = new Lock();
    lock.acquireSync();
    return [
      thread(fns.waitForLockAsVictim, lock, notes),
      thread(fns.takeBehindVictim, lock, notes),
      thread(fns.releaseForBoth, lock, notes),
      thread(fns.giveVictimUp, notes),
    ];
  }, (notes) => assertEquals(sums(notes) + notes[3], 1)),
  "WaitList: the second of two who wait is stopped": () => {
    const list = words();
    const notes = words();
    return {
      threads: [
        thread(fns.waitFirst, list, notes),
        thread(fns.waitSecondAsVictim, list, notes),
        thread(fns.stopVictim, notes),
      ],
      // None stands in the list that doesn't wait.
      atRest: ({ length }) => assertEquals(new WaitList(list, 0).count, length),
    };
  },
  "Queue: one who puts is stopped": () => {
    const queue = new Queue<number>(1);
    const notes = words();
    return {
      threads: [
        thread(fns.putItemsAsVictim, queue, notes),
        thread(fns.putItems, queue, [1]),
        thread(fns.getItems, queue, 1, words()),
        thread(fns.stopVictim, notes),
      ],
      check: () => assertEquals(queue.size, notes[2] === 1 ? 0 : 1),
    };
  },
  "DeadlockError: none while one is stopped": counted((notes) => {
    const [a, b] = [new Lock(), new Lock()];
    return [
      thread(fns.takeInOrderAsVictim, a, b, notes),
      thread(fns.takeInOrder, a, b, notes),
      thread(fns.stopVictim, notes),
    ];
  }, (notes) => assertEquals(sums(notes) >= 1, true)),
};

/**
 * Those whose threads start others. They have many steps, and what ends at any of
 * them is in them already: the last thread says when.
 */
export const startedScenarios: Record<string, () => Scenario> = {
  "Pool: it maps, with a lock": counted(
    (notes) => [thread(started.mapCountingLocked, notes, new Lock())],
    (notes) => assertEquals(notes[0], 2),
  ),
  "Pool: it is stopped": () => {
    const event = new Event();
    return {
      threads: [
        thread(started.terminatePool, event),
        thread(started.setEvent, event),
      ],
    };
  },
  "Pool: a worker is given up": () => {
    const isReady = words();
    return {
      threads: [
        thread(started.applyAll, isReady),
        thread(started.giveWorkerUp, isReady),
      ],
    };
  },
  "Thread: one that another has started is stopped": () => {
    const event = new Event();
    return {
      threads: [
        thread(started.terminateThread, event, words(), new Lock()),
        thread(started.setEvent, event),
      ],
    };
  },
};
