// Copyright 2026 the lab9 authors. MIT license.

/**
 * From the start of a process to a first result, with workers by hand.
 *
 * @module
 */

const workers = Array.from(
  { length: 2 },
  () =>
    new Worker(import.meta.resolve("./workers/square.ts"), { type: "module" }),
);
workers[0].onmessage = ({ data }) => {
  console.log(data);
  Deno.exit(0);
};
workers[0].postMessage(3);
