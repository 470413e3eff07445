// Functions that try what a thread isn't allowed, each in one way.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import { expose } from "../../mod.ts";

const self = new URL(import.meta.url);

/** What the attempts need to know: a port that listens, a path to write. */
export interface Surroundings {
  port: number;
  path: string;
}

const nowhere: Surroundings = { port: 8765, path: "./written.txt" };

const attempts: Record<string, (around: Surroundings) => unknown> = {
  read: () => Deno.readTextFileSync(self),
  nodeRead: () => readFileSync(self),
  write: ({ path }) => Deno.writeTextFileSync(path, ""),
  temporary: () => Deno.removeSync(Deno.makeTempFileSync()),
  net: async ({ port }) => {
    await (await fetch(`http://127.0.0.1:${port}/`)).text();
  },
  connect: async ({ port }) => {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
  },
  listen: () => Deno.listen({ hostname: "127.0.0.1", port: 0 }).close(),
  env: () => Deno.env.get("HOME"),
  envAll: () => Deno.env.toObject(),
  setEnv: () => Deno.env.set("LAB9", "1"),
  run: () => new Deno.Command("deno", { args: ["--version"] }).outputSync(),
  nodeRun: () => execFileSync("deno", ["--version"]),
  ffi: () => Deno.dlopen("./nothing.so", {}),
  nodeFfi: () => process.dlopen({ exports: {} }, "./nothing.node"),
  sys: () => Deno.hostname(),
  // Not a literal: it would be loaded before anything runs.
  importFile: () => import(["./thread_late", "ts"].join(".")),
  importRemote: ({ port }) =>
    import([`http://127.0.0.1:${port}/module`, "js"].join(".")),
  worker: () => worker("inherit"),
  greedyWorker: () => worker({ read: true, env: true }),
};
export const attemptNames = Object.keys(attempts);

/** Starts a worker that tells what it may read. */
function worker(permissions: Deno.PermissionOptions): Promise<void> {
  const source = `Deno.readTextFileSync(${JSON.stringify(self.pathname)});
    Deno.env.get("HOME");
    postMessage("done");`;
  const worker = new Worker(`data:text/javascript,${encodeURI(source)}`, {
    type: "module",
    deno: { permissions },
  } as WorkerOptions);
  return new Promise((resolve, reject) => {
    worker.onmessage = () => {
      worker.terminate();
      resolve();
    };
    worker.onerror = (event) => {
      event.preventDefault();
      worker.terminate();
      reject(new Error(event.message));
    };
  });
}

/** What was thrown, or "done". */
export async function attempt(
  what: string,
  around: Surroundings = nowhere,
): Promise<string> {
  try {
    await attempts[what](around);
    return "done";
  } catch (error) {
    return String(error);
  }
}

/** Throws what an attempt throws. */
export async function tryOut(what: string): Promise<void> {
  await attempts[what](nowhere);
}

export function stateOf(name: Deno.PermissionName): Deno.PermissionState {
  return Deno.permissions.querySync({ name } as Deno.PermissionDescriptor)
    .state;
}

/** What asking for a permission gives. */
export async function request(
  name: Deno.PermissionName,
): Promise<Deno.PermissionState> {
  const descriptor = { name } as Deno.PermissionDescriptor;
  return (await Deno.permissions.request(descriptor)).state;
}
expose(import.meta, { attempt, request, stateOf, tryOut });
