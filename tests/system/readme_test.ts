import { assert } from "@std/assert";
import { assertPrints, filesIn, scriptsOf } from "../support/scripts.ts";
import { processTest } from "../support/threads.ts";

processTest("README, docs: the scripts print what they say", async (t) => {
  const scripts = ["README.md", ...filesIn("docs/", ".md")].flatMap(scriptsOf);
  assert(scripts.length >= 5, `only ${scripts.length} scripts were found`);
  for (const { place, code } of scripts) {
    await t.step(place, () => assertPrints(code));
  }
});
