// Threads that are passed to threads.

import {
  currentThread,
  enumerate,
  expose,
  type Queue,
  sleepSync,
  Thread,
} from "../../mod.ts";

/** What is seen of a thread. */
export type Seen = [
  name: string,
  ident: number | undefined,
  daemon: boolean,
  isAlive: boolean,
  text: string,
];

export function look(thread: Thread): Seen {
  const { name, ident, daemon, isAlive } = thread;
  return [name, ident, daemon, isAlive, String(thread)];
}

/** Whether each thread is one object in this thread, however it is found. */
export function threadIds({ thread }: { thread: Thread }): boolean[] {
  const own = currentThread();
  return [
    own === currentThread(),
    enumerate().includes(own),
    enumerate()[0] === enumerate()[0],
    enumerate().includes(thread),
    thread instanceof Thread,
  ];
}

export function joinIt(thread: Thread, queue?: Queue<Thread>): string {
  queue?.putSync(currentThread());
  thread.joinSync();
  return `${thread.isAlive}`;
}

export function itself(): Thread {
  return currentThread();
}

export function echo<T>(value: T): T {
  return value;
}

export function untilPut(queue: Queue<number>): number {
  return queue.getSync();
}

export function nap(): void {
  sleepSync(0.01);
}

expose(import.meta, { echo, threadIds, itself, joinIt, look, nap, untilPut });
