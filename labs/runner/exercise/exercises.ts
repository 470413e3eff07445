// Copyright 2026 the lab9 authors. MIT license.

/** An exercise. */
export interface Exercise {
  /** What its program has to print. */
  output: string;
  /** How the output may differ: rules of the labs' record. */
  rules?: string[];
  /** How many seconds the program has to take, according to its output. */
  seconds?: number;
  /** How many times in a row it has to be right. One run may be right by chance. */
  runs?: number;
  /** The hint for a program that isn't right. */
  hint: string;
  /** A part of the error's message, if the hint is about an error. */
  error?: string;
}

/** The exercises, three a lab; their programs stand in `labs/exercises`. */
export const exercises: Record<string, Exercise> = {
  "threads-1": {
    output: "Hello, Ada\nHello, Bob\nHello, Cyd\nFinished in 0.5 seconds",
    rules: ["order:any", "seconds"],
    seconds: 0.5,
    hint: "Start all threads in a first loop, and join them in a second one.",
  },
  "threads-2": {
    output: "The sum is 14",
    hint:
      "sum += await thread.join() adds what the thread's function returned.",
  },
  "threads-3": {
    output: "The main thread is done",
    hint: "new Thread(fn, { daemon: true }) is a thread that nobody waits for.",
  },
  "queue-1": {
    output: "3\n2\n1",
    hint: "LifoQueue is last in, first out.",
  },
  "queue-2": {
    output: "Done 0\nDone 1\nDone 2\nDone 3\nDone 4\nDone 5\n" +
      "All workers have stopped",
    rules: ["order:any"],
    runs: 5,
    hint: "Each null stops one worker: put as many as there are threads.",
  },
  "queue-3": {
    output: "Counted to 200",
    runs: 20,
    hint: "Acquire the lock before the word is read, in the loop.",
  },
  "pool-1": {
    output: "Cubes: 1, 8, 27, 64, 125, 216, 343, 512\nThreads: 2",
    hint: "await pool.map(cube, numbers) hands the numbers out to workers.",
  },
  "pool-2": {
    output: "Powers: 1024, 81, 1000",
    hint: "pool.starmap(power, pairs) passes each pair as two arguments.",
  },
  "pool-3": {
    output: "1, 0.5, failed, 0.25",
    error: "RangeError: there is no inverse of 0",
    runs: 5,
    hint: "Await Promise.all(numbers.map((x) => pool.apply(inverse, [x])" +
      '.catch(() => "failed"))).',
  },
  "gil-1": {
    output: "Finished in 1.0 seconds",
    rules: ["seconds"],
    seconds: 1,
    hint: "gil.allowThreads(() => sleepSync(1)) waits without the lock.",
  },
  "gil-2": {
    output: "Counted to 80",
    runs: 20,
    hint: "Acquire the lock outside of gil.run(), so that all three steps " +
      "stand inside it.",
  },
  "gil-3": {
    output: "Finished in 0.4 seconds",
    rules: ["seconds"],
    seconds: 0.4,
    hint: "Pass new Gil() to each thread.",
  },
  "deadlock-1": {
    output: "one has both\ntwo has both",
    rules: ["order:any"],
    runs: 5,
    hint: "Pass the locks to both threads in the same order.",
  },
  "deadlock-2": {
    output: "outer and inner",
    error: "DeadlockError: ",
    hint: "RLock may be acquired again by the thread that holds it.",
  },
  "deadlock-3": {
    output: "Philosopher 0 has dined\nPhilosopher 1 has dined\n" +
      "Philosopher 2 has dined",
    rules: ["order:any"],
    runs: 10,
    hint: "If everyone takes the fork with the smaller number first, nobody " +
      "closes the ring: [left, right].sort((a, b) => a - b).",
  },
};
