// A module that a worker loads until a task of another module says so.

import { expose } from "../../../mod.ts";
import { endLoading, isWorker } from "./meanwhile.ts";

if (isWorker) await endLoading.promise;

export function loaded(): string {
  return "loaded";
}
expose(import.meta, { loaded });
