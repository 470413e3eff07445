import { expose } from "@lab9/concurrency";
import { SCALE as factor } from "./parts_scale.ts";

const work = "work";

/** What the modules did, in their order. */
export const log: string[] = [await Promise.resolve(`${work} was loaded`)];

export function square(x: number): number {
  return x * x * factor;
}
expose(import.meta, { square });

export default function (x: number): number {
  // What the script imports by another name has its own further in.
  const SCALE = 2;
  return x * SCALE * factor;
}

if (import.meta.main) log.push("never: it is not the program");
