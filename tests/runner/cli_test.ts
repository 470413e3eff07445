import { assertEquals, assertThrows } from "@std/assert";
import { type Options, readOptions } from "../../labs/runner/cli.ts";
import { FlagError } from "../../labs/notebook/flags.ts";
import { recordedLabs } from "../../labs/runner/judge/record.ts";
import { flagsOf, select } from "../../labs/runner/selection.ts";
import { UsageError } from "../../labs/runner/usage_error.ts";

function selected(...parts: string[]): string[] {
  return select(parts, recordedLabs)
    .flatMap(({ cells }) => cells.map(({ id }) => id));
}

function flags(...parts: string[]): string[] {
  return select(parts, recordedLabs).flatMap(flagsOf);
}

Deno.test("select() without a choice takes everything", () => {
  assertEquals(selected().length, 30);
  assertEquals(flags(), []);
});

Deno.test("select() takes labs, cells and ranges", () => {
  assertEquals(select(["queue"], recordedLabs)[0].cells.length, 8);
  assertEquals(selected("threads:7"), ["threads:7"]);
  assertEquals(selected("gil:34-36"), ["gil:34", "gil:35", "gil:36"]);
  assertEquals(selected("gil:None", "gil:own"), ["gil:None", "gil:own"]);
  assertEquals(selected("queue:13,17"), ["queue:13", "queue:17"]);
  assertEquals(selected("gil:own,34-35,None"), [
    ...["gil:34", "gil:35", "gil:None", "gil:own"],
  ]);
});

Deno.test("select() keeps the notebook's order, each cell once", () => {
  assertEquals(selected("gil:34-35", "threads:7", "gil:35"), [
    ...["threads:7", "gil:34", "gil:35"],
  ]);
});

Deno.test("flagsOf() adds the cell that a time is compared with", () => {
  assertEquals(flags("threads:7"), ["--cell", "7"]);
  assertEquals(flags("pool:9"), ["--cell", "9,8"]);
  assertEquals(flags("gil:None"), ["--cell", "None,37"]);
  assertEquals(flags("queue"), []);
});

Deno.test("select() says what can be selected", () => {
  const refuse = (part: string, message: string) =>
    assertThrows(() => selected(part), UsageError, message);
  const labs = "the labs are threads, queue, pool, gil";
  refuse("quee", `Cannot run lab 'quee': ${labs}`);
  refuse("7", `Cannot run lab '7': ${labs}`);
  refuse("", labs);
  refuse(":7", labs);
  const cells = "the cells of threads are 4, 5, 7, 8, 9, 10, or a range such " +
    "as threads:4-5";
  refuse("threads:99", `Cannot run cell 'threads:99': ${cells}`);
  refuse("threads:9-8", cells);
  refuse("threads:", cells);
});

const none = {
  ...{ parts: [], repeat: 1, timeout: undefined, quick: false },
  ...{ strict: false, force: false, python: false, predict: false },
  ...{ list: false, watch: false, json: false, plain: false, quiet: false },
  ...{ junit: undefined, svg: undefined, trace: undefined, report: undefined },
};

function read(args: string): Partial<Options> {
  const options = readOptions(args === "" ? [] : args.split(" "));
  // A function; it has a test of its own.
  const { labFlags: _, ...others } = options ?? {};
  return others;
}

Deno.test("readOptions() passes on the flags of labs", () => {
  const flags = (...args: string[]) => {
    const { labFlags } = readOptions(args)!;
    return [labFlags("pool"), labFlags("gil")];
  };
  assertEquals(flags(), [[], []]);
  const workers = ["--workers", "3"];
  assertEquals(flags(...workers), [workers, workers]);
  assertEquals(flags("--no-gil"), [[], ["--no-gil"]]);
  const interval = ["--switch-interval", "0.0001"];
  assertEquals(flags(...interval), [[], interval]);
  assertEquals(flags("--no-gil", "queue", "gil:35"), [[], ["--no-gil"]]);
  for (const flag of ["--no-gil", "--switch-interval=1"]) {
    const message = `Cannot take ${flag.split("=")[0]} without the gil lab`;
    assertThrows(() => flags(flag, "queue", "race:1"), UsageError, message);
  }
  const message = "Cannot take --no-gil and --switch-interval together";
  assertThrows(() => flags("--no-gil", ...interval), UsageError, message);
  for (const odd of ["0", "61", "-1", "soon", "1e-3"]) {
    assertThrows(() => flags(`--switch-interval=${odd}`), FlagError, "seconds");
  }
});

Deno.test("readOptions() reads every flag", () => {
  assertEquals(read(""), none);
  const all = "gil pool:9 --repeat 3 --timeout=1.5 --quick --strict --force " +
    "--python --plain --watch --json --junit a.xml --quiet --svg d --trace t " +
    "--report r";
  assertEquals(read(all), {
    ...none,
    ...{ parts: ["gil", "pool:9"], repeat: 3, timeout: 1.5, quick: true },
    ...{ strict: true, force: true, python: true, plain: true, watch: true },
    ...{ json: true, junit: "a.xml", quiet: true, svg: "d", trace: "t" },
    report: "r",
  });
  assertEquals([read("--list").list, read("--predict").predict], [true, true]);
  assertEquals(read("--quick -- gil 7").parts, ["gil", "7"]);
  assertEquals(readOptions(["--help"]), undefined);
  assertEquals(readOptions(["-h"]), undefined);
});

Deno.test("readOptions() says what is valid", () => {
  const refuse = (args: string, message: string) =>
    assertThrows(() => read(args), UsageError, message);
  refuse(
    "--wrong",
    "Unknown flag '--wrong': the flags are --repeat, --timeout",
  );
  refuse("-q", "Unknown flag '-q'");
  refuse("--no-quick", "Unknown flag '--no-quick'");
  for (const value of ["0", "-1", "1.5", "two", "1001"]) {
    refuse(`--repeat=${value}`, "it must be a number from 1 to 1000");
  }
  for (const value of ["0", "-1", "soon", "1e3", "86401"]) {
    refuse(`--timeout=${value}`, "it must be seconds, more than 0");
  }
  refuse("--quick gil --quick", "Cannot take --quick twice");
  refuse("--junit a --junit=b", "Cannot take --junit twice");
  refuse("--quick=no", "Cannot take --quick with 'no': it has no value");
  refuse("--list --json", "Cannot take --list and --json together");
  refuse("--predict --json", "Cannot take --predict and --json together");
  for (const flag of ["--junit", "--svg", "--trace", "--report", "--repeat"]) {
    refuse(flag, `Cannot take ${flag} without a value`);
    refuse(`${flag}=`, `Cannot take ${flag} without a value`);
    refuse(`${flag} --quick`, `Cannot take ${flag} without a value`);
    if (flag === "--repeat") continue;
    for (const path of ["queue", "queue:13", "gil:34-36"]) {
      const message = `Cannot write ${flag} '${path}': it must be the name`;
      refuse(`${flag} ${path}`, message);
    }
  }
});
