// A module that no worker comes to the end of.

import { expose } from "../../../mod.ts";

if ("name" in self && self.name === "lab9 thread") {
  await new Promise(() => {});
}

export function never(): void {}
expose(import.meta, { never });
