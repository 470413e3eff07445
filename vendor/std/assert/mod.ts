/**
 * `@std/assert` from npm, for where JSR can't be reached.
 *
 * @module
 */

// @ts-types="./mod.d.ts"
export * from "npm:deno-std@1.4.0/assert/mod.js";
