// Copyright 2026 the lab9 authors. MIT license.

import { type Decision, TIMEOUT, YIELDS } from "./board.ts";

/** The thread that a choice is about. */
export function threadOf(choice: number): number {
  return choice % TIMEOUT;
}

/** Whether a choice lets a timeout pass. */
export function isTimeout(choice: number): boolean {
  return choice >= TIMEOUT;
}

/** The threads among the options of a decision, as bits. */
function readyOf(options: number): number {
  return options & ((1 << TIMEOUT) - 1);
}

/**
 * Whether a choice is a preemption. It is one if the thread that had the turn could have
 * gone on, if it goes on although it yields, or if a timeout passes although a thread can
 * go on.
 */
export function isPreemption(
  previous: number | undefined,
  options: number,
  choice: number,
): boolean {
  if (isTimeout(choice)) return readyOf(options) !== 0;
  if (previous === undefined) return false;
  const yields = (options & 1 << (YIELDS + previous)) !== 0;
  if (choice === previous) return yields;
  return !yields && (options & (1 << previous)) !== 0;
}

/** The indexes of the decisions that are preemptions. */
export function preemptionsIn(decisions: readonly Decision[]): number[] {
  const found: number[] = [];
  let previous: number | undefined;
  for (const [i, { options, choice }] of decisions.entries()) {
    if (isPreemption(previous, options, choice)) found.push(i);
    previous = threadOf(choice);
  }
  return found;
}

const FIRST_LETTER = "a".charCodeAt(0);

/**
 * Writes a schedule as a text: the seed, and then the letters of the threads, each with the
 * number of steps that it makes. A capital letter is a timeout of the thread that passes.
 */
export function writeReplay(seed: number, choices: readonly number[]): string {
  let text = `${seed}:`;
  for (let i = 0; i < choices.length;) {
    const choice = choices[i];
    let end = i + 1;
    while (end < choices.length && choices[end] === choice) end++;
    const letter = String.fromCharCode(FIRST_LETTER + threadOf(choice));
    const count = end - i;
    text += isTimeout(choice) ? letter.toUpperCase() : letter;
    if (count > 1) text += count;
    i = end;
  }
  return text;
}

/**
 * Reads a text of {@linkcode writeReplay}.
 *
 * @throws {SyntaxError} If it is another text.
 */
export function readReplay(
  text: string,
): { seed: number; choices: number[] } {
  const [, seed, steps] = /^(\d+):((?:[a-hA-H]\d*)*)$/.exec(text) ?? [];
  if (steps === undefined) {
    throw new SyntaxError(
      `Cannot explore: replay must be a text such as "1:a3b2", received ${
        JSON.stringify(text)
      }`,
    );
  }
  const choices: number[] = [];
  for (const [, letter, count] of steps.matchAll(/([a-hA-H])(\d*)/g)) {
    const small = letter.toLowerCase();
    const thread = small.charCodeAt(0) - FIRST_LETTER;
    const choice = letter === small ? thread : thread + TIMEOUT;
    const times = count === "" ? 1 : Number(count);
    for (let i = 0; i < times; i++) choices.push(choice);
  }
  return { seed: Number(seed), choices };
}

/** The error for a schedule that wasn't as planned. */
export function astray(): Error {
  return new Error(
    "Cannot explore: the scenario isn't the same each time, let it depend on " +
      "nothing but the schedule: no variables of modules, no input or output",
  );
}
