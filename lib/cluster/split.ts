// Copyright 2026 the lab9 authors. MIT license.

import { Promise } from "../platform/platform.ts";
import { Mode, type SettledItems, Task } from "../pool/task.ts";
import type { FarCodec } from "./far_codec.ts";
import type { FarModules, UsedModule } from "./far_modules.ts";
import { MOST_LETTERS, tooLarge } from "./job.ts";

/** A part of a task's payload, encoded. */
export interface Piece {
  from: number;
  to: number;
  payload: string;
  /** The modules of the task's function, and of the functions in the payload. */
  modules: UsedModule[];
}

/**
 * Encodes a task's payload, in several pieces if it is too large for one piece.
 *
 * @throws {DOMException} A `DataCloneError` if a value can't be encoded.
 * @throws {RangeError} If an item is too large by itself.
 */
export function encodeTask(
  { fn, mode, payload, from, to }: Task,
  codec: FarCodec,
  modules: FarModules,
): Piece[] {
  const encode = (from: number, to: number): Piece[] => {
    modules.takeUsed();
    modules.farIdOf(fn);
    const text = codec.encode((encoder) =>
      encoder.writeList(payload!, from, to)
    );
    if (text.length <= MOST_LETTERS) {
      return [{ from, to, payload: text, modules: modules.takeUsed() }];
    }
    if (mode === Mode.APPLY || to - from <= 1) {
      const what = mode === Mode.APPLY ? "the arguments" : "an item";
      throw tooLarge(what, text.length);
    }
    const middle = (from + to) >> 1;
    return [...encode(from, middle), ...encode(middle, to)];
  };
  return encode(from, to);
}

/** Makes a task of each piece. The whole task settles as these tasks do. */
export function tasksOf(whole: Task, pieces: Piece[]): Task[] {
  const { fn, mode, isSettled, payload, into, runTimeout, priority } = whole;
  const parts = pieces.map(({ from, to }) => {
    const part = new Task(
      fn,
      mode,
      isSettled,
      payload!,
      from,
      to,
      into && { results: into.results, at: into.at + from - whole.from },
    );
    part.runTimeout = runTimeout;
    part.priority = priority;
    return part;
  });
  let left = parts.length;
  const owner = {
    onSettled: () => {
      if (--left === 0) whole.owner?.onSettled(whole);
    },
  };
  for (const part of parts) part.owner = owner;
  Promise.all(parts.map(({ promise }) => promise)).then(
    (values) =>
      whole.resolve(
        into !== undefined
          ? into.results.list
          : isSettled
          ? joinSettled(values as SettledItems[])
          : values.flat(),
      ),
    whole.reject,
  );
  return parts;
}

function joinSettled(parts: SettledItems[]): SettledItems {
  const whole: SettledItems = [[], []];
  for (const [values, failures] of parts) {
    for (const [index, error] of failures) {
      whole[1].push([whole[0].length + index, error]);
    }
    whole[0].push(...values);
  }
  return whole;
}
