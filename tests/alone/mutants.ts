import { assertEquals } from "@std/assert";
import { halfOf, SOUND } from "../support/mutants.ts";
import { processTest } from "../support/threads.ts";
import { verdictsOf } from "../support/verdicts.ts";

async function assertFound(load: number, half: "even" | "odd"): Promise<void> {
  const cells = await verdictsOf(seed, load, half);
  const missed = halfOf(half)
    .filter((name) => cells.get(name)?.verdict !== "differs")
    .map((name) => cells.get(name) ?? name);
  const wronged = SOUND.filter((name) => cells.get(name)?.verdict === "differs")
    .map((name) => cells.get(name));
  assertEquals({ missed, wronged }, { missed: [], wronged: [] });
}

// Each mutant is looked for once, beside nothing or beside others: by the seed.
const [seed] = crypto.getRandomValues(new Uint32Array(1));
const halves = seed % 2 === 0
  ? ["even", "odd"] as const
  : ["odd", "even"] as const;

processTest("verdicts: mutants differ, and sound cells don't", async () => {
  await assertFound(0, halves[0]);
});

processTest("verdicts: so it is beside four busy programs", async () => {
  await assertFound(4, halves[1]);
});
