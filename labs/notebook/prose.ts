// Copyright 2026 the lab9 authors. MIT license.

/**
 * Our own text about each cell: what it shows, and why, in a line or two. The labs, the
 * runner's terminal and its report show it.
 */
const PROSE: Record<string, string> = {
  "threads:4":
    "A function that sleeps for a second, as one that waits for a disk or a server would.",
  "threads:5":
    "The second call begins when the first is done, so two sleeps of a second take two.",
  "threads:7":
    "A thread that sleeps needs no processor, so both sleep at once. join() waits for a thread's end.",
  "threads:8":
    "Without join() nobody waits: the clock is read at once, and the threads finish later.",
  "threads:9": "The same with a choice: arguments reach a thread by `args`.",
  "threads:10":
    "All threads sleep at the same time. So ten sleeps of two seconds take two seconds, not twenty.",
  "queue:13":
    "A queue hands items on in the order in which they were put: first in, first out.",
  "queue:17": "The queue that the main thread and its workers share.",
  "queue:18":
    "get() waits for an item. taskDone() reports it as done, which is what join() of the queue waits for. None tells a worker to stop.",
  "queue:22": "What a worker does with a message: two seconds of waiting.",
  "queue:23":
    "The threads start and find the queue empty, so each of them waits.",
  "queue:24":
    "Each message wakes one thread, and the thread that received it processes it. Three messages take two seconds if three threads wait.",
  "queue:25":
    "All threads that are alive: the main one, and those that wait for messages.",
  "queue:26":
    "Each None stops one thread. Half of the threads get one and stop; the others wait on.",
  "pool:3":
    "As many threads can compute at the same time as there are processors.",
  "pool:6": "The numbers to compute with. e^x of each is work for a processor.",
  "pool:7":
    "e^x by its Taylor series: a thousand terms, each of them an exact integer divided by another.",
  "pool:8": "One processor computes all, and the others have nothing to do.",
  "pool:13": "The results of the loop, which the pools have to equal.",
  "pool:9":
    "map() hands the numbers out to workers. In Python these are processes, since each process has an interpreter lock of its own; here they are threads, which have none.",
  "pool:11":
    "The same numbers in the same order. It doesn't matter which worker computed which.",
  "pool:10": "starmap() passes several arguments to each call.",
  "pool:12": "The same numbers again.",
  "gil:33":
    "CPython lets one thread at a time run Python code: the one that holds the global interpreter lock. Deno has no such lock, so this one is the library's. f computes while it holds it; g lets go of it first, as numpy does.",
  "gil:34":
    "Ten calls in a row: the time that the next cells are compared with.",
  "gil:35":
    "Several threads, and no faster than one: they take turns. A thread that waits asks for the lock after the switch interval, 5 ms unless it was changed, and the holder hands it over.",
  "gil:36":
    "A pool gets round the lock, because each of its workers has one for itself.",
  "gil:37": "A hundred calls of g, in a row.",
  "gil:None":
    "g lets go of the lock while it computes, so these threads do run at once. The notebook never ran this cell.",
  "gil:own":
    "Not in the notebook: the threads of cell [35] where there is no lock.",
  "gil:33, without the lock":
    "CPython lets one thread at a time run Python code. Deno has no such lock, and this run doesn't use the library's: f and g both compute as they are.",
  "gil:35, without the lock":
    "There is no lock to wait for, so the threads compute at the same time.",
  "gil:36, without the lock":
    "A pool's workers compute at the same time, as the threads do.",
  "gil:None, without the lock":
    "These threads compute at the same time, as those of f do. The notebook never ran this cell.",
  "deadlock:accounts": "Each account has a lock that guards its balance.",
  "deadlock:move":
    "Moving money takes both accounts' locks, so that nobody sees half of it.",
  "deadlock:deadlock":
    "Each thread holds what the other waits for. Python would hang; here the last thread that would wait gets an error.",
  "deadlock:in_order":
    "The fix: every thread takes the locks in the same order.",
  "deadlock:fix": "Nobody can close a ring now, and all money arrives.",
  "race:increment": "Three steps: a read, an addition, and a write.",
  "race:luck":
    "The threads hardly ever meet, so a test of the program finds nothing.",
  "race:race":
    "One thread at a time goes on, in every order of their steps. In one of the first, an update is lost.",
  "race:locked": "The lock makes the read and the write one step.",
  "race:fix": "Schedules that take the turn from a thread once, or never.",
};

/** The end of the title of a cell that runs without the interpreter lock. */
export const WITHOUT_LOCK = ", without the lock";

/**
 * Our text about a cell.
 *
 * @param id The cell, such as `threads:5`.
 * @param title The cell's title, whose end may say how it is run.
 * @returns A line or two; undefined if there is no text.
 */
export function proseOf(id: string, title = ""): string | undefined {
  const unlocked = title.endsWith(WITHOUT_LOCK)
    ? PROSE[id + WITHOUT_LOCK]
    : undefined;
  return unlocked ?? PROSE[id];
}

/** The longest line, for a terminal with 80 columns. */
const WIDTH = 78;

/**
 * Breaks the text about a cell into lines that begin with `#`.
 *
 * @param prose The text.
 * @param width How many columns there are.
 */
export function proseLines(prose: string, width = WIDTH): string[] {
  const lines: string[] = [];
  for (const word of prose.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else lines.push(`# ${word}`);
  }
  return lines;
}
