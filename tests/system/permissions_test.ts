import { assertEquals } from "@std/assert";
import { processTest } from "../support/threads.ts";

// Plain `deno test` shows this name, once, as ignored.
processTest("threads and processes: run `deno task test`", () => {
  const names = ["env", "ffi", "import", "net", "sys", "write"] as const;
  const granted = names.filter((name) =>
    Deno.permissions.querySync({ name }).state === "granted"
  );
  assertEquals(granted, []);
});
