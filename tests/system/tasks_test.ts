import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertMatch } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import labsConfig from "../../labs/deno.json" with { type: "json" };
import { processTest, threadTest } from "../support/threads.ts";

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

const WITH_FLAGS = [
  ...["labs", ...LABS.map((lab) => `lab:${lab}`), "lab:cluster"],
  ...["copy", "exercise", "import", "notebook", "serve", "site"],
  ...["limits", "bench:verdicts", "soak"],
];

processTest("A task has a help of 80 columns, and no other word", async () => {
  for (const name of WITH_FLAGS) {
    const [help, other] = await Promise.all(
      ["--help", "--halp"].map((flag) =>
        new Deno.Command("deno", {
          args: ["task", "--quiet", name, flag],
        }).output()
      ),
    );
    const text = new TextDecoder().decode(help.stdout);
    assertEquals(help.code, 0, name);
    assertMatch(text, new RegExp(`\\nUsage:\\s+deno task ${name}`));
    const long = text.split("\n").filter((line) => line.length > 80);
    assertEquals(long, [], name);
    const [line] = new TextDecoder().decode(other.stderr).split("\n");
    assertMatch(line, /^Unknown .*'--halp'/, name);
    assertEquals([other.code, other.stdout.length], [2, 0], name);
  }
});

Deno.test("The labs' folder has the labs' tasks", () => {
  // It has a configuration of its own, which hides that of the project.
  const programs = /^(labs?|worker|copy|serve|site|exercise|import|notebook)\b/;
  const names = Object.keys(config.tasks).filter((name) => programs.test(name));
  const forwarded = names.map((
    name,
  ) => [name, `deno task --quiet --cwd .. ${name}`]);
  assertEquals(labsConfig.tasks, Object.fromEntries(forwarded));
});

processTest("A task in the labs' folder takes paths from there", async () => {
  const cwd = fileURLToPath(new URL("../../labs/exercises", import.meta.url));
  const { code, stdout, stderr } = await new Deno.Command("deno", {
    args: ["task", "--quiet", "exercise", "queue-1", "queue-1.ts"],
    cwd,
    // Of a user's shell; that of `deno task test` is another.
    env: { INIT_CWD: cwd },
  }).output();
  assertEquals(new TextDecoder().decode(stderr), "");
  assertMatch(new TextDecoder().decode(stdout), /✗ queue-1, not yet/);
  assertEquals(code, 1);
});

processTest("A task without its argument says what is missing", async () => {
  for (const name of ["copy", "site", "import", "exercise"]) {
    const { code, stdout, stderr } = await new Deno.Command("deno", {
      args: ["task", "--quiet", name],
    }).output();
    const [line] = new TextDecoder().decode(stderr).split("\n");
    assertMatch(line, /^Cannot .*: name (a|one)\b/, name);
    assertEquals([code, stdout.length], [2, 0], name);
  }
});
