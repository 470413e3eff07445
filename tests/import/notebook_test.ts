import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { plainHeading } from "../../labs/import/heading.ts";
import { recordOf, scriptOf } from "../../labs/import/lab.ts";
import { readNotebook } from "../../labs/import/notebook_file.ts";
import { checkRecord } from "../../labs/runner/judge/check_record.ts";
import { recorded } from "../../labs/runner/judge/record.ts";
import { applyRules } from "../../labs/runner/judge/rules.ts";
import { UsageError } from "../../labs/runner/usage_error.ts";
import { runProcess } from "../support/thread_process.ts";
import { processTest } from "../support/threads.ts";
import lab9 from "../support/notebooks/lab9.ipynb.json" with { type: "json" };

function code(source: string, outputs: unknown[] = [], number: unknown = 1) {
  return {
    cell_type: "code",
    execution_count: number,
    metadata: {},
    source,
    outputs,
  };
}

function stdout(...text: string[]) {
  return { output_type: "stream", name: "stdout", text };
}

function notebook(...cells: unknown[]): string {
  return JSON.stringify({
    nbformat: 4,
    nbformat_minor: 5,
    metadata: {},
    cells,
  });
}

function imported(text: string) {
  return recordOf("mine", readNotebook(text, "mine.ipynb")).cells;
}

Deno.test("The lab's own notebook is imported as it was recorded", () => {
  const cells = imported(JSON.stringify(lab9));
  const known = Object.values(recorded).flat();
  assertEquals(
    cells.map(({ source, output, seconds }) => [source, output, seconds]),
    known.map(({ source, output, seconds }) => [source, output, seconds]),
  );
  for (const [i, { id, rules }] of known.entries()) {
    // Which order lines may come in is for a person to say.
    const others = (rules: string[]) =>
      rules.filter((rule) => !rule.startsWith("order:")).sort();
    assertEquals(others(cells[i].rules), others(rules), id);
  }
  checkRecord({ lab: "mine", cells }, "mine");
});

Deno.test("An import takes text in lines, results, errors and no number", () => {
  const cells = imported(notebook(
    { cell_type: "markdown", metadata: {}, source: ["# One\n", "\n", "text"] },
    { ...code(""), source: ["import os\n", "os.getpid()"] },
    code("1 / 0", [
      stdout("a\n", "b\n"),
      { output_type: "stream", name: "stderr", text: "a warning" },
      { output_type: "error", ename: "ZeroDivisionError", evalue: "division" },
    ], 2),
    code("x", [{
      output_type: "execute_result",
      data: { "text/plain": ["<object at ", "0x1140ac6a0>"] },
    }], null),
  ));
  assertEquals(cells, [
    {
      id: "mine:1",
      source: "import os\nos.getpid()",
      output: "",
      seconds: null,
      rules: [],
    },
    {
      id: "mine:2",
      source: "1 / 0",
      output: "a\nb\nZeroDivisionError: division",
      seconds: null,
      rules: ["order:exact"],
    },
    {
      id: "mine:None",
      source: "x",
      output: "<object at 0x1140ac6a0>",
      seconds: null,
      rules: ["addresses"],
      unrecorded: true,
    },
  ]);
});

Deno.test("An import guesses rules that hold for another run", () => {
  const [cell] = imported(notebook(code("Thread(target=f).start()", [stdout(
    "Waiting, id = 123145546878976Waiting, id = 123145552134144\n",
    "\n",
    "Finished in 1.2 seconds\n",
  )])));
  assertEquals(cell.seconds, 1.2);
  const here = [
    "Waiting, id = 140200032194560",
    "Waiting, id = 140200040587264",
    "Finished in 1.3 seconds",
  ];
  const sides = applyRules(cell.rules, {
    recorded: cell.output.split("\n"),
    here,
  });
  assertEquals(sides.here, sides.recorded);
});

Deno.test("A restarted kernel counts anew, and ids stay apart", () => {
  const text = notebook(code("a"), code("b", [], 2), code("c"), code("d"));
  assertEquals(
    imported(text).map(({ id }) => id),
    ["mine:1", "mine:2", "mine:1_2", "mine:1_3"],
  );
  const script = scriptOf("mine", "mine.ipynb", readNotebook(text, "mine"));
  assertStringIncludes(
    script,
    `//     c
cell("1_2", "c", {}, () => {
  throw new Error("Cell [1_2] is not written yet");
});`,
  );
});

/** The titles of a notebook's cells, as the script has them. */
function titlesOf(...cells: unknown[]): string[] {
  const read = readNotebook(notebook(...cells), "mine.ipynb");
  const script = scriptOf("mine", "mine.ipynb", read);
  return [...script.matchAll(/^cell\(\S+, (".*"), \{\}, /gm)]
    .map(([, title]) => JSON.parse(title));
}

function markdown(source: string) {
  return { cell_type: "markdown", metadata: {}, source };
}

Deno.test("A title that is code stands there as it is", () => {
  for (
    const [source, title] of [
      ["s=time.perf_counter()", "s=time.perf_counter()"],
      ["\n  [x*x for x in a]\nb", "[x*x for x in a]"],
      ["x ** 2; __name__; `a`", "x ** 2; __name__; `a`"],
      ["def my_func(a_b):\n  pass", "my_func()"],
      ["x = 1\nasync def größe_1():\n  pass", "größe_1()"],
      ["class _My_Class(Base):", "_My_Class()"],
      ["class _Other:", "_Other()"],
      ["for x in *a, *b:\n  pass", "for x in *a, *b:"],
      ["_" + "ab".repeat(30), "_" + "ab".repeat(19) + "…"],
      ["'" + "😀".repeat(50), "'" + "😀".repeat(38) + "…"],
    ]
  ) {
    assertEquals(titlesOf(code(source)), [title], source);
  }
});

Deno.test("A heading loses its marks of emphasis, and nothing of code", () => {
  for (
    const [heading, title] of [
      ["`my_func` and __init__", "my_func and __init__"],
      ["*One*, **two** and ***three***", "One, two and three"],
      ["_One_, __Two words__ and ___three___", "One, Two words and three"],
      ["**bold *both* bold** _a **b** c_", "bold both bold a b c"],
      ["**bold *both***", "bold both"],
      ["_my_func_ of my_module", "my_func of my_module"],
      ["my_func, 2*3*4 and x**2 + y**2", "my_func, 2*3*4 and x**2 + y**2"],
      ["a * b, 2 ** 3 ** 4 and _ and _", "a * b, 2 ** 3 ** 4 and _ and _"],
      ["f(*args, **kwargs)", "f(*args, **kwargs)"],
      ["`*a*` *`_b_`* ``c ` _d_`` `` ` ``", "*a* _b_ c ` _d_ `"],
      ["`*a* is *not* code", "`a is not code"],
      [
        "\\*not\\* emphasis, \\_nor\\_ this \\`x\\`",
        "*not* emphasis, _nor_ this `x`",
      ],
      ["**a*", "*a"],
      ["größe_x and é_x_, é*x*", "größe_x and é_x_, é*x*"],
    ]
  ) {
    assertEquals(plainHeading(heading), title, heading);
  }
  assertEquals(
    titlesOf(markdown("# One\n## **Two**: `my_func`:"), code("x_y")),
    ["Two: my_func"],
  );
  assertEquals(
    titlesOf(markdown("# Real\n```python\n# a_comment\n```\n"), code("x")),
    ["Real"],
  );
  assertEquals(
    titlesOf(
      ...[markdown("# `def f():`"), code("x")],
      ...[markdown("# **Bold:**"), code("y")],
      ...[markdown("# :"), code("z")],
    ),
    ["def f():", "Bold", "a cell"],
  );
});

Deno.test("An import leaves empty cells out, and keeps their headings", () => {
  const read = readNotebook(
    notebook(
      code("a"),
      markdown("# B"),
      code(" \n\t", [], null),
      code("b", [], 2),
      code("", [], null),
    ),
    "mine.ipynb",
  );
  assertEquals(
    read.map(({ source, headings }) => [source, headings]),
    [["a", []], ["b", ["B"]]],
  );
});

Deno.test("What is no notebook in Python is told, with the place", () => {
  for (
    const [text, message] of [
      ["", "it must be a notebook, which is JSON, found"],
      ["[]", "it must be an object, found []"],
      ['{"nbformat": 3, "worksheets": []}', "nbformat must be 4, found 3"],
      [notebook(), "the notebook has no code cell"],
      [notebook(code(" \n", [], null)), "the notebook has no code cell"],
      [notebook(5), "cells[0] must be an object, found 5"],
      [notebook({ ...code(""), source: 1 }), "cells[0].source must be text"],
      [
        notebook({ ...code(""), outputs: "" }),
        "cells[0].outputs must be a list",
      ],
      [notebook(code("", [stdout()], "1")), "cells[0].execution_count must be"],
      [
        notebook(code("", [{ output_type: "stream", name: "stdout" }])),
        "cells[0].outputs[0].text must be text, found nothing",
      ],
      [
        '{"nbformat": 4, "metadata": {"language_info": {"name": "R"}}}',
        'metadata.language_info.name must be python, found "R"',
      ],
    ]
  ) {
    const error = assertThrows(
      () => readNotebook(text, "my.ipynb"),
      UsageError,
    );
    assertStringIncludes(error.message, `Cannot import my.ipynb: ${message}`);
  }
});

processTest("deno task import writes a lab that runs, or nothing", async () => {
  const { code, out, err } = await runProcess(
    "import_task.ts",
    [],
    ["-A"],
    240,
  );
  assertEquals([code, out, err], [0, "", ""]);
});
