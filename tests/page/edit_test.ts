// Code that the reader edits in the page. Nothing here depends on how long
// anything takes: other programs may use the machine.

import axe from "axe-core";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { chromiumTest, openPage, type Page } from "./support/chromium.ts";
import {
  codeOf,
  edit,
  editorOf,
  outputOf,
  runToEnd,
  serve,
  servePage,
  statusOf,
  verdictOf,
  waitForStatus,
} from "./support/page.ts";

function click(page: Page, name: string): Promise<void> {
  return page.getByRole("button", { name, exact: true }).click();
}

/** How long the page may take for anything, as Playwright has it. */
const PATIENCE_MS = 120_000;

/** Awaits what becomes true. The page's policy has no such function run in it. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!await holds()) {
    if (performance.now() > end) throw new Error("It never becomes true");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

chromiumTest("A reader edits cells and runs them", async (browser, t) => {
  await using server = await servePage();
  const page = await browser.newPage();
  page.setDefaultTimeout(120_000);
  const loaded: string[] = [];
  page.on("request", (request) => loaded.push(new URL(request.url()).pathname));
  await page.goto(`${server.url}?quick`);
  await page.locator(".settings").waitFor();

  await t.step("the editor is loaded once it is needed", async () => {
    assert(!loaded.includes("/editor.js"), loaded.join());
    const editor = await editorOf(page, "queue:13");
    assert(loaded.includes("/editor.js"), loaded.join());
    assertMatch((await editor.textContent())!, /^cell\(13, "first in, first/);
  });
  await t.step("what is edited is judged as ever", async () => {
    await edit(page, "queue:13", (text) => text.replace("put(1)", "put(7)"));
    await runToEnd(page, "Run queue:13");
    assertMatch(await verdictOf(page, "queue:13"), /^differs/);
    const here = await outputOf(page, "cell-queue-13").textContent();
    assertMatch(here!, /^7\n2\n<queue\.Queue object/);
  });
  await t.step("Reset gives back the original", async () => {
    await click(page, "Reset queue:13");
    const editor = await editorOf(page, "queue:13");
    assertMatch((await editor.textContent())!, /put\(1\)/);
    await runToEnd(page, "Run queue:13");
    assertMatch(await verdictOf(page, "queue:13"), /^reproduced/);
  });
  await t.step("what threads run can be edited, and imports", async () => {
    await edit(
      page,
      "queue:22",
      (text) =>
        text.replace("sleepSync(seconds);", "shown(getIdent(), item); $&") +
        '\nimport { currentThread } from "@lab9/concurrency";\n' +
        "enum Mark { YES = 1 }\n" +
        "function shown(_ident: number, item: string): void {\n" +
        "  console.log(`${currentThread().name} has ${item} ${Mark.YES}`);\n}",
    );
    await runToEnd(page, "Run queue:24");
    const here = await outputOf(page, "cell-queue-24").textContent();
    assertMatch(here!, /^Thread-\d \(worker\) has wuphf 1$/m);
    // A picture comes with it, as ever.
    await page.locator("#cell-queue-24 svg").waitFor();
    await click(page, "Reset queue:22");
  });
  await t.step("mistakes are told with their lines", async () => {
    const cell = page.locator("#cell-queue-13");
    const mistakes: [text: string, said: RegExp][] = [
      ["cell(13, '', {}, () => {\n  const a = ;\n});", /^Line 2: Unexpected/],
      ["let a = 1;\nlet a = 2;", /^Line 2: Identifier 'a' has already/],
      ["import 'fs';", /^Line 1: Cannot import 'fs', only @lab9\/concurrency/],
      // It stands in another cell, too.
      ["\n\nlet q = 2;", /^Line 3: Identifier 'q' has already been declared/],
    ];
    for (const [text, said] of mistakes) {
      await edit(page, "queue:13", () => text);
      await click(page, "Run queue:13");
      await waitForStatus(page, /^queue:1[37], line \d+: /);
      const problem = cell.locator(".problem", { hasText: said });
      if (!text.includes("q = 2")) await problem.waitFor();
    }
    await edit(
      page,
      "queue:13",
      () => "cell(13, 'x', {}, async () => {\n  \n  null!.x;\n});",
    );
    await runToEnd(page, "Run queue:13");
    assertMatch((await statusOf(page))!, /failed: TypeError: /);
    const here = await outputOf(page, "cell-queue-13").textContent();
    assertMatch(here!, /^TypeError: .*\n +at queue:13, line 3$/);
    await click(page, "Reset queue:13");
  });
  await t.step("what a thread throws is told with its line", async () => {
    const fail = "null!.x;";
    await edit(
      page,
      "queue:22",
      (text) => text.replace("sleepSync(seconds);", fail),
    );
    await click(page, "Run queue:24");
    const line = (await codeOf(page, "queue:22")).split("\n")
      .findIndex((line) => line.includes(fail)) + 1;
    await outputOf(page, "cell-queue-24").filter({
      hasText: `at doWork (queue:22, line ${line})`,
    }).waitFor();
    await click(page, "Stop queue:24");
    await click(page, "Reset queue:22");
  });
  await t.step("each lab runs edited as it does by itself", async () => {
    for (const id of ["queue:26", "pool:12", "gil:33"]) {
      await edit(page, id, (text) => `${text}\n// edited`);
      await runToEnd(page, `Run ${id}`);
      assertMatch(await verdictOf(page, id), /^reproduced/);
    }
    await edit(page, "threads:4", (text) => `${text}\n// edited`);
    await runToEnd(page, "Run threads:7");
    assertEquals(await statusOf(page), "Lab threads has run");
    await edit(page, "deadlock:deadlock", (text) => `${text}\n// edited`);
    await runToEnd(page, "Run deadlock:deadlock");
    const here = await outputOf(page, "cell-deadlock-deadlock").textContent();
    assertMatch(here!, /^DeadlockError: .* would wait for each other/m);
    await edit(
      page,
      "race:increment",
      (text) => text.replace("+ 1;", '+ 1;\n  console.log("counted");'),
    );
    await runToEnd(page, "Run race:race");
    const race = await outputOf(page, "cell-race-race").textContent();
    // The step that loses the update, and its line in the lab.
    assertMatch(race!, /^5 +write → 1 +race\.ts:\d+$/m);
  });
  await page.close();
});

chromiumTest("A reader solves exercises", async (browser, t) => {
  await using server = await servePage();
  const page = await openPage(browser, server.url);
  const check = (name: string) => click(page, `Check ${name}`);
  const ended = (name: string) =>
    waitForStatus(page, new RegExp(`^Exercise ${name} was checked$`));

  await t.step("one that isn't solved has a hint", async () => {
    const exercise = page.locator("#exercise-queue-1");
    await check("queue-1");
    await ended("queue-1");
    assertEquals(await exercise.locator(".verdict").textContent(), "not yet");
    await exercise.getByText("Hint: LifoQueue is last in").waitFor();
    await edit(
      page,
      "queue-1",
      (text) => text.replaceAll(/\bQueue\b/g, "LifoQueue"),
    );
    await check("queue-1");
    await exercise.getByText("does what it should").waitFor();
  });
  await t.step("a pool runs what was edited", async () => {
    const right = "pool.starmap(power, pairs)";
    await edit(
      page,
      "pool-2",
      (text) => text.replace(/pool\.map\(power.*\)(?=;)/, right),
    );
    await check("pool-2");
    await page.locator("#exercise-pool-2").getByText("does what it should")
      .waitFor();
  });
  await t.step("one that hangs is stopped", async () => {
    await check("queue-2");
    await outputOf(page, "exercise-queue-2").getByText("Done 5").waitFor();
    await click(page, "Stop queue-2");
    assertEquals(await statusOf(page), "Exercise queue-2 was stopped");
    await edit(
      page,
      "queue-2",
      (text) =>
        text.replace(
          "  await q.put(null);",
          "  for (const _ of threads) await q.put(null);",
        ),
    );
    await check("queue-2");
    await page.locator("#exercise-queue-2")
      .getByText("does what it should, 5 times in a row").waitFor();
  });
  await t.step("workers are at hand before a clock starts", async () => {
    let started = 0;
    page.on("worker", () => started++);
    await edit(
      page,
      "threads-1",
      () =>
        'import { expose } from "@lab9/concurrency";\n' +
        "expose(import.meta, { work() {} });\n" +
        "if (import.meta.main) {\n" +
        '  console.log("begun");\n  await new Promise(() => {});\n}',
    );
    await check("threads-1");
    await outputOf(page, "exercise-threads-1").getByText("begun").waitFor();
    await until(() => started >= 1 + 4);
    await click(page, "Stop threads-1");
  });
  await t.step("it ends with its threads, as a program does", async () => {
    await edit(
      page,
      "threads-3",
      () =>
        'import { expose, sleepSync, Thread } from "@lab9/concurrency";\n' +
        "function late() {\n  sleepSync(0.3);\n  console.log('late');\n}\n" +
        "expose(import.meta, { late });\n" +
        "if (import.meta.main) new Thread(late).start();",
    );
    await check("threads-3");
    await ended("threads-3");
    const here = await outputOf(page, "exercise-threads-3").textContent();
    assertEquals(here, "late");
  });
  await page.close();
});

/** Prints when a thread ends by itself, and not because the browser ends it. */
const LAST = 'finally { console.log("ended"); }';

chromiumTest("Stop ends what computes for ever", async (browser, t) => {
  await using server = await servePage();
  const page = await openPage(browser, `${server.url}?quick`);
  // What is printed after Stop is in the memory that a lab's worker is given.
  await page.evaluate(`{
    const { postMessage } = Worker.prototype;
    Worker.prototype.postMessage = function (message) {
      if (message.log) printed = new Uint8Array(message.log, 0, 1 << 16);
      postMessage.call(this, message);
    };
  }`);
  const times = async (text: string) => {
    const printed = await page.evaluate(
      "new TextDecoder().decode(printed.slice())",
    ) as string;
    return printed.split(text).length - 1;
  };

  /** Stops what runs; so many threads end by themselves. */
  async function stop(count: number): Promise<void> {
    const start = performance.now();
    await page.locator(".settings").getByRole("button", { name: "Stop" })
      .click();
    assertMatch((await statusOf(page))!, /was stopped$/);
    await until(async () => await times("ended") === count);
    const ms = Math.round(performance.now() - start);
    console.log(`What computed had ended ${ms} ms after Stop`);
  }

  const loops: Record<string, string> = {
    "a plain loop": "for (;;) {}",
    "a loop without a body": "for (;;);",
    "a loop that catches": "for (;;) try { for (;;) Math.exp(1); } catch {}",
    "recursion": "const fib = (n: number): number =>\n" +
      "      n < 2 ? n : fib(n - 1) + fib(n - 2);\n    fib(99);",
  };
  for (const [name, loop] of Object.entries(loops)) {
    const body = `console.log("${name}"); try { ${loop} } ${LAST}`;
    await t.step(`${name}, in a cell`, async () => {
      await edit(
        page,
        "queue:13",
        () => `cell(13, "for ever", {}, () => {\n  ${body}\n});`,
      );
      await click(page, "Run queue:13");
      await outputOf(page, "cell-queue-13").getByText(name).waitFor();
      await stop(1);
      await click(page, "Reset queue:13");
    });
    await t.step(`${name}, in threads`, async () => {
      await edit(
        page,
        "queue:22",
        (text) => text.replace("sleepSync(seconds);", body),
      );
      await click(page, "Run queue:24");
      await outputOf(page, "cell-queue-24").filter({
        hasText: new RegExp(`(${name}[^]*){3}`),
      }).waitFor();
      await stop(3);
      await click(page, "Reset queue:22");
    });
  }
  await t.step("when a module is loaded", async () => {
    await edit(
      page,
      "queue:13",
      (text) => `${text}\nconsole.log("loading"); try { for (;;); } ${LAST}`,
    );
    await click(page, "Run queue:13");
    await until(async () => await times("loading") === 1);
    await stop(1);
    await click(page, "Reset queue:13");
  });
  await runToEnd(page, "Run queue:13");
  assertMatch(await verdictOf(page, "queue:13"), /^reproduced/);
  await page.close();
});

chromiumTest("What is edited lets nothing out", async (browser) => {
  const asked: string[] = [];
  await using outside = serve((request) => {
    asked.push(request.url);
    const headers = {
      "access-control-allow-origin": "*",
      "cross-origin-resource-policy": "cross-origin",
      "content-type": "text/javascript",
    };
    return new Response("export default 1;", { headers });
  });
  await using server = await servePage();
  const page = await openPage(browser, `${server.url}?quick`);
  const tries = `export async function tryAll(where: string): Promise<void> {
  const [url, own] = ["${outside.url}", "${server.url}page.css"];
  const ways: Record<string, () => unknown> = {
    fetch: () => fetch(url, { mode: "no-cors" }),
    own: () => fetch(own),
    import: () => import(\`\${url}\`),
    socket: () => opened(new WebSocket(url.replace("http", "ws"))),
    events: () => opened(new EventSource(url)),
    worker: () => opened(new Worker(\`data:text/javascript,fetch("\${url}")\`)),
  };
  for (const [name, way] of Object.entries(ways)) {
    const isOut = await Promise.resolve().then(way).then(() => true, () => false);
    console.log(\`\${where} \${name}: \${isOut ? "out" : "kept"}\`);
  }
}
function opened(target: EventTarget): Promise<void> {
  return new Promise((resolve, reject) => {
    target.addEventListener("open", () => resolve());
    target.addEventListener("message", () => resolve());
    target.addEventListener("error", reject);
  });
}
expose(import.meta, { tryAll });
cell(13, "out", {}, async () => {
  await tryAll("cell");
  const thread = new Thread(tryAll, { args: ["thread"] });
  thread.start();
  await thread.join();
});`;
  await edit(page, "queue:13", () => tries);
  await runToEnd(page, "Run queue:13");
  const here = await outputOf(page, "cell-queue-13").textContent();
  const ways = ["fetch", "own", "import", "socket", "events", "worker"];
  const kept = ["cell", "thread"].flatMap((where) =>
    ways.map((way) => `${where} ${way}: kept`)
  );
  assertEquals(here!.split("\n"), kept);
  assertEquals(asked, []);
  await page.close();
});

chromiumTest("The editor is for keyboards and all eyes", async (browser, t) => {
  await using server = await servePage();
  const page = await openPage(browser, `${server.url}?quick`);
  const focused = () =>
    page.evaluate("document.activeElement.textContent") as Promise<string>;
  await t.step("Tab indents, Escape and Tab leave", async () => {
    const button = page.getByRole("button", {
      name: "Edit of queue:13",
      exact: true,
    });
    await button.press("Enter");
    const editor = await editorOf(page, "queue:13");
    const before = (await editor.textContent())!;
    await until(async () => /^cell\(/.test(await focused()));
    await page.keyboard.press("Control+Home");
    await page.keyboard.press("Tab");
    assertEquals(await editor.textContent(), `  ${before}`);
    await page.keyboard.press("Control+z");
    assertEquals(await editor.textContent(), before);
    await page.keyboard.press("Escape");
    await page.keyboard.press("Shift+Tab");
    assertMatch(await focused(), /^(?!cell\()/);
    // And it is caught again when it comes back.
    await editor.focus();
    await page.keyboard.press("Tab");
    assertEquals(await editor.textContent(), `  ${before}`);
    assertMatch(await focused(), /cell\(13/);
  });
  await t.step("axe-core finds nothing, light or dark", async () => {
    await edit(page, "queue:24", () => "cell(24, 'x', {}, () => {\n  let ;");
    await page.locator("#cell-queue-24 .problem", { hasText: "Line 2" })
      .waitFor();
    await editorOf(page, "pool-2");
    await page.evaluate(axe.source);
    for (
      const [width, colorScheme] of [
        [360, "light"],
        [1000, "dark"],
        [2000, "light"],
      ] as const
    ) {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme });
      const wide = await page.evaluate(
        "document.documentElement.scrollWidth - innerWidth",
      );
      assert(wide as number <= 0, `too wide at ${width}`);
      const found = await page.evaluate(`axe.run().then(({ violations }) =>
        violations.map(({ id, nodes }) =>
          id + ": " + nodes.map(({ html }) => html).join()))`);
      assertEquals(found, [], `${width} ${colorScheme}`);
    }
  });
  await page.close();
});
