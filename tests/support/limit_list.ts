/** How much of what is tested, and at full size. @module */

export interface Limit {
  /** The program's name in `limits.ts`. */
  name: string;
  title: string;
  /** How many, or how many bytes, in a test. */
  small: number;
  /** How many `deno task limits` runs. */
  full: number;
  /** By how many MB memory may grow, whatever the size, and for each byte. */
  most: number;
  perByte?: number;
}

const GB = 2 ** 30;

export const limitList: Limit[] = [
  {
    name: "threadsInTurn",
    title: "threads, one after another",
    small: 500,
    full: 500,
    most: 60,
  },
  {
    name: "threadsAtOnce",
    title: "threads at once",
    small: 50,
    full: 50,
    most: 1000,
  },
  {
    name: "queueItems",
    title: "items through a queue",
    small: 1_000_000,
    full: 10_000_000,
    most: 400,
  },
  {
    name: "fullQueue",
    title: "items through a queue that is full",
    small: 200_000,
    full: 5_000_000,
    most: 100,
  },
  {
    name: "pendingTasks",
    title: "tasks of a pool that wait",
    small: 100_000,
    full: 100_000,
    most: 600,
  },
  {
    name: "poolResult",
    title: "bytes, a task's result that is copied",
    small: GB / 16,
    full: GB,
    most: 200,
    perByte: 4,
  },
  {
    name: "threadResult",
    title: "bytes, a thread's result that is copied",
    small: GB / 16,
    full: GB,
    most: 200,
    perByte: 4,
  },
  {
    name: "sharedArgument",
    title: "bytes, an argument that is shared",
    small: GB,
    full: GB,
    most: 100,
  },
  {
    name: "tooLarge",
    title: "bytes, a result that is refused",
    small: 4 * GB,
    full: 4 * GB,
    most: 100,
  },
  {
    name: "exhaustions",
    title: "heaps that are exhausted",
    small: 10,
    full: 1000,
    most: 600,
  },
  {
    name: "spinners",
    title: "tasks that compute for ever",
    small: 5,
    full: 100,
    most: 600,
  },
];

/** The arguments of the program for one size. */
export function argsOf(
  { name, most, perByte = 0 }: Limit,
  n: number,
): string[] {
  return [name, String(n), String(most + perByte * n / 2 ** 20)];
}
