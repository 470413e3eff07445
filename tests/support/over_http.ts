// Serves what would be published of the package, and nothing else, on this
// machine; runs a program that imports it from there, by each of the given flags,
// and prints what became of that as JSON.

const root = new URL("../../", import.meta.url);
const folder = await Deno.makeTempDir();
const published = await listed();
const server = Deno.serve(
  { port: 0, hostname: "127.0.0.1", onListen: () => {} },
  async (request) => {
    const path = new URL(request.url).pathname.slice(1);
    if (!published.has(path)) return new Response("", { status: 404 });
    return new Response(await Deno.readTextFile(new URL(path, root)), {
      headers: { "content-type": "application/typescript" },
    });
  },
);
const host = `127.0.0.1:${server.addr.port}`;

try {
  await Deno.writeTextFile(
    `${folder}/main.ts`,
    `import { expose, Pool, Queue, Thread } from "http://${host}/mod.ts";

export function square(x: number): number {
  return x * x;
}
export function worker(q: Queue<number>, results: Queue<number>): void {
  for (const item of q) results.putSync(square(item));
}
expose(import.meta, { square, worker });

if (import.meta.main) {
  await using pool = new Pool(2);
  console.log(await pool.map(square, [1, 2, 3]));

  const q = new Queue<number>();
  const results = new Queue<number>();
  const thread = new Thread(worker, { args: [q, results] });
  thread.start();
  await q.put(4);
  console.log(await results.get());
  q.shutdown();
  await thread.join();
}
`,
  );
  const needed = ["--unstable-worker-options", "--allow-read=main.ts"];
  console.log(JSON.stringify({
    with: await deno("run", ...needed, `--allow-import=${host}`, "main.ts"),
    without: await deno("run", ...needed, "main.ts"),
  }));
} finally {
  await server.shutdown();
  await Deno.remove(folder, { recursive: true });
}

/** The paths of the files that would be published. */
async function listed(): Promise<Set<string>> {
  const { stdout, stderr } = await new Deno.Command("deno", {
    args: ["publish", "--dry-run", "--allow-dirty", "--no-check"],
    cwd: root,
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  const text = decoder.decode(stdout) + decoder.decode(stderr);
  const urls = [...text.matchAll(/^ +(file:\S+) \(/gm)].map(([, url]) => url);
  return new Set(urls.map((url) => url.slice(root.href.length)));
}

async function deno(...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command("deno", {
    args: [args[0], "--quiet", "--no-prompt", ...args.slice(1)],
    cwd: folder,
    env: { NO_COLOR: "1", DENO_DIR: `${folder}/cache` },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}
