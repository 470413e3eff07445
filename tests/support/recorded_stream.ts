// A lab of one cell, which reads what a worker streams.

import { expose, Pool } from "../../mod.ts";
import { cell, runLab } from "../../labs/notebook/cell.ts";

export function* numbers(): Generator<number> {
  yield* [1, 2];
}
expose(import.meta, { numbers });

cell(1, "a stream", {}, async () => {
  await using pool = new Pool(1);
  for await (const n of pool.stream(numbers)) console.log(`${n}`);
});

if (import.meta.main) {
  await runLab({
    name: "recorded_stream",
    about: "A stream.",
    workers: 1,
    workersHelp: "None",
  });
}
