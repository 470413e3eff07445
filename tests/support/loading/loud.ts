// Modules that say when they are loaded.

import { expose } from "../../../mod.ts";

console.log("loud runs");

export function loud(): string {
  return "loud";
}
expose(import.meta, { loud });
