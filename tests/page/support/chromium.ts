// A headless Chromium for tests, and a server on loopback for what it is to load.

import {
  type Browser,
  chromium,
  type Locator,
  type Page,
} from "playwright-core";

export type { Browser, Locator, Page };

/** Where Debian, and others, have it; undefined if it isn't there. */
export const executablePath: string | undefined = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
].find((path) => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
});

/** A test that needs Chromium, and is skipped where there is none. */
export function chromiumTest(
  name: string,
  fn: (browser: Browser, t: Deno.TestContext) => Promise<void>,
): void {
  Deno.test({
    name: executablePath === undefined ? `${name}: skipped, no Chromium` : name,
    ignore: executablePath === undefined,
    // Chromium is another process, and what Playwright keeps isn't ours.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn(t) {
      const browser = await chromium.launch({
        executablePath,
        args: ["--no-sandbox", "--disable-gpu"],
        timeout: 120_000,
      });
      try {
        await fn(browser, t);
      } finally {
        await browser.close();
      }
    },
  });
}

/** Reports a page's errors to this console, and fails nothing by itself. */
export async function openPage(browser: Browser, url: string): Promise<Page> {
  const page = await browser.newPage();
  page.setDefaultTimeout(120_000);
  page.on("pageerror", (error) => console.error(error));
  await page.goto(url);
  return page;
}

/** Runs a command of Deno's. */
export async function deno(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("deno", {
    args,
    stdin: "null",
    stdout: "null",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}
