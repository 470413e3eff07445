import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { readOptions } from "../../bench/cli.ts";
import { UsageError } from "../../labs/runner/usage_error.ts";
import { processTest } from "../support/threads.ts";
import { race } from "../support/bench_race.ts";

const all = ["queue", "apply"].map((name) => ({ ...race("us"), name }));

function read(...args: string[]) {
  return readOptions(args, all, ({ name }) => name === "apply");
}

function namesOf(options: ReturnType<typeof read>): string[] | undefined {
  return options?.measurements.map(({ name }) => name);
}

Deno.test("Without names, everything is measured, by the gate what has floors", () => {
  assertEquals(namesOf(read()), ["queue", "apply"]);
  assertEquals(namesOf(read("--gate")), ["apply"]);
  assertEquals(namesOf(read("queue", "--gate")), ["queue"]);
  assertEquals(read()?.rounds, 7);
  assertEquals(read("--rounds", "15")?.rounds, 15);
  assertEquals(read("--knitting", "../knitting")?.knitting, "../knitting");
  assertEquals(read("--help"), undefined);
});

Deno.test("A mistake in the command line is told", () => {
  const mistakes: [string[], string][] = [
    [["que"], "Cannot measure 'que': the measurements are queue, apply"],
    [["--rounds", "0"], "Cannot run with --rounds '0'"],
    [["--round"], "Unknown flag '--round'"],
    [["--svg", ""], "Cannot draw into --svg ''"],
    [["--knitting", ""], "Cannot use --knitting ''"],
  ];
  for (const [args, message] of mistakes) {
    assertThrows(() => read(...args), UsageError, message);
  }
});

processTest(
  "A folder that can't be written is told before anything runs",
  async () => {
    const { code, stderr } = await new Deno.Command("deno", {
      args: [
        "run",
        "--no-prompt",
        "--allow-read=.",
        "--allow-write=.",
        "bench/main.ts",
        "--svg",
        "/elsewhere",
      ],
      stdout: "null",
    }).output();
    assertEquals(code, 2);
    assertStringIncludes(
      new TextDecoder().decode(stderr),
      "Cannot write --svg '/elsewhere'",
    );
  },
);
