// Imports notebooks in a copy of the project, as its task does. The copy's path and
// a notebook's name have characters that mean something else in a URL.

import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";

const root = await Deno.makeTempDir();
const folder = `${root}/a lab #1, 50% ü`;
const NOTEBOOK = "lab 9 #1 100%.ipynb";
await Deno.mkdir(folder);
try {
  for (const path of ["deno.json", "deno.lock", "mod.ts"]) {
    await Deno.copyFile(path, `${folder}/${path}`);
  }
  for (const path of ["labs", "lib", "vendor"]) await copy(path);
  await Deno.copyFile(
    "tests/support/notebooks/lab9.ipynb.json",
    `${folder}/${NOTEBOOK}`,
  );
  await Deno.writeTextFile(`${folder}/bad.ipynb`, "{}");
  const before = files();

  for (
    const [args, message] of [
      [["bad.ipynb", "mine"], "Cannot import bad.ipynb: nbformat must be 4"],
      [
        ["none.ipynb", "mine"],
        "Cannot read 'none.ipynb': there is no such file",
      ],
      [["labs", "mine"], "Cannot read 'labs': it is a folder"],
      [[NOTEBOOK], "Cannot import: name a notebook and a lab"],
      [[NOTEBOOK, "../x"], "Cannot import as '../x': a lab's name"],
      [[], "Cannot import: name a notebook and a lab\n\nMake a lab"],
      [
        [NOTEBOOK, "queue"],
        "Cannot import as 'queue': labs/recorded/queue.json exists already. " +
        "Choose another name.\n",
      ],
    ] as const
  ) {
    const { code, err } = await deno("task", "--quiet", "import", ...args);
    assertStringIncludes(err, message);
    assertEquals([code, files()], [2, before]);
  }

  const { code, err } = await deno(
    ...["task", "--quiet", "import", NOTEBOOK, "mine"],
  );
  assertEquals([code, err], [0, ""]);
  assertEquals(
    files().filter((file) => !before.includes(file)),
    ["labs/mine.ts", "labs/recorded/mine.json"],
  );
  const again = await deno(
    ...["task", "--quiet", "import", NOTEBOOK, "mine"],
  );
  assertEquals(
    [again.code, again.err],
    [
      2,
      "Cannot import as 'mine': labs/recorded/mine.json exists already. " +
      "Delete it and labs/mine.ts, or choose another name.\n",
    ],
  );
  const script = "labs/mine.ts";
  assertEquals((await deno("fmt", "--check", "--quiet", script)).code, 0);
  assertEquals((await deno("check", "--quiet", script)).err, "");
  const run = await deno("run", "--allow-read=labs", script, "--cell", "5");
  assertStringIncludes(run.out, "In [5]: ");
  assertStringIncludes(run.err, "Cell [5] is not written yet");
  assert(run.code !== 0);

  // The comment above the cells is right about what prints as in Python.
  const comment = await Deno.readTextFile(`${folder}/${script}`);
  const lines = comment.match(/(?<=^ \* {5})console\.log\(.*\/\/.*$/gm) ?? [];
  assertEquals(lines.length, 2);
  await Deno.writeTextFile(
    `${folder}/labs/printed.ts`,
    'import { displayList, repr } from "./notebook/python/mod.ts";\n' +
      lines.join("\n"),
  );
  const printed = await deno("run", "--allow-read=labs", "labs/printed.ts");
  assertEquals(
    printed.out,
    lines.map((line) => `${line.split(" // ")[1]}\n`).join(""),
  );

  // A cell that is written is compared like any other.
  const text = await Deno.readTextFile(`${folder}/${script}`);
  await Deno.writeTextFile(
    `${folder}/${script}`,
    text.replace(
      'throw new Error("Cell [13] is not written yet");',
      'console.log("1\\n2\\n<queue.Queue object at 0x12345678>");',
    ),
  );
  // Systems and editors leave such files beside the records.
  for (const name of [".DS_Store", "._mine.json", "mine.json~"]) {
    await Deno.writeTextFile(`${folder}/labs/recorded/${name}`, "");
  }
  const judged = await deno("task", "--quiet", "labs", "mine:13");
  assertStringIncludes(judged.out, "1 reproduced");
  assertEquals(judged.code, 0);
  const python = ["task", "--quiet", "labs", "threads:4", "--python"];
  const { err: about } = await deno(...python);
  assertMatch(about, /Python here: (Python 3|there is no python3)/);

  const solution = "my #1 solution?.ts";
  await Deno.copyFile(
    `${folder}/labs/exercises/queue-1.ts`,
    `${folder}/${solution}`,
  );
  const checked = await deno(
    "task",
    "--quiet",
    "exercise",
    "queue-1",
    solution,
  );
  assertStringIncludes(checked.out, "✗ queue-1, not yet");

  // It says in a sentence what it can't write.
  const refused = await deno(
    ...["run", "--no-prompt", "--allow-read", "--allow-env=INIT_CWD"],
    ...["labs/import/main.ts", NOTEBOOK, "other"],
  );
  assertStringIncludes(refused.err, "Cannot write labs/recorded/other.json: ");
  assertEquals([refused.code, refused.err.split("\n").length], [2, 2]);
} finally {
  await Deno.remove(root, { recursive: true });
}

async function copy(path: string): Promise<void> {
  await Deno.mkdir(`${folder}/${path}`);
  for await (const { name, isDirectory } of Deno.readDir(path)) {
    if (isDirectory) await copy(`${path}/${name}`);
    else await Deno.copyFile(`${path}/${name}`, `${folder}/${path}/${name}`);
  }
}

function files(): string[] {
  return ["labs", "labs/recorded"].flatMap((path) =>
    [...Deno.readDirSync(`${folder}/${path}`)].map(({ name }) =>
      `${path}/${name}`
    )
  ).sort();
}

async function deno(...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command("deno", {
    args,
    cwd: folder,
    env: { NO_COLOR: "1", INIT_CWD: folder },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}
