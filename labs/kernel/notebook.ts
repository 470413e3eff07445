// Copyright 2026 the lab9 authors. MIT license.

/**
 * The whole notebook: headings, prose, drawings and cells, in the order of the
 * notebook that was recorded, with its outputs beside the cells.
 *
 * @module
 */

import gil from "../recorded/gil.json" with { type: "json" };
import pool from "../recorded/pool.json" with { type: "json" };
import queue from "../recorded/queue.json" with { type: "json" };
import threads from "../recorded/threads.json" with { type: "json" };
import { SEAL } from "../files/made.ts";
import type { LabCell } from "./cells.ts";

/** A cell of a notebook file, in nbformat 4. */
interface NotebookCell {
  cell_type: "code" | "markdown";
  id: string;
  metadata: Record<string, unknown>;
  source: string[];
  attachments?: Record<string, Record<string, string>>;
  execution_count?: null;
  outputs?: never[];
}

/** The headings and the prose of the notebook, by the cell that follows. */
const before: Record<string, (string | { drawing: string })[]> = {
  "threads:4": ["## Lab 9: Concurrency", ""],
  "threads:7": [
    "#### Sequential code",
    { drawing: "threads-5.svg" },
    "#### Multi threaded code",
    { drawing: "threads-7.svg" },
  ],
  "queue:13": ["### Queue"],
  "pool:3": [
    "### Multiprocessing\n\nTasks are executed on multiple processors / cpus",
  ],
  "pool:6": ["### Example: Calculate e^x of elements of an array"],
  "pool:8": ["### Sequential solution"],
  "pool:9": ["### Parallelizing using Pool.map"],
  "pool:10": [
    "### Parallelizing using Pool.starmap\n\nLets us pass multiple arguments",
  ],
  "gil:33": [
    "### Global interpreter lock\n\nOnly one thread can access the interpreter " +
    "at a time due to GIL\n\nPython releases GIL\n\n- while a thread is " +
    "waiting for IO\n- while numpy is doing an array operation",
  ],
  "gil:34": ["### serial f()"],
  "gil:35": ["### threaded f()"],
  "gil:36": ["### parallel f()"],
  "gil:37": ["### serial g()"],
  "gil:None": ["### threaded g()"],
};

const outputs = new Map(
  [threads, queue, pool, gil].flatMap(({ cells }) =>
    cells.map(({ id, output }) => [id, output] as const)
  ),
);

/** Options of {@linkcode notebookOf}. */
export interface NotebookOptions {
  /** The name of the module beside the notebook. */
  module: string;
  /** The text of a drawing, as SVG. */
  drawing: (name: string) => string;
}

/** The notebook of these cells, as the text of its file. */
export function notebookOf(
  cells: LabCell[],
  { module, drawing }: NotebookOptions,
): string {
  const written: NotebookCell[] = [];
  const add = (
    cell: Omit<NotebookCell, "id" | "metadata" | "source">,
    text: string,
    metadata = {},
  ) =>
    written.push({
      id: `cell-${written.length + 1}`,
      metadata,
      source: text.split(/(?<=\n)/),
      ...cell,
    });
  const seen = new Set<string>();
  for (const { id, title, code } of cells) {
    const isFirst = !seen.has(id);
    seen.add(id);
    for (const part of isFirst ? before[id] ?? [] : []) {
      if (typeof part === "string") {
        add({ cell_type: "markdown" }, part || introduction(module));
      } else {
        const name = part.drawing;
        const svg = { "image/svg+xml": btoa(asBytes(drawing(name))) };
        add(
          { cell_type: "markdown", attachments: { [name]: svg } },
          `![${name}](attachment:${name})`,
        );
      }
    }
    const number = id.split(":")[1];
    add({ cell_type: "markdown" }, `**In [${number}]**: ${title}`);
    add(
      { cell_type: "code", execution_count: null, outputs: [] },
      code,
      { lab9: { cell: id } },
    );
    const output = outputs.get(id);
    if (output) {
      add(
        { cell_type: "markdown" },
        `The notebook recorded, from Python:\n\n\`\`\`text\n${output}\n\`\`\``,
      );
    }
  }
  return `${JSON.stringify({ cells: written, ...FORMAT }, null, 1)}\n`;
}

const FORMAT = {
  metadata: {
    kernelspec: { display_name: "Deno", language: "typescript", name: "deno" },
    language_info: {
      file_extension: ".ts",
      mimetype: "text/x.typescript",
      name: "typescript",
    },
    // The task writes over the notebook only while it is unchanged.
    lab9: { made: SEAL },
  },
  nbformat: 4,
  nbformat_minor: 5,
};

function introduction(module: string): string {
  return `For Deno's kernel, which \`deno jupyter --install\` sets up. The ` +
    `functions that other threads run stand in \`${module}\`, beside this ` +
    `notebook, because a cell is no module; \`deno.json\` beside it says ` +
    '`"unstable": ["worker-options"]`, which threads need. What threads print ' +
    "comes through the main thread, under the cell that runs.";
}

/** UTF-8, a character a byte, as `btoa` takes it. */
function asBytes(text: string): string {
  return Array.from(
    new TextEncoder().encode(text),
    (byte) => String.fromCharCode(byte),
  ).join("");
}
