import { exploreAll, SLICE } from "../support/explore_all.ts";
import { threadTest } from "../support/threads.ts";

// A slice, the same each time: `deno task soak --explore` goes on from here.
threadTest("The library's own protocols hold in every schedule", async () => {
  await exploreAll(SLICE);
});
