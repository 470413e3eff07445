// What the notebook's first labs import, in a lab that runs by itself; and what is
// said of a cell that is ended by a signal.

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
const sleeping = { ...lab.cells[0], source: "import time\ntime.sleep(60)" };
const controller = new AbortController();
const stopped = await runNotebook(
  [{ lab: "alone", cells: [sleeping] }],
  controller.signal,
  () => controller.abort(130),
);
const { verdict, reason: why } = stopped.cells.get("alone:1") ?? {};
const ended = `${verdict} (${why})`;
console.log(JSON.stringify({ about, output, reason, ended }));
