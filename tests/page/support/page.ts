// The page, served in this process.

import { buildPage, type PageFiles } from "../../../labs/page/build.ts";
import { handlerFor } from "../../../labs/page/server.ts";
import type { Page } from "./chromium.ts";

let built: Promise<PageFiles> | undefined;

/** The page's files, made once. */
export function pageFiles(): Promise<PageFiles> {
  return built ??= buildPage();
}

/** Serves the page; `url` is where. */
export async function servePage() {
  return serve(await handlerFor(await pageFiles()));
}

/** Serves on loopback, at any port. */
export function serve(handler: (request: Request) => Response) {
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    handler,
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** What the page says of itself. */
export function statusOf(page: Page): Promise<string | null> {
  return page.locator(".settings output").textContent();
}

/** Awaits that the page says so of itself. */
export function waitForStatus(page: Page, text: RegExp): Promise<void> {
  return page.locator(".settings output", { hasText: text }).waitFor();
}

/** Runs a lab or a cell to its end. */
export async function runToEnd(page: Page, button: string): Promise<void> {
  await page.getByRole("button", { name: button, exact: true }).click();
  await waitForStatus(page, /has run|failed/);
}

/** What stands beside a cell's button. */
export async function verdictOf(page: Page, id: string): Promise<string> {
  const anchor = `cell-${id.replaceAll(/[^\w]/g, "-")}`;
  const texts = await page.locator(`#${anchor} .verdict`).allTextContents();
  return texts.join();
}
