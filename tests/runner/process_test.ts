import {
  assert,
  assertEquals,
  assertMatch,
  assertNotMatch,
  assertStringIncludes,
} from "@std/assert";
import { stripAnsiCode } from "@std/fmt/colors";
import config from "../../deno.json" with { type: "json" };
import { processTest } from "../support/threads.ts";

const cwd = new URL("../../", import.meta.url);
const FAKE = "run --no-check --no-prompt --allow-run=deno " +
  "tests/support/runner_labs.ts";

interface Finished {
  code: number;
  out: string;
  err: string;
}

function start(flags: string, args: string[], env = {}): Deno.ChildProcess {
  return new Deno.Command("deno", {
    args: [...flags.split(" "), ...args],
    ...{ cwd, env, stdin: "null", stdout: "piped", stderr: "piped" },
  }).spawn();
}

async function finish(child: Deno.ChildProcess): Promise<Finished> {
  const { code, stdout, stderr } = await child.output();
  const [out, err] = [stdout, stderr]
    .map((bytes) => new TextDecoder().decode(bytes));
  return { code, out, err };
}

/** Runs the runner on labs that take no time. */
async function runFake(...args: string[]): Promise<Finished> {
  const { code, out, err } = await finish(start(FAKE, args));
  return { code, out: stripAnsiCode(out), err: stripAnsiCode(err) };
}

/** Runs what `deno task labs` runs. */
function runTask(args: string[], env = {}): Promise<Finished> {
  const { command } = config.tasks.labs;
  return finish(start(command.replace(/^deno /, ""), args, env));
}

processTest("labs: exit code 0 when everything is reproduced", async () => {
  const { code, out, err } = await runFake("good");
  assertStringIncludes(out, "In [2]: some lines\na\nb\nc\n");
  assertMatch(out, /good:2 +some lines +✓ reproduced \(rules seconds, order:e/);
  assertStringIncludes(out, "good     It slept 1.0 seconds (notebook: 1.0).");
  // Progress, in plain lines; a timeline isn't for the reader.
  assertMatch(err, /^\d+\.\d s good:2 some lines \(notebook: 1\.0 s\)$/m);
  assert(!out.includes("\x1e"));
  assertEquals(code, 0);
});

processTest("labs: exit code 1 when something differs", async () => {
  const { code, out } = await runFake("good", "wrong");
  assertStringIncludes(out, "wrong:2 (some lines) differs: its output");
  assertMatch(out, /^ {2}- b\n {2}\+ x$/m);
  assertStringIncludes(out, "3 reproduced, 1 different, 2 skipped");
  assertEquals(code, 1);
});

processTest("labs: exit code 2 for a rule that nothing used", async () => {
  const { code, out } = await runFake("unused");
  assertStringIncludes(out, "nothing used rule 'ids': take it out of the rec");
  assertEquals(code, 2);
});

processTest(
  "labs: exit code 2 for a mistake, before anything runs",
  async () => {
    for (
      const [args, message] of [
        [["wrng"], "Cannot run lab 'wrng': the labs are good, wrong, broken"],
        [
          ["good:9"],
          "Cannot run cell 'good:9': the cells of good are 1, 2, own",
        ],
        [["good", "--repeat", "0"], "Cannot run with --repeat '0'"],
        [
          ["good", "malformed"],
          "cells[1].rules[0] must be one of the rules kernel-",
        ],
      ] as const
    ) {
      const { code, out, err } = await runFake(...args);
      assertStringIncludes(err, message);
      assertStringIncludes(err, "See deno task labs --help");
      assertEquals([code, out], [2, ""]);
    }
  },
);

processTest("labs: exit code 3 when a lab fails; others run", async () => {
  const { code, out, err } = await runFake("broken", "wrong", "good");
  assertStringIncludes(err, "no more");
  assertMatch(out, /broken:2 +– skipped \(the lab failed with exit code 7\)/);
  assertMatch(out, /good:2 +some lines +✓ reproduced/);
  assertStringIncludes(out, "But the lab failed with exit code 7.");
  assertEquals(code, 3);
});

processTest("labs: what a lab prints is no event", async () => {
  const { code, out } = await runFake("forging");
  assertStringIncludes(out, "In [own]: forged\n");
  assertStringIncludes(out, '\x1e{"type":"start"');
  assertMatch(out, /forging:2 +some lines +✗ differs \(its output\)/);
  // What it printed without a break ends with the cell.
  assertMatch(out, /^ {2}\+ no break$/m);
  assertMatch(out, /forging:own +our own +– skipped/);
  assertEquals(code, 1);
});

processTest("labs: what a lab leaves behind isn't waited for", async () => {
  const started = performance.now();
  const { code } = await runFake("holding", "good");
  assertEquals(code, 0);
  // It holds the lab's output open for 40 seconds.
  assert(performance.now() - started < 30_000);
});

processTest("labs: a line of 64 MB differs", async () => {
  const started = performance.now();
  const { code, out } = await runFake("huge", "--quiet");
  assertMatch(out, /huge:2 \(some lines\) differs: its output/);
  assert(out.length < 10_000, `it printed ${out.length} characters`);
  assertEquals(code, 1);
  assert(performance.now() - started < 60_000);
});

processTest("labs: a sleep that took too long is tried again", async () => {
  for (const flags of [[], ["--quick"]]) {
    const { code, out } = await runFake("long", ...flags);
    assertMatch(out, /long:2 +some lines +✓ reproduced .* 1\.9 s/);
    assert(!out.includes("once more"));
    assertEquals(code, 0);
  }
});

processTest("labs: exit code 3 when a lab takes too long", async () => {
  // On a busy machine the lab may not come to its second cell in time. Then it gets more.
  for (let seconds = 1.5;; seconds *= 2) {
    const started = performance.now();
    const { code, out } = await runFake("slow", "--timeout", `${seconds}`);
    assertEquals(code, 3);
    assertStringIncludes(out, `skipped (the lab took more than ${seconds} sec`);
    // The process that the lab has started would hold its output open.
    assert(performance.now() - started < 20_000 + seconds * 1000);
    if (seconds < 20 && /slow:1 +– skipped/.test(out)) continue;
    assertMatch(out, /slow:1 +a definition +✓ reproduced/);
    assertMatch(out, /slow:2 +– skipped/);
    return;
  }
});

/** Runs the slow lab until it is in its second cell, then sends a signal. */
async function interrupt(
  signal: Deno.Signal,
): Promise<Finished & { seconds: number }> {
  const child = start(FAKE, ["good", "slow", "unused"]);
  const [copy, out] = child.stdout.tee();
  let text = "";
  for await (const part of copy.pipeThrough(new TextDecoderStream())) {
    text += part;
    if (text.split("some lines").length === 3) break;
  }
  const started = performance.now();
  child.kill(signal);
  const [code, ...texts] = await Promise.all([
    child.status.then(({ code }) => code),
    ...[out, child.stderr].map((stream) => new Response(stream).text()),
  ]);
  const seconds = (performance.now() - started) / 1000;
  return { code, out: stripAnsiCode(texts[0]), err: texts[1], seconds };
}

processTest("labs: Ctrl-C prints the table so far", async () => {
  const { code, out, seconds } = await interrupt("SIGINT");
  assertMatch(out, /good:2 +some lines +✓ reproduced/);
  assertMatch(out, /slow:1 +a definition +✓ reproduced/);
  assertMatch(out, /slow:2 +– skipped \(interrupted\)/);
  assertMatch(out, /unused:1 +– skipped \(interrupted\)/);
  assertEquals(code, 130);
  // A process left behind would hold the lab's output open for a minute.
  assert(seconds < 20, `it took ${seconds} seconds`);
});

processTest("labs: ended by SIGTERM, it leaves nothing either", async () => {
  const { code, seconds } = await interrupt("SIGTERM");
  assertEquals(code, 143);
  assert(seconds < 20, `it took ${seconds} seconds`);
});

processTest("labs --repeat gives a verdict a run", async () => {
  const { code, out } = await runFake("good", "--repeat", "2");
  assertStringIncludes(out, "good, run 1 of 2: 2 reproduced, 1 skipped");
  assertStringIncludes(out, "good, run 2 of 2: 2 reproduced, 1 skipped");
  assertMatch(out, /✓✓ reproduced in 2 of 2 runs .* 1\.0 s +1\.0–1\.0/);
  assertEquals(code, 0);
});

processTest("labs runs chosen cells, and says quick", async () => {
  const { out } = await runFake("good:own", "good:2", "--quick");
  assertStringIncludes(out, "--cell 2,own --quick");
  assertStringIncludes(out, "✓ reproduced (quick, rules seconds, order:exact)");
  assertNotMatch(out, /^good:1/m);
});

processTest("labs --json prints JSON and nothing else", async () => {
  const { code, out } = await runFake("wrong", "broken", "--json");
  const report = JSON.parse(out);
  assertEquals([code, report.exitCode], [3, 3]);
  const [wrong, broken] = report.labs;
  assertEquals(wrong.cells[1].verdict, "differs");
  assertEquals(wrong.cells[1].runs[0].output.here[1], "x");
  assertEquals(broken.failures, [
    { run: 1, failure: "the lab failed with exit code 7" },
  ]);
});

processTest("labs --quiet prints what differs and the table only", async () => {
  const good = await runFake("good", "--quiet");
  assert(good.out.startsWith("Cell "));
  assertEquals(good.err, "");
  const wrong = await runFake("wrong", "--quiet");
  assert(wrong.out.startsWith("wrong:2 (some lines) differs"));
});

processTest("labs --list shows the cells and their rules", async () => {
  const { code, out } = await runFake("good", "--list");
  assertMatch(
    out,
    /^good:2 +some lines +1 s {2}seconds, order:exact, time as/m,
  );
  assertMatch(out, /^good:own +our own +not recorded$/m);
  assertEquals(code, 0);
});

processTest("labs --help explains flags and exit codes", async () => {
  const { code, out } = await runFake("--help");
  const words = "--repeat --quick --timeout --list --watch --json --junit " +
    "--quiet --help 130";
  for (const word of words.split(" ")) assertStringIncludes(out, word);
  assertEquals(code, 0);
});

async function runFiles(scenario: string): Promise<string> {
  const flags = "run -A --no-check tests/support/runner_files.ts";
  const { code, out, err } = await finish(start(flags, [scenario]));
  assertEquals([code, err], [0, ""]);
  return out;
}

processTest("labs --junit writes a report", async () => {
  const out = await runFiles("junit");
  assertMatch(out, /^3\n<\?xml version="1\.0" encoding="UTF-8"\?>\n/);
  assertStringIncludes(out, 'tests="10" failures="1" errors="1" skipped="4"');
  assertMatch(out, /<\/testsuites>\n$/m);
});

processTest("labs writes over nothing but what it wrote", async () => {
  const lines = (await runFiles("refused")).split("\n");
  const why: Record<string, string> = {
    "--junit none/report.xml": "there is no such folder",
    "--junit ../report.xml": "it is outside this project",
    "--junit /report.xml": "it is outside this project",
    "--junit link/report.xml": "it is outside this project",
    "--junit file": "it isn't a file",
    "--junit deno.json": "it holds something else; --force overwrites it",
    "--junit folder": "it isn't a file",
    "--svg .": "it holds something else; --force overwrites it",
    "--svg link/a/b": "it is outside this project",
    "--svg ../a": "it is outside this project",
    "--svg deno.json": "it isn't a folder",
    "--trace one --report ./folder/../one": "--trace writes it, too",
  };
  for (const [flags, reason] of Object.entries(why)) {
    const line = lines.find((line) => line.startsWith(`${flags} 2 `));
    assertStringIncludes(line ?? "", reason, flags);
    if (!reason.includes("outside")) continue;
    const [flag, path] = flags.split(" ");
    assertStringIncludes(line!, `Cannot write ${flag} '${path}': `);
  }
  assertMatch(lines.find((line) => line.includes("--force 0")) ?? "", /^--rep/);
  assertEquals(lines.slice(-6, -1), [
    ...["0 outside", "<!DOCTYPE html>", "0", "0", "0 left"],
  ]);
});

processTest(
  "labs --watch runs again after a change, until Ctrl-C",
  async () => {
    assertEquals(await runFiles("watch"), "130 2\n");
  },
);

processTest("labs in colour only where that is wanted", async () => {
  // deno-lint-ignore no-control-regex -- colours
  const COLOR = /\x1b\[/;
  const list = async (env: Record<string, string>) =>
    (await runTask(["threads", "--list"], env)).out;
  const none = { NO_COLOR: "", FORCE_COLOR: "" };
  assertNotMatch(await list(none), COLOR);
  assertMatch(await list({ ...none, FORCE_COLOR: "1" }), COLOR);
  assertNotMatch(await list({ ...none, NO_COLOR: "1" }), COLOR);
});

processTest("deno task labs runs a real lab's cell", async () => {
  const { code, out } = await runTask(["threads:8"]);
  const text = stripAnsiCode(out);
  assertMatch(text, /✓ reproduced \(rules seconds, order:partial\) +0\.\d s/);
  assertStringIncludes(text, "In [8]: two threads, not joined\n");
  assertEquals(code, 0);
});

processTest("deno task labs --python runs the notebook itself", async () => {
  const { out, err } = await runTask(["threads:5,8", "--python", "--json"]);
  assertMatch(err, /Python here: (Python 3|there is no python3)/);
  const { labs: [{ cells }] } = JSON.parse(out);
  if (err.includes("there is no python3")) return;
  const [two, unjoined] = cells.map((cell: { python: unknown }) => cell.python);
  assertMatch(two.output, /^Sleeping 1 second\.\.\.\nDone sleeping\n/);
  assertEquals([two.verdict, unjoined.verdict], ["reproduced", "differs"]);
});

processTest("labs --python runs a lab without those before it", async () => {
  const { out } = await finish(start(
    "run --no-check --no-prompt --allow-run=deno,python3 --allow-read=labs",
    ["tests/support/python_imports.ts"],
  ));
  const { about, output, reason, ended } = JSON.parse(out);
  if (about.includes("there is no python3")) return;
  assertEquals([output, reason], ["5", undefined]);
  assertEquals(ended, "skipped (interrupted)");
});

processTest(
  "labs --predict asks, runs, and says what was foreseen",
  async () => {
    const { command } = config.tasks.labs;
    const child = new Deno.Command("deno", {
      args: [...command.split(" ").slice(1), "threads:5,8", "--predict"],
      ...{ cwd, stdin: "piped", stdout: "piped", stderr: "null" },
    }).spawn();
    const writer = child.stdin.getWriter();
    // Two seconds, after a word that is no number; and no answer for the second.
    await writer.write(new TextEncoder().encode("two\n2\n"));
    await writer.close();
    const { code, stdout } = await child.output();
    const out = stripAnsiCode(new TextDecoder().decode(stdout));
    assertEquals(code, 0);
    assertMatch(out, /Before threads:5: Two calls in a row.*\n[^]*In \[5\]/);
    assertStringIncludes(out, "A number, please");
    assertMatch(out, /✓ threads:5: you said 2, it was 2(\.\d+)? seconds\n/);
    assertMatch(out, /1 of 1 foreseen\n$/);
  },
);

processTest(
  "labs --svg leaves the pictures of the documents alone",
  async () => {
    const { code, err } = await runTask(["threads:5", "--svg", "docs/images"]);
    assertStringIncludes(
      err,
      "'docs/images/threads-5.svg': it holds something",
    );
    assertEquals(code, 2);
  },
);
