// Functions that leave something in their module's variables, and that look.

import { expose } from "../../mod.ts";

let count = 0;
let secret: string | undefined;

export function bump(): number {
  return ++count;
}
export function setSecret(text: string): void {
  secret = text;
}
export function getSecret(): string | undefined {
  return secret;
}
/** Changes what all arrays of its worker have. */
export function patch(): void {
  Object.assign(Array.prototype, { patched: true });
}
export function isPatched(): boolean {
  return "patched" in [];
}
expose(import.meta, { bump, getSecret, isPatched, patch, setSecret });
