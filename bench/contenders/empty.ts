// Copyright 2026 the lab9 authors. MIT license.

/**
 * The least that a command does: it reads its arguments.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";

console.log(parseArgs(Deno.args)._.length);
