// Copyright 2026 the lab9 authors. MIT license.

import { UsageError } from "../labs/runner/usage_error.ts";

/**
 * Writes what a flag asks for.
 *
 * @param flag The flag's name.
 * @param path What it names.
 * @param action Does it.
 * @throws {UsageError} If that can't be done.
 */
export async function attempt(
  flag: string,
  path: string,
  action: () => Promise<void>,
): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new UsageError(
      `Cannot write --${flag} '${path}': ${error.message}; it must be in this ` +
        "project, in a folder that exists",
    );
  }
}
