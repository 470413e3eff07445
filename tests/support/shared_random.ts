/** Random numbers that a failing test can be replayed with. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** From 0 up to 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  /** An integer from 0 up to, not including, `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }
}

/** The seed that was passed as `--seed=N`, or a new one. */
export function newSeed(): number {
  const given = Deno.args.find((arg) => arg.startsWith("--seed="));
  if (given !== undefined) return Number(given.slice("--seed=".length));
  return crypto.getRandomValues(new Uint32Array(1))[0];
}

/** Runs a test with a seed, which is told if the test fails. */
export async function withSeed(
  fn: (seed: number) => void | Promise<void>,
): Promise<void> {
  const seed = newSeed();
  try {
    await fn(seed);
  } catch (error) {
    console.error(`Replay with \`-- --all --seed=${seed}\``);
    throw error;
  }
}
