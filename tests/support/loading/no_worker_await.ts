// The same, of a module that awaits before.

import { expose } from "../../../mod.ts";

await Promise.resolve();
const home = Deno.env.get("HOME");

export function homeLater(): string | undefined {
  return home;
}
expose(import.meta, { homeLater });
