import { assert, assertEquals, assertMatch } from "@std/assert";
import { proseLines, proseOf } from "../../labs/notebook/prose.ts";
import { recordedLabs } from "../../labs/runner/judge/record.ts";

Deno.test("every cell has a line or two of prose", () => {
  for (const { cells, own = [] } of recordedLabs) {
    for (const id of [...cells.map(({ id }) => id), ...own]) {
      assert(proseOf(id), id);
    }
  }
  assertEquals(proseOf("queue:99"), undefined);
  // Without the lock, nothing takes turns.
  const title = "threaded f(), without the lock";
  assertMatch(proseOf("gil:35", title)!, /compute at the same time/);
  assertEquals(proseOf("gil:34", title), proseOf("gil:34"));
  assert(proseOf("gil:35") !== proseOf("gil:35", title));
  // Flags change how many threads there are.
  assert(!/^(Two|Three|Four|Ten) /.test(proseOf("gil:35")!));
});

Deno.test("prose keeps to a width", () => {
  assertEquals(proseLines("one two three", 9), ["# one two", "# three"]);
});
