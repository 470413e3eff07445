import { assert } from "@std/assert";
import {
  assertPrints,
  filesIn,
  needsStore,
  root,
  scriptsOf,
} from "../support/scripts.ts";
import { processTest, threadTest } from "../support/threads.ts";

function files(): string[] {
  return ["mod.ts", ...filesIn("lib/", ".ts")];
}

processTest(
  "examples: the library's scripts print what they say",
  async (t) => {
    const scripts = files().flatMap(scriptsOf)
      .filter((script) => !needsStore(script));
    assert(scripts.length >= 10, `only ${scripts.length} scripts were found`);
    for (const { place, code } of scripts) {
      await t.step(place, () => assertPrints(code));
    }
  },
);

threadTest(
  "examples: the library's import the package and assertions only",
  () => {
    for (const path of files()) {
      const text = Deno.readTextFileSync(new URL(path, root));
      for (const [, from] of text.matchAll(/^ *\* .*\bfrom "(.*)";$/gm)) {
        assert(
          /^@lab9\/concurrency(\/\w+)?$/.test(from) || from === "@std/assert",
          `${path}: an example imports ${from}`,
        );
      }
    }
  },
);
