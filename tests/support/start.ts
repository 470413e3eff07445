import { type AnyFunction, Thread } from "../../mod.ts";

/** Starts a thread. */
export function start<F extends AnyFunction>(
  target: F,
  ...args: Parameters<F>
): Thread<F> {
  const thread = new Thread<F>(target, { args });
  thread.start();
  return thread;
}

/** Starts a thread that has a name, with arguments of any type. */
export function startNamed<F extends AnyFunction>(
  name: string,
  target: F,
  ...args: unknown[]
): Thread<F> {
  const thread = new Thread<F>(target, { name, args: args as Parameters<F> });
  thread.start();
  return thread;
}
