// The labs' page in Firefox, where there is one.

import { assertMatch } from "@std/assert";
import { writeSite } from "../../labs/page/site.ts";
import { Firefox, noFirefox } from "./support/firefox.ts";
import { host } from "./support/page.ts";

function firefoxTest(
  name: string,
  fn: (firefox: Firefox) => Promise<void>,
): void {
  Deno.test({
    name: noFirefox === undefined ? name : `${name}: ${noFirefox}`,
    ignore: noFirefox !== undefined,
    // Firefox is another process, and takes its time to end.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      await using firefox = await Firefox.launch();
      await fn(firefox);
    },
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

firefoxTest("In Firefox, the site runs offline", async (firefox) => {
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
