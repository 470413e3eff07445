/** Exposes classes and no function: no function's module imports it. @module */

import { Condition, expose, Queue } from "../../mod.ts";

export class ApartError extends Error {
  code = 7;
}
export class ApartQueue extends Queue<number> {}
export class ApartCondition extends Condition {}

expose(import.meta, { ApartError, ApartQueue, ApartCondition });
