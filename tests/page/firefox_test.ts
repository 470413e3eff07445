// The labs' page in Firefox, where there is one.

import { assertEquals, assertMatch } from "@std/assert";
import { ISOLATION } from "../../labs/page/build.ts";
import { handlerFor } from "../../labs/page/server.ts";
import { writeSite } from "../../labs/page/site.ts";
import {
  Firefox,
  noFirefox,
  openFirefox,
  PATIENCE_MS,
} from "./support/firefox.ts";
import { host, LABS, pageFiles, serve } from "./support/page.ts";

function firefoxTest(
  name: string,
  fn: (t: Deno.TestContext) => Promise<void>,
): void {
  Deno.test({
    name: noFirefox === undefined ? name : `${name}: ${noFirefox}`,
    ignore: noFirefox !== undefined,
    // Firefox is another process, and takes its time to end.
    sanitizeOps: false,
    sanitizeResources: false,
    fn,
  });
}

const status = 'document.querySelector(".settings output").textContent';

/** Presses a button, by its text, and waits for the end of what it runs. */
async function runToEnd(firefox: Firefox, button: string): Promise<void> {
  await firefox.evaluate(`[...document.querySelectorAll("button")]
    .find((button) => button.textContent === ${
    JSON.stringify(button)
  }).click()`);
  await firefox.until(`/has run|failed/.test(${status})`);
}

function verdicts(firefox: Firefox, selector: string): Promise<unknown> {
  return firefox.evaluate(
    `[...document.querySelectorAll(${JSON.stringify(`${selector} .verdict`)})]
      .map(({ textContent }) => textContent)`,
  );
}

firefoxTest("In Firefox, the site runs offline", async () => {
  await using firefox = await Firefox.launch();
  const folder = Deno.makeTempDirSync();
  try {
    await writeSite(folder);
    {
      await using server = host(folder);
      await firefox.goto(server.url);
      // It loads again once its service worker is there.
      await firefox.until(
        'crossOriginIsolated && document.querySelector(".settings") !== null',
      );
    }
    // The host is gone.
    await firefox.reload();
    await firefox.until('document.querySelector(".settings") !== null');
    await runToEnd(firefox, "Run queue:13");
    assertMatch(`${await verdicts(firefox, "#cell-queue-13")}`, /^reproduced/);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

/** How a lab has run, as the page says it. */
interface LabReport {
  status: string;
  /** The cells and their verdicts. */
  verdicts: [id: string, verdict: string][];
  /** What the lab has printed. */
  output: string;
}

/** How the explorer tells a race. */
const RACE =
  /^1 +read → 0\n2 +read → 0\n3 +write → 1\n4 +ends [^]*in the same way: true$/m;

/** Runs the labs one after another, in a frame, and tells of each when it has run. */
const runLabs = `
const page = () => document.querySelector("iframe").contentDocument;
const outputOf = (lab) =>
  [...page().querySelectorAll("#" + lab + " [aria-label='Output, Here']")]
    .map(({ textContent }) => textContent).join("\\n");
async function until(find) {
  for (;;) {
    const found = find();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
for (const { lab } of ${JSON.stringify(LABS)}) {
  const button = await until(() => [...page()?.querySelectorAll("button") ?? []]
    .find(({ textContent }) => textContent === "Run lab " + lab));
  button.click();
  const output = page().querySelector(".settings output");
  const status = await until(() =>
    [output.textContent].find((text) =>
      text === "Lab " + lab + " has run" || text.includes("failed")));
  const verdicts = [...page().querySelectorAll("#" + lab + " .cell .verdict")]
    .map((verdict) => [
      verdict.closest(".cell").querySelector(".id").textContent,
      verdict.textContent,
    ]);
  const body = JSON.stringify({ status, verdicts, output: outputOf(lab) });
  await fetch("/reports/" + lab, { method: "POST", body });
}`;

firefoxTest("In Firefox, every lab runs to its end", async (t) => {
  const labs = await handlerFor(await pageFiles());
  const reports = new Map(
    LABS.map(({ lab }) => [lab, Promise.withResolvers<LabReport>()]),
  );
  await using server = serve(async (request) => {
    const { pathname } = new URL(request.url);
    const [, lab] = /^\/reports\/(\w+)$/.exec(pathname) ?? [];
    if (lab !== undefined) {
      reports.get(lab)!.resolve(await request.json());
      return new Response();
    }
    if (pathname !== "/driver") return labs(request);
    // The labs' own policy would let no script tell of anything.
    const headers = {
      ...ISOLATION,
      "content-security-policy": "",
      "content-type": "text/html",
    };
    const frame = '<iframe src="/?quick" width="1200" height="900"></iframe>';
    const script = `<script type="module">${runLabs}</script>`;
    return new Response(`<!DOCTYPE html>${frame}${script}`, { headers });
  });
  await using _firefox = await openFirefox(`${server.url}driver`);
  for (const { lab, cells, sure } of LABS) {
    await t.step(lab, async () => {
      const { promise, reject } = reports.get(lab)!;
      const timer = setTimeout(
        () => reject(new Error(`Lab ${lab} does not end`)),
        PATIENCE_MS,
      );
      const { status, verdicts, output } = await promise;
      clearTimeout(timer);
      assertEquals(status, `Lab ${lab} has run`);
      assertEquals(verdicts.length, cells, verdicts.join());
      for (const [id, verdict] of verdicts) {
        const expected = sure.includes(id)
          ? /^reproduced/
          : /^(reproduced|inconclusive|skipped|differs)/;
        assertMatch(verdict, expected, id);
      }
      if (lab === "race") assertMatch(output, RACE);
    });
  }
});
