/**
 * `@std/cli` from npm, for where JSR can't be reached.
 *
 * @module
 */

export * from "./parse_args.ts";
export * from "./unicode_width.ts";
