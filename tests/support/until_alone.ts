import { enumerate } from "../../mod.ts";
import { until } from "./until.ts";

/**
 * Awaits the end of all other threads, those that nobody has a Thread of, too. The
 * main thread has then closed what it had open for them.
 */
export async function untilAlone(): Promise<void> {
  const others = enumerate().slice(1);
  await Promise.allSettled(others.map((thread) => thread.join()));
  await until(() => enumerate().length === 1);
}
