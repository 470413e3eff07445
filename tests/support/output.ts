// Functions that print.

import { expose, Thread } from "../../mod.ts";

/** Prints in every way. */
export function printAll(): string {
  console.log("plain");
  console.log("one", 1, { two: [2] });
  console.error("%s failed", "it");
  console.group("group");
  console.info("in\nside");
  console.groupEnd();
  console.warn();
  console.trace("here");
  return "printed";
}

export async function printLater(): Promise<void> {
  await Promise.resolve();
  console.log("later");
}

export function printTask(n: number): number {
  console.log(`task ${n}`);
  return n;
}

/** Prints long lines, which must stay whole. */
export function printLines(name: string, count: number): void {
  for (let i = 0; i < count; i++) {
    if (i % 2 === 0) console.log(name.repeat(3000));
    else console.error(name.repeat(3000));
  }
}
expose(import.meta, { printAll, printLater, printLines, printTask });

if (import.meta.main) {
  const printName = Deno.args[0] === "named";
  const threads = ["a", "b", "c", "d"].map((name) =>
    new Thread(printLines, { args: [name, 100], name: `T-${name}`, printName })
  );
  for (const thread of threads) thread.start();
  await Promise.all(threads.map((thread) => thread.join()));
}
