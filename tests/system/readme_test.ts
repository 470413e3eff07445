import { assert, assertEquals } from "@std/assert";
import {
  assertPrints,
  filesIn,
  needsStore,
  root,
  scriptsOf,
} from "../support/scripts.ts";
import { processTest, threadTest } from "../support/threads.ts";

processTest("README, docs: the scripts print what they say", async (t) => {
  const scripts = ["README.md", ...filesIn("docs/", ".md")].flatMap(scriptsOf)
    .filter((script) => !needsStore(script));
  assert(scripts.length >= 5, `only ${scripts.length} scripts were found`);
  for (const { place, code } of scripts) {
    await t.step(place, () => assertPrints(code));
  }
});

threadTest(
  "README, docs: the scripts need the library and nothing else",
  () => {
    const scripts = ["README.md", ...filesIn("docs/", ".md")].flatMap(
      scriptsOf,
    );
    for (const { place, code } of scripts) {
      const others = [...code.matchAll(/ from "([^"]+)"/g)]
        .map(([, specifier]) => specifier)
        .filter((specifier) => !/^(@lab9\/concurrency|node:)/.test(specifier));
      assertEquals(others, [], place);
    }
  },
);

threadTest("README, docs: every link to a file leads somewhere", async () => {
  const files = ["README.md", "CONTRIBUTING.md", ...filesIn("docs/", ".md")];
  for (const path of files) {
    const url = new URL(path, root);
    const text = await Deno.readTextFile(url);
    for (
      const [, link] of text.matchAll(/\]\((?!https?:)([^)#]+)(?:#.*?)?\)/g)
    ) {
      await Deno.stat(new URL(link, url)).catch(() => {
        throw new Error(`${path} links to ${link}, which isn't there`);
      });
    }
  }
});
