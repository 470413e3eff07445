// Copyright 2026 the lab9 authors. MIT license.

import type { Decision } from "./board.ts";
import { preemptionsIn, threadOf } from "./schedule.ts";

/**
 * Schedules that may have one preemption less than the given one. Each of them is the same
 * up to a preemption. From there on, either the explorer chooses, or the preempted thread
 * first makes its next steps.
 */
export function* simpler(decisions: readonly Decision[]): Iterable<number[]> {
  const choices = decisions.map(({ choice }) => choice);
  const preemptions = preemptionsIn(decisions);
  for (const at of preemptions) yield choices.slice(0, at);
  for (const at of preemptions) {
    const preempted = at === 0 ? undefined : threadOf(choices[at - 1]);
    const isOf = (choice: number) => threadOf(choice) === preempted;
    const begin = choices.findIndex((choice, i) => i > at && isOf(choice));
    if (begin < 0) continue;
    let end = begin;
    while (end < choices.length && isOf(choices[end])) end++;
    yield [
      ...choices.slice(0, at),
      ...choices.slice(begin, end),
      ...choices.slice(at, begin),
      ...choices.slice(end),
    ];
  }
}
