// What the library's tests use of `Deno`, in a browser. The library looks for
// `Deno` when it loads, and must not find this: it is put there afterwards.

import { addOwnModule } from "../../../lib/codec/references.ts";
import { inspect } from "../../../lib/platform/platform.ts";

const customInspect = Symbol.for("Deno.customInspect");

type TestFunction = (t: Context) => unknown;

/** A test that was registered. */
export interface Registered {
  name: string;
  fn: TestFunction;
  ignore?: boolean;
}

/** What a test is given. */
interface Context {
  name: string;
  step(name: string | TestFunction, fn?: TestFunction): Promise<boolean>;
}

/** The tests, in their order. */
export const registered: Registered[] = [];

function test(name: string | Registered | TestFunction, fn?: TestFunction) {
  if (typeof name === "function") {
    registered.push({ name: name.name, fn: name });
  } else if (typeof name === "object") registered.push(name);
  else registered.push({ name, fn: fn! });
}

/** Runs a test or a step of one; a step that throws fails its test. */
export async function runTest({ name, fn }: Registered): Promise<void> {
  await fn({
    name,
    async step(name, fn = name as TestFunction) {
      await runTest({ name: `${name}`, fn });
      return true;
    },
  });
}

Object.assign(globalThis, {
  Deno: {
    test,
    inspect: (value: { [customInspect]?(): string }) =>
      value?.[customInspect]?.() ?? inspect(value),
    args: ["--all"],
    permissions: { querySync: () => ({ state: "granted" }) },
  },
});

// Threads load it, too: before the modules of the tests, after the library.
addOwnModule(import.meta);
