import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { runProcess } from "../support/thread_process.ts";
import { processTest } from "../support/threads.ts";

processTest("The package runs where it is loaded over HTTP", async () => {
  const { out, err } = await runProcess("over_http.ts", [], ["-A"], 600);
  assert(out.startsWith("{"), `${out}${err}`);
  const result = JSON.parse(out);
  assertEquals(result.with, { code: 0, out: "[ 1, 4, 9 ]\n16\n", err: "" });
  assertStringIncludes(result.without.err, "the --allow-import flag");
  assertEquals([result.without.code, result.without.out], [1, ""]);
});
