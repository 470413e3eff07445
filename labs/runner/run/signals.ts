// Copyright 2026 the lab9 authors. MIT license.

/** The exit codes of what ends the program from outside. */
const EXIT_CODES: [Deno.Signal, number][] = Deno.build.os === "windows"
  ? [["SIGINT", 130]]
  : [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]];

/** Ctrl-C and the like, as a signal whose reason is the exit code. */
export function interrupts(): Disposable & { signal: AbortSignal } {
  const controller = new AbortController();
  const listeners = EXIT_CODES.map(([name, code]) => {
    const listener = () => controller.abort(code);
    Deno.addSignalListener(name, listener);
    return () => Deno.removeSignalListener(name, listener);
  });
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => listeners.forEach((remove) => remove()),
  };
}
