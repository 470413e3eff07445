// Copyright 2026 the lab9 authors. MIT license.

import { unicodeWidth } from "@std/cli/unicode-width";

/**
 * Replaces the characters of a name that would move the cursor or end a line.
 *
 * @param text The name of a thread, a cell or a queue.
 */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, "�");
}

/**
 * Shortens a thread's name to a number of columns. The number in `Thread-12 (target)`
 * or at the end of `host 1 PoolWorker-2` distinguishes it from the others, so it stays.
 *
 * @param name The name.
 * @param width How many columns there are.
 */
export function elide(name: string, width: number): string {
  if (unicodeWidth(name) <= width) return name;
  const [, thread, target] = /^(.+?) \((.+)\)$/.exec(name) ?? [];
  if (thread === undefined) {
    const [number] = /-?\d{1,6}$/.exec(name) ?? [""];
    const rest = name.slice(0, name.length - number.length);
    const room = width - number.length;
    return room >= 4 ? cut(rest, room) + number : cut(name, width);
  }
  const room = width - unicodeWidth(thread) - " ()".length;
  if (room >= 4) return `${thread} (${cut(target, room)})`;
  return elide(thread, width);
}

function cut(text: string, width: number): string {
  let kept = "";
  for (const char of text) {
    if (unicodeWidth(kept + char) >= width) break;
    kept += char;
  }
  return `${kept}…`;
}

/** Fills a text up with spaces to a number of columns. */
export function pad(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - unicodeWidth(text)));
}
