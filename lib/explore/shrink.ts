// Copyright 2026 the lab9 authors. MIT license.

import type { Decision } from "./board.ts";
import { preemptionsIn, threadOf } from "./schedule.ts";

/**
 * Schedules that have one preemption less than the given one, perhaps: up to a
 * preemption as it was, and from there either whatever comes, or first what the
 * preempted thread did next.
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
