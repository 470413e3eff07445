import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { recorded } from "../../labs/runner/judge/record.ts";
import { applyRules } from "../../labs/runner/judge/rules.ts";
import { runProcess } from "../support/thread_process.ts";
import { processTest } from "../support/threads.ts";

interface Notebook {
  nbformat: number;
  cells: {
    cell_type: string;
    source: string | string[];
    attachments?: object;
    metadata: { lab9?: { cell: string } };
    outputs?: { output_type: string; text?: string[]; evalue?: string }[];
  }[];
}

type Form = "written" | "run" | "bare";

/** The notebook in these forms: see `notebook.ts`. */
async function notebooks(...forms: Form[]): Promise<Record<Form, Notebook>> {
  const { out, err } = await runProcess("notebook.ts", forms, ["-A"], 600);
  assert(out.startsWith("{"), `${out}${err}`);
  return JSON.parse(out);
}

/** All forms are made together, by the first test that looks at one. */
let made: Promise<Record<Form, Notebook>> | undefined;

async function notebook(form: Form): Promise<Notebook> {
  made ??= hasJupyter().then((has) =>
    has ? notebooks("written", "run", "bare") : notebooks("written")
  );
  return (await made)[form];
}

function textOf(source: string | string[]): string {
  return typeof source === "string" ? source : source.join("");
}

/** What each cell printed; of one that runs twice, the second time. */
function printedBy({ cells }: Notebook): Map<string, string> {
  return new Map(cells.flatMap(({ metadata, outputs }) => {
    if (metadata.lab9 === undefined) return [];
    const texts = outputs!.map(({ text, evalue }) =>
      evalue ?? textOf(text ?? "")
    );
    return [[metadata.lab9.cell, texts.join("").trimEnd()]];
  }));
}

processTest("The notebook has the recorded one's cells and prose", async () => {
  const { nbformat, cells } = await notebook("written");
  assertEquals(nbformat, 4);
  const ids = cells.flatMap(({ metadata }) => metadata.lab9?.cell ?? []);
  const all = Object.values(recorded).flat();
  assertEquals([...new Set(ids)], all.map(({ id }) => id));
  const prose = cells.filter(({ cell_type }) => cell_type === "markdown");
  const text = prose.map(({ source }) => textOf(source)).join("\n");
  assertStringIncludes(text, "## Lab 9: Concurrency");
  assertStringIncludes(text, "### Parallelizing using Pool.starmap");
  for (const { output } of all) assertStringIncludes(text, output);
  assertEquals(prose.filter((cell) => cell.attachments).length, 2);
});

/** Whether Jupyter is there: without it what needs it says so, and is skipped. */
async function hasJupyter(): Promise<boolean> {
  const { out } = await runProcess("has_jupyter.ts", [], ["-A"]);
  if (out !== "true") console.warn("skipped: there is no jupyter-nbconvert");
  return out === "true";
}

processTest("The notebook reproduces the recorded one in Jupyter", async () => {
  if (!await hasJupyter()) return;
  // The kernel may lose a cell's last line, on a busy machine.
  for (let attempt = 1;; attempt++) {
    const { run } = attempt === 1
      ? { run: await notebook("run") }
      : await notebooks("run");
    try {
      return assertAllReproduced(printedBy(run));
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
});

function assertAllReproduced(printed: Map<string, string>): void {
  for (const { id, output, rules, quick } of Object.values(recorded).flat()) {
    const here = printed.get(id)!;
    // With smaller counts they print less.
    if (quick !== undefined || rules.length === 0) continue;
    const sides = applyRules(rules, {
      recorded: output.split("\n"),
      here: here.split("\n"),
    });
    assertEquals(sides.here, sides.recorded, `cell ${id}`);
  }
  for (const id of ["gil:35", "gil:36"]) {
    const numbers = printed.get(id)!.match(/^\d+$/gm)?.sort();
    assertEquals(numbers, ["0", "1", "2", "3"], `cell ${id}`);
  }
  const ten = printed.get("threads:10")!;
  assertEquals(ten.match(/^Sleeping 1 second/gm)?.length, 10);
}

processTest("A kernel whose threads can't start is told so", async () => {
  if (!await hasJupyter()) return;
  const printed = printedBy(await notebook("bare"));
  assertStringIncludes(
    printed.get("threads:7")!,
    'Cannot start worker: add { "unstable": ["worker-options"] } to deno.json',
  );
});

processTest("A notebook that was changed is not written over", async () => {
  const flags = ["-A", "--no-lock", "--config", "labs/copy/deno.json"];
  const { code, err } = await runProcess("notebook_over.ts", [], flags);
  assertEquals([code, err], [0, ""]);
});
