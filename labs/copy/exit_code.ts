// Copyright 2026 the lab9 authors. MIT license.

/**
 * What a program that makes copies ends with.
 *
 * @module
 */

import { WriteError } from "../files/made.ts";
import { CopyError } from "./modules.ts";

/**
 * Awaits a program's main function, and prints the message of a user's mistake.
 *
 * @returns The exit code: 0, or 2 after a mistake.
 */
export async function exitCodeOf(main: Promise<void>): Promise<number> {
  try {
    await main;
    return 0;
  } catch (error) {
    if (!(error instanceof CopyError || error instanceof WriteError)) {
      throw error;
    }
    console.error(error.message);
    return 2;
  }
}
