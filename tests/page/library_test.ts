// The library in a browser: bundled into one file, which its workers load, too.

import { assertEquals, assertMatch } from "@std/assert";
import { chromiumTest, deno, openPage } from "./support/chromium.ts";

const ISOLATED = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

/** Serves a bundle, and a page with a text, with these headers. */
function serve(
  bundle: string,
  headers: Record<string, string>,
  text = '<script type="module" src="/library.js"></script>',
) {
  return Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    (req) =>
      new URL(req.url).pathname === "/library.js"
        ? new Response(bundle, {
          headers: { ...headers, "content-type": "text/javascript" },
        })
        : new Response(text, {
          headers: { ...headers, "content-type": "text/html" },
        }),
  );
}

async function bundleOf(script: string): Promise<string> {
  const output = Deno.makeTempFileSync({ suffix: ".js" });
  try {
    const entry = new URL(`support/${script}`, import.meta.url).pathname;
    const flags = ["--quiet", "--platform", "browser", "--output", output];
    await deno("bundle", ...flags, entry);
    return Deno.readTextFileSync(output);
  } finally {
    Deno.removeSync(output);
  }
}

chromiumTest("The library runs in a page", async (browser, t) => {
  const bundle = await bundleOf("library.ts");

  await t.step("queues, locks, threads and pools", async () => {
    await using server = serve(bundle, ISOLATED);
    const url = `http://127.0.0.1:${server.addr.port}/`;
    const page = await openPage(browser, url);
    const seen = await page.evaluate("seen");
    await page.close();
    assertEquals(seen, {
      joined: ["done", "done"],
      sum: 90,
      condition: "notified",
      priority: [[1, "a"], [2, "b"]],
      error: "TypeError: It fails",
      large: 1 << 20,
      map: [
        `${new Date(5)},/x/g`,
        `n,${5n ** 50n}`,
      ],
      terminated: false,
      pool: [1, 4, 9, 16],
      poolError: "TypeError: It fails",
      blobs: ["one", "two", "three"],
      lastBlobs: 20,
    });
  });

  await t.step(
    "without shared memory it says what headers to send",
    async () => {
      await using server = serve(bundle, {});
      const page = await browser.newPage();
      const error = page.waitForEvent("pageerror");
      await page.goto(`http://127.0.0.1:${server.addr.port}/`);
      assertMatch((await error).message, /Cross-Origin-Opener-Policy/);
      await page.close();
    },
  );
});

/** One time in ten or more it went wrong. */
const RUNS = 40;

chromiumTest(
  "Workers end with the worker that started them",
  async (browser) => {
    await using server = serve(await bundleOf("short_lab.ts"), ISOLATED, "");
    const page = await openPage(
      browser,
      `http://127.0.0.1:${server.addr.port}/`,
    );
    await page.evaluate(`(async () => {
    for (let i = 0; i < ${RUNS}; i++) {
      const worker = new Worker("/library.js", { type: "module" });
      await new Promise((resolve) => worker.onmessage = resolve);
      worker.terminate();
    }
  })()`);
    const deadline = performance.now() + 60_000;
    while (page.workers().length > 0 && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assertEquals(page.workers().map((worker) => worker.url()), []);
    await page.close();
  },
);
