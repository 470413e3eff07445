// The same, of another module.

import { expose } from "../../mod.ts";

export function otherPatch(): void {
  Object.assign(Array.prototype, { patched: true });
}
export function isOtherPatched(): boolean {
  return "patched" in [];
}
expose(import.meta, { isOtherPatched, otherPatch });
