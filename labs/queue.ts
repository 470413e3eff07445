// To take this lab with you, as one file that needs nothing beside it:
//
//     deno task copy queue queue.ts

/**
 * Lab 9, second part: queues. Threads wait for messages, process them for two
 * seconds each, and stop when a message asks them to.
 *
 *     deno task lab:queue
 *     deno run --no-prompt --allow-read=labs,lib,vendor,mod.ts labs/queue.ts
 */

import {
  enumerate,
  expose,
  getIdent,
  Queue,
  sleepSync,
  Thread,
} from "@lab9/concurrency";
import { cell, type CellContext, runLab } from "./notebook/cell.ts";
import { repr } from "./notebook/python/mod.ts";

cell(13, "first in, first out", {}, async () => {
  const myQueue = new Queue<number>(0); // no limit
  await myQueue.put(1);
  await myQueue.put(2);
  await myQueue.put(3);
  console.log(`${await myQueue.get()}`); // first thing in, first thing out
  console.log(`${await myQueue.get()}`);
  console.log(`${myQueue}`);
});

cell(17, "a queue of messages");

type Message = string | null;
const q = new Queue<Message>();

cell(18, "worker() waits for messages");

// In Python the queue is a global that all threads see. Here each thread has
// the module for itself, and is passed the queue.
export function worker(q: Queue<Message>, seconds = 2): void {
  while (true) {
    // The ident shows which thread runs this.
    console.log(`Waiting for message, id = ${getIdent()}`);
    const item = q.getSync();
    console.log(`Message received = ${item ?? "None"}, id = ${getIdent()}`);

    if (item !== null) {
      doWork(item, seconds);
      q.taskDone(); // this thread is done with the item
    } else {
      q.taskDone();
      break;
    }
  }
}

cell(22, "do_work() takes two seconds");

export function doWork(item: string, seconds: number): void {
  console.log(`Processing message .... ${getIdent()} -- ${item}`);
  sleepSync(seconds);
  console.log(`Message processed .... ${getIdent()} -- ${item}`);
}

function startThreads(
  { workers, quick, seconds = quick ? 0.2 : 2 }: CellContext,
): void {
  for (let i = 0; i < workers; i++) {
    const t = new Thread(worker, { args: [q, seconds] });
    t.start();
  }
}

// The record shows four threads alive in cells [24] and [25], because cell [23]
// had been run twice. So it is here.
const start = {
  needs: [17, 18, 22],
  prestart: ({ workers }: CellContext) => workers,
  pause: 0.5,
};
cell(23, "start two threads (the first time)", start, startThreads);
cell(23, "start two threads (once more, as recorded)", start, startThreads);

// The thread that receives a message is the one that processes it. Nobody
// waited for the messages in the notebook, but its reader, before the next cell.
cell(24, "put messages", { needs: [23], pause: 0.5 }, async () => {
  for (const item of ["wuphf", "dot", "com"]) {
    await q.put(item);
  }
  await q.join();
});

cell(25, "all threads", { needs: [23, 24] }, () => {
  console.log(repr(enumerate()).replaceAll(">, <", ">,\n <"));
});

// As many threads stop as were started once: the others wait on.
cell(26, "stop threads", { needs: [23] }, async ({ workers }) => {
  for (let i = 0; i < workers; i++) {
    await q.put(null);
  }
  await q.join();
});

// Other threads find the function under this name.
expose(import.meta, { worker });

if (import.meta.main) {
  await runLab({
    name: "queue",
    about: "Queues: handing work to threads that wait for it.",
    workers: 2,
    workersHelp: "How many threads cell [23] starts",
  });
}
