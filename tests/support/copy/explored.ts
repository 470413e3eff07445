#!/usr/bin/env -S deno run --allow-read
/** A script that a shell can run, and that imports the explorer last. */

import { expose } from "../../../mod.ts";
import { explore } from "../../../lib/explore.ts";

export function increment(counter: Int32Array): void {
  counter[0]++;
}
expose(import.meta, { increment });

if (import.meta.main) {
  const exploration = explore(() => {
    const counter = new Int32Array(new SharedArrayBuffer(4));
    const thread = { target: increment, args: [counter] };
    return {
      threads: [thread, thread],
      check() {
        if (counter[0] !== 2) throw new Error(`counted to ${counter[0]}`);
      },
    };
  });
  const { message } = await exploration.catch((error) => error);
  console.log(message.split("\n")[0]);
}
