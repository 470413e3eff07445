import { newSeed } from "../support/shared_random.ts";
import { exploreAll } from "../support/explore_scenarios.ts";
import { threadTest } from "../support/threads.ts";

// A slice: `deno task soak --explore` goes on for as long as it is told to.
threadTest("The library's own protocols hold in every schedule", async () => {
  const seed = newSeed() >>> 1;
  console.log(`seed ${seed}`);
  await exploreAll({ schedules: 20, preemptions: 2, seed });
});
