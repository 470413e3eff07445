// The page, served in this process.

import { buildPage, type PageFiles } from "../../../labs/page/build.ts";
import { handlerFor } from "../../../labs/page/server.ts";
import type { Locator, Page } from "./chromium.ts";

/** The page's labs: how many cells each has, and some that depend on no time. */
export const LABS: { lab: string; cells: number; sure: string[] }[] = [
  { lab: "threads", cells: 6, sure: [] },
  { lab: "queue", cells: 8, sure: ["queue:13", "queue:17"] },
  {
    lab: "pool",
    cells: 9,
    sure: ["pool:3", "pool:13", "pool:11", "pool:12"],
  },
  { lab: "gil", cells: 7, sure: ["gil:33"] },
  { lab: "deadlock", cells: 5, sure: [] },
  { lab: "race", cells: 5, sure: [] },
];

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
export function serve(
  handler: (request: Request) => Response | Promise<Response>,
) {
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    handler,
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** A host of static files that sets no headers of its own. */
export function host(folder: string) {
  return serve((request) => {
    const path = new URL(request.url).pathname.replace(/\/$/, "/index.html");
    try {
      const type = path.endsWith(".js")
        ? "text/javascript"
        : path.endsWith(".css")
        ? "text/css"
        : "text/html";
      const headers = { "content-type": type };
      return new Response(Deno.readFileSync(folder + path), { headers });
    } catch {
      return new Response("no such file", { status: 404 });
    }
  });
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

/** The editor of a cell or an exercise; it is opened if it isn't. */
export async function editorOf(page: Page, of: string): Promise<Locator> {
  const open = page.getByRole("button", { name: `Edit of ${of}`, exact: true });
  if (await open.count() > 0) await open.click();
  const editor = page.getByRole("textbox", { name: new RegExp(`, ${of}$`) });
  await editor.waitFor();
  return editor;
}

/** The code of a cell or an exercise. Its editor is closed: it draws no more than one sees. */
export async function codeOf(page: Page, of: string): Promise<string> {
  const close = page.getByRole("button", {
    name: `Close editor of ${of}`,
    exact: true,
  });
  if (await close.count() > 0) await close.click();
  const anchor = of.includes(":")
    ? `cell-${of.replace(":", "-")}`
    : `exercise-${of}`;
  const code = page.locator(`#${anchor} [aria-label^='TypeScript']`);
  return await code.textContent() ?? "";
}

/** Writes other code into a cell or an exercise. */
export async function edit(
  page: Page,
  of: string,
  change: (text: string) => string,
): Promise<void> {
  const before = await codeOf(page, of);
  const text = change(before);
  if (text === before) throw new Error(`There is nothing to change in ${of}`);
  const editor = await editorOf(page, of);
  await editor.press("Control+a");
  await page.keyboard.insertText(text);
}

/** What a cell or an exercise has printed here. */
export function outputOf(page: Page, anchor: string): Locator {
  return page.locator(`#${anchor} [aria-label='Output, Here']`);
}
