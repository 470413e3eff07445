import { assert, assertEquals } from "@std/assert";
import { runProcess } from "../support/thread_process.ts";
import { processTest, threadTest } from "../support/threads.ts";

for (const way of ["path", "import map", "workspace", "links"]) {
  processTest(
    `The package works where a project takes it by ${way}`,
    async () => {
      const { code, out, err } = await runProcess("package_users.ts", [way], [
        "-A",
      ]);
      assertEquals([code, err], [0, ""]);
      const { paths, check, run } = JSON.parse(out);
      // It is the library and nothing else.
      const top = paths.filter((path: string) => !path.startsWith("lib/"));
      assertEquals(top, ["LICENSE", "README.md", "deno.json", "mod.ts"]);
      assert(paths.length > top.length);
      assertEquals(check, { code: 0, out: "", err: "" });
      assertEquals(run, { code: 0, out: "[ 1, 4, 9 ]\n", err: "" });
    },
  );
}

threadTest("A lab needs @std's mirror and nothing else", () => {
  // Deno downloads what a lock file lists, used or not: `deno task` what the
  // root's lists, `deno run labs/…` what the labs' lists.
  for (const path of ["deno.lock", "labs/deno.lock"]) {
    const lock = new URL(`../../${path}`, import.meta.url);
    const { npm } = JSON.parse(Deno.readTextFileSync(lock));
    const packages = Object.keys(npm).map((name) => name.split("@")[0]);
    assertEquals(packages, ["deno-std"], path);
  }
});
