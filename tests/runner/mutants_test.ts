import { assertEquals } from "@std/assert";
import { MUTANTS, SOUND } from "../support/mutants.ts";
import { processTest } from "../support/threads.ts";

const cwd = new URL("../../", import.meta.url);

interface JsonCell {
  id: string;
  verdict: string;
  runs: { reason?: string }[];
}

/** The verdicts of the small lab, beside other programs. */
async function verdictsOf(
  seed: number,
  load: number,
  ...args: string[]
): Promise<Map<string, JsonCell>> {
  console.log(`seed ${seed}, ${load} busy programs`);
  const { stdout } = await new Deno.Command("deno", {
    args: [
      ...["run", "--no-check", "--no-prompt", "--allow-run=deno"],
      ...["--allow-sys=cpus", "--allow-read=.", "tests/support/mutant_run.ts"],
      ...[`${seed}`, `${load}`, ...args],
    ],
    ...{ cwd, stdin: "null", stderr: "null" },
  }).output();
  const { labs } = JSON.parse(new TextDecoder().decode(stdout));
  const cells: JsonCell[] = labs[0].cells;
  return new Map(cells.map((cell) => [cell.id.split(":")[1], cell]));
}

function assertFound(cells: Map<string, JsonCell>): void {
  const missed = MUTANTS.filter((name) =>
    cells.get(name)?.verdict !== "differs"
  ).map((name) => cells.get(name) ?? name);
  const wronged = SOUND.filter((name) => cells.get(name)?.verdict === "differs")
    .map((name) => cells.get(name));
  assertEquals({ missed, wronged }, { missed: [], wronged: [] });
}

const seed = crypto.getRandomValues(new Uint32Array(1))[0];

processTest("verdicts: mutants differ, and sound cells don't", async () => {
  assertFound(await verdictsOf(seed, 0));
});

processTest("verdicts: so it is beside four busy programs", async () => {
  assertFound(await verdictsOf(seed, 4));
});

processTest("verdicts: a lock that is never let go", async () => {
  const cells = await verdictsOf(seed, 0, "hangs");
  const { verdict, runs } = cells.get("lock_never_let_go")!;
  assertEquals([verdict, runs[0].reason], [
    "differs",
    "cell mutants:lock_never_let_go had not ended after 30 seconds",
  ]);
  assertEquals(cells.get("loop")!.verdict, "reproduced");
});
