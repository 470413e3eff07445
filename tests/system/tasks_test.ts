import { assert, assertEquals } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { threadTest } from "../support/threads.ts";

const LABS = ["deadlock", "gil", "pool", "queue", "race", "threads"];

Deno.test("No task has Deno ask the user for a permission", () => {
  for (const [name, { command }] of Object.entries(config.tasks)) {
    for (const [run] of command.matchAll(/\bdeno (run|test)\b[^&]*/g)) {
      assert(run.includes("--no-prompt"), `${name}: ${run}`);
    }
  }
});

threadTest("A lab's header has the command of its task", async () => {
  for (const lab of LABS) {
    const url = new URL(`../../labs/${lab}.ts`, import.meta.url);
    const text = await Deno.readTextFile(url);
    const { command } = config.tasks[`lab:${lab}` as "lab:gil"];
    assertEquals(text.includes(` *     ${command}\n`), true, lab);
  }
});
