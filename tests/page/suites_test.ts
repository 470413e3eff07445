// The library's own tests, in a browser. Each file runs in a worker of a page.

import { assert, assertEquals } from "@std/assert";
import { chromiumTest, openPage, type Page } from "./support/chromium.ts";
import { answerModule } from "./support/modules.ts";
import { serve } from "./support/page.ts";
import { files, reasons, slow, tests } from "./suites/left_out.ts";
import type { FileOutcome } from "./suites/page.ts";

const ROOMS = ["codec", "store", "sync", "locks", "queue", "pool", "thread"];
/** The rooms whose tests run fast. The others run with `--all`. */
const QUICK = ["codec", "store", "sync", "queue"];
const isWhole = Deno.args.includes("--all");
/** Files that run at once. */
const AT_ONCE = 3;
/** Fewer tests than these mean that something is wrong with the stand-in. */
const FEWEST = isWhole ? 900 : 250;

const filesOfTests = ROOMS.flatMap((room) =>
  [...Deno.readDirSync(new URL(`../${room}`, import.meta.url))]
    .filter(({ name }) => name.endsWith("_test.ts"))
    .map(({ name }) => `${room}/${name}`)
);

/** Parts of the names of a file's tests that are left out. */
function leftOutOf(file: string): string[] {
  return (tests[file] ?? []).map(([part]) => part);
}

function isQuick(file: string): boolean {
  return QUICK.includes(file.split("/")[0]) && !slow.includes(file);
}

function run(page: Page, file: string): Promise<FileOutcome> {
  const leftOut = JSON.stringify(leftOutOf(file));
  return page.evaluate(`runFile("/tests/${file}", ${leftOut})`);
}

chromiumTest("The library's own tests pass in a page", async (browser) => {
  await using server = serve(answerModule);
  const page = await openPage(browser, server.url);
  await page.waitForFunction("globalThis.runFile");
  const waiting = filesOfTests.filter((file) =>
    !(file in files) && (isWhole || isQuick(file))
  );
  const again: string[] = [];
  const failed: string[] = [];
  let [passed, left] = [0, 0];
  const runSome = async (files: string[], onFailed: (file: string) => void) => {
    for (let file; (file = files.shift()) !== undefined;) {
      const { all, outcomes } = await run(page, file);
      const errors = outcomes.filter(({ error }) => error !== undefined);
      if (errors.length > 0) {
        console.log(`In a page, ${file}:`, errors);
        onFailed(file);
        continue;
      }
      passed += outcomes.length;
      left += all.length - outcomes.length;
      for (const part of leftOutOf(file)) {
        const isThere = all.some((name) => name.includes(part));
        assert(isThere, `${file} has no test '${part}' to leave out`);
      }
    }
  };
  await Promise.all(
    Array.from(
      { length: AT_ONCE },
      () => runSome(waiting, (file) => again.push(file)),
    ),
  );
  // On a machine that is too busy for several, each gets a try alone.
  await runSome(again, (file) => failed.push(file));
  await page.close();
  console.log(
    `In a page ${passed} tests of the library passed, ${failed.length} ` +
      `files failed; ${left} tests and ${
        Object.keys(files).length
      } files were left out`,
  );
  assertEquals(failed, []);
  assert(passed >= FEWEST, `only ${passed} have run`);
});

Deno.test("What doesn't run in a page is there, and documented", () => {
  const text = Deno.readTextFileSync(
    new URL("../../docs/browser.md", import.meta.url),
  );
  const named = [...Object.keys(files), ...Object.keys(tests)];
  for (const file of [...named, ...slow]) {
    assert(filesOfTests.includes(file), `there is no ${file}`);
    assert(
      text.includes(file.replace(/_test\.ts$/, "")),
      `${file} isn't told of`,
    );
  }
  for (const reason of Object.values(reasons)) {
    const words = text.replaceAll(/\s+/g, " ");
    assert(words.includes(reason), `the reason '${reason}' isn't told of`);
  }
});
