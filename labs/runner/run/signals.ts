// Copyright 2026 the lab9 authors. MIT license.

/** The signals that end the program, and the exit codes for them. */
const EXIT_CODES: [Deno.Signal, number][] = Deno.build.os === "windows"
  ? [["SIGINT", 130]]
  : [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]];

/** Listens for Ctrl-C and similar. The reason of the abort signal is the exit code. */
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
