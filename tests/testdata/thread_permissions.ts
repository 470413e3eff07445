// Functions that try what a thread isn't allowed, each in one way.

import { expose } from "../../mod.ts";

const self = new URL(import.meta.url);

const attempts: Record<string, () => unknown> = {
  read: () => Deno.readTextFileSync(self),
  write: () => Deno.writeTextFileSync(new URL("./written.txt", self), ""),
  net: () => fetch("http://127.0.0.1:8765/"),
  connect: () => Deno.connect({ hostname: "127.0.0.1", port: 8765 }),
  env: () => Deno.env.get("HOME"),
  run: () => new Deno.Command("deno", { args: ["--version"] }).outputSync(),
  sys: () => Deno.hostname(),
  // Not a literal: it would be loaded before anything runs.
  importFile: () => import(["./thread_late", "ts"].join(".")),
  importRemote: () => import(["http://127.0.0.1:8765/a", "ts"].join(".")),
};

/** What was thrown, or "done". */
export async function attempt(what: string): Promise<string> {
  try {
    await attempts[what]();
    return "done";
  } catch (error) {
    return String(error);
  }
}

export function stateOf(name: Deno.PermissionName): Deno.PermissionState {
  return Deno.permissions.querySync({ name } as Deno.PermissionDescriptor)
    .state;
}
expose(import.meta, { attempt, stateOf });
