/**
 * `@std/async` from npm, for where JSR can't be reached. The mirror's own
 * `mod.js` imports a file that isn't there; its single files load.
 *
 * @module
 */

export * from "./deadline.ts";
export * from "./delay.ts";
