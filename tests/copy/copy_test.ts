import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { processTest } from "../support/threads.ts";
import { type Finished, runProcess } from "../support/thread_process.ts";
import { assertReproduced, outputsOf } from "../support/labs.ts";

interface Copied {
  text: string;
  copy: Finished;
  check: Finished;
  run: Finished;
  /** What it printed without one of its flags. */
  without: { unstable: Finished; read: Finished };
  /** What it printed with `--events`. */
  events: Finished;
  /** What it printed with `--help`. */
  help: Finished;
}

/** What came of each script, which is run with the flags that stand for it. */
async function copied(
  scripts: Record<string, string[]>,
): Promise<Record<string, Copied>> {
  const args = [JSON.stringify(scripts)];
  const flags = ["-A", "--config", "labs/copy/deno.json"];
  const { out, err } = await runProcess("copied.ts", args, flags, 600);
  assert(out.startsWith("{"), `${out}${err}`);
  return JSON.parse(out);
}

function assertRan({ copy, check, run }: Copied): void {
  assertEquals([copy.code, copy.err], [0, ""]);
  assertEquals(check.code, 0, check.err);
  assertEquals([run.code, run.err], [0, ""]);
}

/** The text below a module's imports. */
function belowImports(text: string): string {
  const [last] = [...text.matchAll(/^.*from ".+";$/gm)].reverse();
  return text.slice(last.index + last[0].length).trim();
}

const WORKER_OPTIONS = "--unstable-worker-options";

/** The labs, and what each is run with. */
const labs = {
  threads: ["--cell", "7"],
  queue: [],
  pool: ["--quick"],
  gil: ["--quick", "--cell", "36"],
  deadlock: [],
  race: [],
};

const scripts = ["clashes", "whole", "parts", "everything", "explored"]
  .map((name) => `tests/support/copy/${name}.ts`);

/** All are copied together, by the first test that looks at one. */
let allCopied: Promise<Record<string, Copied>> | undefined;

async function copyOf(name: string): Promise<Copied> {
  const flags = Object.fromEntries(scripts.map((script) => [script, []]));
  return (await (allCopied ??= copied({ ...labs, ...flags })))[name];
}

for (const lab of Object.keys(labs)) {
  processTest(`The ${lab} lab is copied as one file that runs`, async () => {
    const result = await copyOf(lab);
    assertRan(result);
    const { text, run } = result;
    assertMatch(run.out, /^In \[/);
    const body = belowImports(Deno.readTextFileSync(`labs/${lab}.ts`));
    assertStringIncludes(text, body);
    assert(text.indexOf(body) < 1500, "the lab doesn't come first");
    // Deno passes over an import whose path it doesn't see, but a bundler doesn't.
    assertEquals(/\bimport\("\.[^)]*\)/.exec(text)?.[0], undefined);
    // A flag that is missing is told in a sentence, before anything is printed.
    for (const [flag, { code, out, err }] of Object.entries(result.without)) {
      assertStringIncludes(
        err,
        flag === "read" ? "--allow-read" : WORKER_OPTIONS,
      );
      assertEquals([out, err.trim().split("\n").length], ["", 1], err);
      assert(code !== 0);
    }
    assertEquals(
      result.events.err.split("\n")[0],
      "Cannot take --events: a copy has no part for `deno task labs`",
    );
    // Its help names its own file, and no flag that it refuses.
    const [, command] = /^Usage: deno (.+) \[flags\]$/m.exec(result.help.out)!;
    assertStringIncludes(text, `//     deno ${command}\n`);
    assertStringIncludes(result.events.err, `See deno ${command} --help`);
    assertEquals(/--(events|step)\b/.exec(result.help.out), null);
    if (lab === "queue") {
      const printed = { ...run, stdout: run.out, stderr: run.err };
      assertReproduced("queue", outputsOf(printed));
    }
    if (lab === "race") {
      // The explorer knows the lab's own lines from the library's.
      assertMatch(run.out, /read → 0 {2}\S+\.ts:\d+\n/);
      assertMatch(
        run.out,
        /^Run again from that line, it fails in the same way: true$/m,
      );
    }
    if (lab === "threads") {
      // What it uses, with its comments, and nothing else.
      assertMatch(
        text,
        / \* @typeParam F The type of .*\n \*\/\nclass Thread</,
      );
      assert(!/^class (Pool|Barrier|Gil|Queue)\b/m.test(text));
      // An option's type names the class, so its members that are used stay.
      assertMatch(
        text,
        /^interface Queue<[^]*^ {2}putSync\(item: T, options\?/m,
      );
      assertMatch(text, /^ {2}(?:async )?join\(/m);
      assert(!/^ {2}(joinSync|terminate)\(/m.test(text));
      const lines = (all: string) => all.split("\n").length;
      const most = 0.75 * lines((await copyOf("pool")).text);
      assert(lines(text) < most, "more of the library is there");
    }
  });
}

for (const script of scripts) {
  processTest(`A copy prints what its script prints: ${script}`, async () => {
    const direct = await runProcess(script.replace("tests/support/", ""), []);
    assertEquals([direct.code, direct.err], [0, ""]);
    const result = await copyOf(script);
    assertRan(result);
    assertEquals(result.run.out.trimEnd(), direct.out);
  });
}

processTest("What can't be copied is told in a sentence", async () => {
  const { copy, text } = (await copied({ nothing: [] })).nothing;
  assertStringIncludes(
    copy.err,
    "Cannot copy 'nothing': it is no lab (deadlock, gil, pool, ",
  );
  assertEquals([copy.code, text], [2, ""]);
});

processTest("A script whose copy wouldn't run is refused", async () => {
  const flags = ["-A", "--no-lock", "--config", "labs/copy/deno.json"];
  const { code, err } = await runProcess("copy_refusals.ts", [], flags);
  assertEquals([code, err], [0, ""]);
});

processTest(
  "A file that was changed is not written over",
  async () => {
    const flags = ["-A", "--no-lock", "--config", "labs/copy/deno.json"];
    const { code, err } = await runProcess("copy_over.ts", [], flags);
    assertEquals([code, err], [0, ""]);
  },
);
