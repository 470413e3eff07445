// What a notebook would have recorded of the cells of mutant_lab.ts.

/** Draws whole numbers from a seed, both ends included. */
export function randomOf(seed: number): (low: number, high: number) => number {
  let state = seed >>> 0;
  return (low, high) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return low + Math.floor(state / 2 ** 32 * (high - low + 1));
  };
}

interface Kind {
  output: string;
  seconds: number | null;
  rules: string[];
  time?: object;
}

const FINISHED = "Finished in 1.0 seconds";
const GOT = "got a, id = 123145536368640\ngot b, id = 123145541623808\n" +
  "did b, id = 123145541623808\ndid a, id = 123145536368640";

/** The sound cells; what they begin with names the broken ones. */
const kinds: Record<string, Kind> = {
  sleep: {
    output: `Sleeping\nSleeping\nDone\nDone\n${FINISHED}`,
    seconds: 0.7,
    rules: ["order:any", "seconds"],
    time: { sleeps: true },
  },
  loop: { output: FINISHED, seconds: 1, rules: ["seconds"] },
  pool: {
    output: FINISHED,
    seconds: 0.5,
    rules: ["seconds"],
    time: { fasterThan: "mutants:loop", workers: 2 },
  },
  lock: {
    output: FINISHED,
    seconds: 1.04,
    rules: ["seconds"],
    time: { noFasterThan: "mutants:loop", workers: 4 },
  },
  lines: {
    output: "7.38905609893065\n20.08553692318766\n54.5981500331442",
    seconds: null,
    rules: ["order:exact"],
  },
  ids: { output: GOT, seconds: null, rules: ["ids", "order:per-thread"] },
};

/** The cells that are as they should be. */
export const SOUND = Object.keys(kinds);

/** Those that are not, of which each must be called different. */
export const MUTANTS = [
  ...["sleep_short", "sleep_shorter", "sleep_none", "sleep_long"],
  ...["sleep_serial", "sleep_unjoined", "sleep_one", "sleep_three"],
  ...["pool_of_one", "pool_one_chunk", "pool_in_turn", "pool_behind_a_lock"],
  ...["pool_unused", "lock_never_held", "lock_of_each", "lock_of_some"],
  ...["lock_let_go", "lines_digit_1", "lines_digit_2", "lines_digit_3"],
  ...["lines_swapped", "lines_missing", "lines_twice", "lines_blank"],
  "lines_return",
  ...["lines_none", "ids_mixed", "ids_one", "ids_early"],
];

/** Every second of them. */
export function halfOf(which: "even" | "odd"): string[] {
  return MUTANTS.filter((_, i) => i % 2 === (which === "even" ? 0 : 1));
}

/** As a record of the notebook. */
export function recordOf(names: string[]): object {
  return {
    lab: "mutants",
    cells: names.map((name) => ({
      id: `mutants:${name}`,
      source: "",
      ...kinds[name.split("_")[0]],
    })),
  };
}
