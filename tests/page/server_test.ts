import { assert, assertEquals, assertMatch } from "@std/assert";
import { gzip, handlerFor } from "../../labs/page/server.ts";
import { pageFiles } from "./support/page.ts";

const root = new URL("../../", import.meta.url);

async function answer(path: string, init?: RequestInit) {
  const handler = await handlerFor(await pageFiles());
  return handler(new Request(`http://127.0.0.1${path}`, init));
}

Deno.test("The server gives out the page, isolated, with its policy", async () => {
  const response = await answer("/");
  assertEquals(response.status, 200);
  const { headers } = response;
  assertEquals(headers.get("cross-origin-opener-policy"), "same-origin");
  assertEquals(headers.get("cross-origin-embedder-policy"), "require-corp");
  assertMatch(await response.text(), /default-src 'none'/);
});

Deno.test("The server gives out nothing but the page's files", async () => {
  for (
    const path of [
      "/deno.json",
      "/labs/",
      "/labs/../serve.ts",
      "/%2e%2e/%2e%2e/etc/passwd",
      "//etc/passwd",
      "/labs/gil.js/",
      "/%00",
    ]
  ) {
    const response = await answer(path);
    assertEquals(response.status, 404, path);
    assertMatch(await response.text(), /^Cannot find .*: the page is at \/\n$/);
  }
});

Deno.test("The server refuses what isn't GET or HEAD", async () => {
  const refused = await answer("/", { method: "POST", body: "x" });
  assertEquals([refused.status, refused.headers.get("allow")], [
    405,
    "GET, HEAD",
  ]);
  assertEquals(await refused.text(), "Cannot POST: only GET and HEAD\n");
  const head = await answer("/", { method: "HEAD" });
  assertEquals([head.status, await head.text()], [200, ""]);
});

Deno.test("The server compresses for those who accept it", async () => {
  for (
    const [accepts, encoding] of [
      ["gzip, br", "gzip"],
      ["br", null],
      ["gzip;q=0", null],
      ["gzip;q=0.5", "gzip"],
    ]
  ) {
    const headers = { "accept-encoding": accepts! };
    const response = await answer("/page.js", { headers });
    assertEquals(response.headers.get("content-encoding"), encoding, accepts!);
    await response.body?.cancel();
  }
});

Deno.test("The page is under 300 KB, compressed, and so is its editor", async () => {
  let total = 0;
  let editor = 0;
  for (const [path, { bytes }] of await pageFiles()) {
    const { length } = await gzip(bytes);
    if (path === "editor.js") editor = length;
    else total += length;
  }
  assert(total < 300_000, `${total} bytes`);
  assert(editor < 300_000, `${editor} bytes in the editor`);
  console.log(`The page has ${total} bytes, its editor ${editor}`);
});

async function serveTask(...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command("deno", {
    args: ["task", "--quiet", "serve", ...args],
    cwd: root,
    stdin: "null",
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

Deno.test("A port that is taken is named, and so is one that is none", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  const first = await serveTask("--port", `${port}`);
  assertEquals(first.code, 2);
  assertEquals(
    first.err.trim(),
    `Cannot serve on port ${port}: it is taken, choose another with --port`,
  );
  const second = await serveTask("--port", "eighty");
  assertEquals(
    [second.code, second.err.trim()],
    [2, "Cannot serve on port 'eighty': it must be a number from 0 to 65535"],
  );
  for (
    const [args, message] of [
      [
        ["--prot", "80"],
        "Unknown flag '--prot': the flags are --port and --help",
      ],
      [["--port"], "Cannot take --port without a value"],
      [["80"], "Unknown argument '80': a port is chosen by --port"],
    ] as const
  ) {
    const { code, err } = await serveTask(...args);
    assertEquals(code, 2);
    assertEquals(
      err.trim(),
      `${message}\n\nSee deno task serve --help`,
    );
  }
});
