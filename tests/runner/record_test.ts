import { assertStringIncludes, assertThrows } from "@std/assert";
import { checkRecord } from "../../labs/runner/judge/check_record.ts";
import { recordedLabs } from "../../labs/runner/judge/record.ts";
import { UsageError } from "../../labs/runner/usage_error.ts";

// deno-lint-ignore no-explicit-any -- to be broken
type Json = any;

const sound = {
  lab: "a",
  sentence: { cell: "a:1", text: "It took *" },
  cells: [
    {
      ...{ id: "a:1", source: "f()", output: "x", seconds: 2 },
      ...{ rules: ["seconds"], time: { sleeps: true }, quick: { seconds: 1 } },
    },
    {
      ...{ id: "a:2", source: "", output: "", seconds: 1, rules: [] },
      time: { fasterThan: "a:1", workers: 4 },
    },
    { id: "a:None", source: "", output: "", seconds: null, rules: [] },
  ],
  own: ["a:own"],
};

/** Breaks a copy of a sound record, and wants to be told where and how. */
function refuse(
  change: (record: Json) => unknown,
  path: string,
  expected: string,
): void {
  const copy: Json = structuredClone(sound);
  const record = change(copy) ?? copy;
  const error = assertThrows(
    () => checkRecord(record, "a", "a.json"),
    UsageError,
  );
  assertStringIncludes(
    error.message,
    `Cannot compare with a.json: ${path} must be ${expected}`,
  );
}

Deno.test("checkRecord() has nothing against the notebook's record", () => {
  for (const record of recordedLabs) checkRecord(record, record.lab);
  checkRecord(sound, "a");
});

Deno.test("checkRecord() says where a record is not as it must be", () => {
  for (const odd of [[], "text", 7, true]) {
    refuse(() => odd, "it", "an object");
    refuse((r) => void (r.cells[0] = odd), "cells[0]", "an object");
    refuse((r) => void (r.cells[1].time = odd), "cells[1].time", "an object");
    refuse((r) => void (r.sentence = odd), "sentence", "an object");
  }
  for (const odd of [null, {}, "text", 7]) {
    refuse((r) => void (r.cells = odd), "cells", "a list");
    refuse((r) => void (r.own = odd), "own", "a list");
    refuse((r) => void (r.cells[1].rules = odd), "cells[1].rules", "a list");
  }
  for (const odd of [null, [], {}, 7, undefined]) {
    refuse(
      (r) => void (r.cells[1].source = odd),
      "cells[1].source",
      "a string",
    );
    refuse(
      (r) => void (r.cells[1].output = odd),
      "cells[1].output",
      "a string",
    );
    refuse((r) => void (r.sentence.text = odd), "sentence.text", "a string");
    refuse((r) => void (r.lab = odd), "lab", "'a'");
  }
  for (const odd of [null, 7, "", "a", "a:", "b:1", "a:1 2", "a:1,2", [], {}]) {
    refuse((r) => void (r.cells[2].id = odd), "cells[2].id", "'a:' and");
    refuse((r) => void (r.own[0] = odd), "own[0]", "'a:' and");
  }
  for (const odd of ["2", -1, -0.001, Infinity, NaN, [], {}, true, undefined]) {
    refuse(
      (r) => void (r.cells[0].seconds = odd),
      "cells[0].seconds",
      "seconds",
    );
  }
  for (const odd of [null, -1, "1", undefined]) {
    const path = "cells[0].quick.seconds";
    refuse((r) => void (r.cells[0].quick.seconds = odd), path, "seconds");
  }
  for (const odd of [null, 0, -1, 1.5, 65, "4"]) {
    const path = "cells[1].time.workers";
    refuse((r) => void (r.cells[1].time.workers = odd), path, "a whole number");
  }
  for (const odd of [null, 7, "odd", "toString", "order:odd", ["ids"]]) {
    refuse(
      (r) => void (r.cells[1].rules = [odd]),
      "cells[1].rules[0]",
      "one of",
    );
  }
  refuse((r) => void (r.cells[0].sources = ""), "cells[0].sources", "left out");
  refuse((r) => void (r.name = ""), "name", "left out");
  refuse(
    (r) => void (r.cells[0].time.sleeps = false),
    "cells[0].time.sleeps",
    "true",
  );
});

Deno.test("checkRecord() says what doesn't go together", () => {
  refuse((r) => void (r.cells = r.own = []), "cells", "a list of at least one");
  refuse((r) => void (r.cells[1].id = "a:1"), "cells[1].id", "another id than");
  refuse((r) => void (r.own[0] = "a:1"), "own[0]", "another id than");
  refuse((r) => void (r.sentence.cell = "a:9"), "sentence.cell", "a cell of");
  refuse(
    (r) => void (r.cells[1].time = {}),
    "cells[1].time",
    "one of 'sleeps'",
  );
  refuse(
    (r) => void (r.cells[1].time.sleeps = true),
    ...["cells[1].time", "one of 'sleeps'"] as const,
  );
  refuse(
    (r) => void (r.cells[0].seconds = null),
    "cells[0].seconds",
    "a number",
  );
  refuse(
    (r) => void (r.cells[0].quick = {}),
    "cells[0].quick.seconds",
    "a num",
  );
  for (const id of ["a:2", "a:9", "a:None", "a:own"]) {
    refuse(
      (r) => void (r.cells[1].time = { noFasterThan: id }),
      ...["cells[1].time.noFasterThan", "another cell, which"] as const,
    );
  }
  const rules = (...names: string[]) => (r: Json) =>
    void (r.cells[1].rules = names);
  refuse(rules("ids", "ids"), "cells[1].rules[1]", "a rule that isn't listed");
  refuse(rules("order:any", "order:exact"), "cells[1].rules", "rules with at");
});
