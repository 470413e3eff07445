// A module that only the main thread can load: it may read its environment.

import { expose } from "../../../mod.ts";

const home = Deno.env.get("HOME");

export function homeOf(): string | undefined {
  return home;
}
expose(import.meta, { homeOf });
