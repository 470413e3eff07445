// Programs that Ctrl-C meets in one phase or another, named on the command line.

import {
  expose,
  Lock,
  Pool,
  prestartWorkers,
  Queue,
  sleepSync,
  Thread,
} from "../../mod.ts";

export function sleepFor(seconds: number): void {
  sleepSync(seconds);
}
export function computeFor(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}
export function putForever(queue: Queue<number>): void {
  for (let i = 0;; i++) queue.putSync(i);
}
/** Listens for what ends the process, and lets nothing end. */
export function listenForSignals(listening: Queue<string>): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => {});
    process.on(signal, () => {});
  }
  listening.putSync("listening");
  sleepSync(3600);
}
// A global of Deno's, without its types.
declare const process: { on(event: string, listener: () => void): void };
expose(import.meta, { sleepFor, computeFor, putForever, listenForSignals });

const ready = () => console.log("ready");

function startSleeper(): Thread<typeof sleepFor> {
  const thread = new Thread(sleepFor, { args: [3600] });
  thread.start();
  return thread;
}

const phases: Record<string, () => void | Promise<void>> = {
  async startingWorkers() {
    ready();
    await prestartWorkers(32);
    await startSleeper().join();
  },
  async computingTasks() {
    await using pool = new Pool(2);
    ready();
    for (;;) await pool.map(computeFor, new Array(10).fill(5));
  },
  async computingTask() {
    await using pool = new Pool(1);
    await pool.apply(computeFor, [0]);
    ready();
    await pool.apply(computeFor, [3_600_000]);
  },
  async busyThreads() {
    const queue = new Queue<number>(10);
    for (let i = 0; i < 3; i++) {
      new Thread(putForever, { args: [queue] }).start();
    }
    for await (const item of queue) if (item === 1000) ready();
  },
  async sleepingThreads() {
    const threads = [startSleeper(), startSleeper()];
    ready();
    await threads[0].join();
  },
  async listeningThread() {
    const listening = new Queue<string>();
    const thread = new Thread(listenForSignals, { args: [listening] });
    thread.start();
    await listening.get();
    ready();
    await thread.join();
  },
  async get() {
    const queue = new Queue();
    ready();
    await queue.get();
  },
  joinSync() {
    const thread = startSleeper();
    ready();
    thread.joinSync();
  },
  getSync() {
    const queue = new Queue();
    ready();
    queue.getSync();
  },
  putSync() {
    const queue = new Queue(1);
    queue.putSync(1);
    ready();
    queue.putSync(2);
  },
  acquireSync() {
    const lock = new Lock();
    lock.acquireSync();
    ready();
    lock.acquireSync({ timeout: 3600 });
  },
  sleepSync() {
    ready();
    sleepSync(3600);
  },
  async joiningPool() {
    const pool = new Pool(2);
    const tasks = pool.map(sleepFor, [3600, 3600]);
    pool.close();
    setTimeout(ready, 100);
    await pool.join();
    await tasks;
  },
  async terminatingThreads() {
    for (;;) {
      const threads = [startSleeper(), startSleeper()];
      ready();
      await Promise.all(threads.map((thread) => thread.terminate()));
    }
  },
  /** What the program does itself; then it ends as any other. */
  async ownHandler() {
    const pool = new Pool(2);
    const onInterrupt = async () => {
      Deno.removeSignalListener("SIGINT", onInterrupt);
      await pool.terminate();
    };
    Deno.addSignalListener("SIGINT", onInterrupt);
    const tasks = pool.map(sleepFor, new Array(10).fill(3600));
    ready();
    await tasks.catch((error) => console.log(error.message));
  },
};

if (import.meta.main) await phases[Deno.args[0]]();
