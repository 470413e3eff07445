// What the notebook's first labs import, in a lab that runs by itself.

import { runNotebook } from "../../labs/runner/python/run_notebook.ts";

const cell = { output: "5", seconds: null, rules: [] };
const names = "math.e, mp.Pool, Queue, threading.Thread, time.time";
const lab = {
  lab: "alone",
  cells: [{ ...cell, id: "alone:1", source: `import math\nlen([${names}])` }],
};
const { about, cells } = await runNotebook(
  [lab],
  new AbortController().signal,
  () => {},
);
const { output, reason } = cells.get("alone:1") ?? {};
console.log(JSON.stringify({ about, output, reason }));
