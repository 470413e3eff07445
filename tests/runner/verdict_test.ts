import { assertEquals, assertStringIncludes } from "@std/assert";
import type { RecordedLab } from "../../labs/runner/judge/record.ts";
import {
  describe,
  judge,
  type Verdict,
} from "../../labs/runner/judge/verdict.ts";
import { cellsOf } from "../../labs/runner/selection.ts";
import { parseTranscript, sampleOf } from "../support/transcript.ts";

const cell = { source: "", seconds: null, rules: [] };

const lab: RecordedLab = {
  lab: "made",
  sentence: { cell: "made:2", text: "" },
  cells: [
    { ...cell, id: "made:1", output: "" },
    { ...cell, id: "made:2", output: "a\nb", rules: ["order:any"] },
    {
      ...cell,
      id: "made:3",
      output: "Finished in 6.0 seconds",
      seconds: 6,
      rules: ["seconds"],
      quick: {},
    },
    {
      ...cell,
      id: "made:4",
      output: "Finished in 3.0 seconds",
      seconds: 3,
      rules: ["seconds"],
      time: { fasterThan: "made:3" },
    },
    { ...cell, id: "made:5", output: "a", rules: ["ids"] },
    { ...cell, id: "made:6", output: "", unrecorded: true },
  ],
  own: ["made:own"],
};

const PRINTED = `In [1]: definition

In [2]: lines
b
a

In [3]: in turn
Finished in 4.0000 seconds

In [4]: in parallel
Finished in 2.0000 seconds

In [5]: a rule for nothing
a

In [6]: never run
b

In [own]: ours
c
`;

interface Run {
  text?: string;
  ended?: string;
  cores?: number;
  quick?: boolean;
}

function judged(id: string, run: Run = {}): Verdict {
  const { text = PRINTED, ended, cores = 2, quick = false } = run;
  const outputs = new Map(
    parseTranscript(text).map(({ id, output }) => [id, output]),
  );
  const cell = cellsOf(lab).find(({ number }) => number === id)!;
  const output = outputs.get(id);
  const than = outputs.get(cell.than?.id.split(":")[1] ?? "");
  const samples = output === undefined
    ? []
    : Array(6).fill(sampleOf(output, than));
  return judge(cell, { samples, ended }, { cores, quick });
}

function described(id: string, run: Run = {}): string {
  return describe(judged(id, run));
}

Deno.test("judge() says what was reproduced, and by which rules", () => {
  assertEquals(described("1"), "reproduced");
  assertEquals(described("2"), "reproduced (rule order:any)");
  assertEquals(described("3"), "reproduced (rule seconds)");
  assertEquals(described("4"), "reproduced (rule seconds)");
});

Deno.test("judge() says what differs", () => {
  const text = PRINTED.replace("b\na", "b\nc");
  const verdict = judged("2", { text });
  assertEquals(describe(verdict), "differs (its output)");
  assertEquals(verdict.output, {
    recorded: ["a", "b"],
    here: ["b", "c"],
    expected: "the recorded lines; lines come in any order, the one about " +
      "the time last",
  });
  const slow = PRINTED.replace("in 2.0", "in 4.1");
  assertEquals(described("4", { text: slow }), "differs (its time)");
  const more = PRINTED.replace("definition\n", "definition\nx\n");
  assertEquals(described("1", { text: more }), "differs (its output)");
});

Deno.test("judge() takes a rule that nothing used for a mistake", () => {
  assertStringIncludes(described("5"), "differs (nothing used rule 'ids'");
  // If the output differs, that is what there is to say.
  const text = PRINTED.replace("nothing\na", "nothing\nb");
  assertEquals(described("5", { text }), "differs (its output)");
});

Deno.test("judge() skips what the notebook doesn't have", () => {
  assertEquals(described("6"), "skipped (the notebook never ran it)");
  assertEquals(described("own"), "skipped (the notebook doesn't have it)");
});

Deno.test("judge() skips a time that one processor can't show", () => {
  const reason = "on one processor, nothing computes in parallel";
  assertEquals(described("4", { cores: 1 }), `skipped (${reason})`);
  // Its output can be compared all the same.
  const text = PRINTED.replace("Finished in 2.0000 seconds", "Failed");
  assertEquals(described("4", { cores: 1, text }), "differs (its output)");
});

Deno.test("judge() compares what it can of a quick run", () => {
  // Cell 3 prints less, and nothing in parallel was won.
  const text = PRINTED.replace("in turn\n", "in turn\nless\n");
  const run = { quick: true, text: text.replace("in 2.0", "in 4.1") };
  assertEquals(described("1", run), "reproduced (quick)");
  assertEquals(described("2", run), "reproduced (quick, rule order:any)");
  assertEquals(
    described("3", run),
    "skipped (quick runs fewer calls than the notebook)",
  );
  assertEquals(
    described("4", run),
    "skipped (quick computes too briefly to compare times)",
  );
});

Deno.test("judge() knows why a cell wasn't run", () => {
  assertEquals(described("2", { text: "" }), "differs (the lab didn't run it)");
  assertEquals(
    described("2", { text: "", ended: "interrupted" }),
    "skipped (interrupted)",
  );
});

Deno.test("judge() says that a cell hung", () => {
  const [, cell] = cellsOf(lab);
  const machine = { cores: 2, quick: false };
  const hung = "it had not ended";
  const verdict = judge(cell, { samples: [], ended: hung, hung }, machine);
  assertEquals(describe(verdict), "differs (it had not ended)");
});

Deno.test("of a cell that ran twice, the second counts", () => {
  const text = PRINTED.replace("In [2]", "In [2]: lines\nx\n\nIn [2]");
  assertEquals(described("2", { text }), "reproduced (rule order:any)");
});
