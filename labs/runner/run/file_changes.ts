// Copyright 2026 the lab9 authors. MIT license.

import { delay } from "@std/async/delay";

/** How long an editor may take to save a file, in milliseconds. */
const SETTLING = 200;

/**
 * Yields at once, and again whenever a file has changed.
 *
 * @param paths Files and folders.
 * @param signal Ends the iteration.
 */
export async function* changes(
  paths: string[],
  signal: AbortSignal,
): AsyncGenerator<void> {
  using watcher = Deno.watchFs(paths);
  const close = () => watcher.close();
  signal.addEventListener("abort", close);
  let hasChanged = true;
  let wake = () => {};
  const watching = (async () => {
    for await (const { kind } of watcher) {
      // Other events, such as the reading of a file, are no changes.
      if (kind === "access" || kind === "any" || kind === "other") continue;
      hasChanged = true;
      wake();
    }
    wake();
  })();
  while (!signal.aborted) {
    if (hasChanged) {
      await delay(SETTLING);
      hasChanged = false;
      yield;
    } else await new Promise<void>((resolve) => wake = resolve);
  }
  await watching;
}
