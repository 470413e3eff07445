import { assert, assertEquals } from "@std/assert";
import { proseLines, proseOf } from "../../labs/notebook/prose.ts";
import { recordedLabs } from "../../labs/runner/judge/record.ts";

Deno.test("every cell has a line or two of prose", () => {
  for (const { cells, own = [] } of recordedLabs) {
    for (const id of [...cells.map(({ id }) => id), ...own]) {
      assert(proseOf(id), id);
    }
  }
  assertEquals(proseOf("queue:99"), undefined);
});

Deno.test("prose keeps to a width", () => {
  assertEquals(proseLines("one two three", 9), ["# one two", "# three"]);
});
