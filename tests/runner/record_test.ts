import { assertThrows } from "@std/assert";
import { checkRecord } from "../../labs/runner/judge/check_record.ts";
import { recordedLabs } from "../../labs/runner/judge/record.ts";
import { UsageError } from "../../labs/runner/usage_error.ts";

Deno.test("checkRecord() has nothing against the notebook's record", () => {
  recordedLabs.forEach(checkRecord);
});

Deno.test("checkRecord() says what is wrong with a record", () => {
  const [lab] = recordedLabs;
  const refuse = (change: object, message: string) => {
    const [first, ...others] = lab.cells;
    const cells = [{ ...first, ...change }, ...others] as typeof lab.cells;
    assertThrows(() => checkRecord({ ...lab, cells }), UsageError, message);
  };
  refuse({ id: "queue:4" }, "its id must begin with 'threads:'");
  refuse({ output: undefined }, "its output must be a string");
  refuse({ rules: "seconds" }, "its rules must be a list");
  refuse({ rules: ["odd"] }, "odd");
  refuse({ seconds: "1" }, "its seconds must be a number or null");
  refuse({ time: { workers: 0 } }, "its workers must be a positive integer");
  assertThrows(
    () => checkRecord({ ...lab, sentence: { cell: "threads:99", text: "" } }),
    UsageError,
    "there is no cell 'threads:99' to tell of",
  );
});
