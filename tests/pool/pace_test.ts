import { assert } from "@std/assert";
import { Pace } from "../../lib/pool/pace.ts";

/** A pace after a hundred tasks of function 1 that took a microsecond each. */
function quickPace(waiting = 0): Pace {
  const pace = new Pace(() => waiting);
  for (let i = 0; i < 100; i++) {
    pace.isQuick(1);
    pace.add(1);
  }
  return pace;
}

Deno.test("Pace: a function is quick once its tasks have been", () => {
  assert(!new Pace(() => 0).isQuick(1));
  assert(quickPace().isQuick(1));
});

Deno.test("Pace: another function, or a promise, is quick only later", () => {
  const pace = quickPace();
  assert(!pace.isQuick(2));
  assert(!pace.isQuick(1));
  const other = quickPace();
  other.slow();
  assert(!other.isQuick(1));
});

Deno.test("Pace: one long task among quick ones doesn't count for long", () => {
  const pace = quickPace();
  pace.add(1e6);
  assert(!pace.isQuick(1));
  for (let i = 0; i < 30; i++) pace.add(1);
  assert(pace.isQuick(1));
});

Deno.test("Pace: where many tasks wait, another worker is to help", () => {
  const pace = quickPace(1000);
  let help = 0;
  for (let i = 0; i < 32; i++) if (!pace.isQuick(1)) help++;
  assert(help === 2);
});
