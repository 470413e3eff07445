// Copyright 2026 the lab9 authors. MIT license.

/**
 * Fails if a module of the library or the labs imports against the arrow, if
 * modules import one another in a circle, through types too, or if a module that a
 * pool needs isn't preloaded. Part of `deno task check`.
 *
 *     deno run --no-prompt --allow-run=deno --allow-read=. tools/check_imports.ts
 *
 * The rooms and what they may import stand in {@linkcode rooms}.
 *
 * @module
 */

/** The rooms of the house, and what each may import besides itself. */
const rooms: Record<string, readonly string[]> = {
  "lib/checks.ts": [],
  // What differs between Deno and a browser.
  "lib/platform": [],
  "lib/sync": ["lib/platform", "lib/checks.ts"],
  "lib/codec": ["lib/sync", "lib/platform", "lib/checks.ts"],
  "lib/store": ["lib/codec", "lib/sync", "lib/platform", "lib/checks.ts"],
  "lib/locks": [
    "lib/store",
    "lib/codec",
    "lib/sync",
    "lib/platform",
    "lib/checks.ts",
  ],
  "lib/queue": [
    "lib/store",
    "lib/codec",
    "lib/sync",
    "lib/platform",
    "lib/checks.ts",
  ],
  "lib/gil.ts": ["lib/codec", "lib/sync", "lib/platform", "lib/checks.ts"],
  "lib/transfer.ts": ["lib/codec", "lib/checks.ts"],
  "lib/expose.ts": ["lib/codec", "lib/checks.ts"],
  "lib/thread": [
    "lib/expose.ts",
    "lib/locks",
    "lib/locks.ts",
    "lib/queue",
    "lib/queue.ts",
    "lib/store",
    "lib/codec",
    "lib/sync",
    "lib/platform",
    "lib/checks.ts",
  ],
  "lib/pool": [
    "lib/thread",
    "lib/transfer.ts",
    "lib/expose.ts",
    "lib/locks",
    "lib/queue",
    "lib/store",
    "lib/codec",
    "lib/sync",
    "lib/platform",
    "lib/checks.ts",
  ],
  // An entry of its own. It loads its packages from npm at run time.
  "lib/cluster": [
    "lib/pool",
    "lib/thread",
    "lib/expose.ts",
    "lib/codec",
    "lib/sync",
    "lib/platform",
    "lib/checks.ts",
  ],
  // Schedules, for tests. Nothing of the library knows of it.
  "lib/explore": [
    "lib/thread",
    "lib/queue",
    "lib/locks",
    "lib/codec",
    "lib/sync",
    "lib/platform",
    "lib/checks.ts",
  ],
  // The faces. They export, and do nothing else.
  "lib/locks.ts": ["lib/locks", "lib/sync"],
  "lib/queue.ts": ["lib/queue"],
  "lib/thread.ts": ["lib/thread"],
  "lib/pool.ts": ["lib/pool"],
  "lib/cluster.ts": ["lib/cluster"],
  "lib/explore.ts": ["lib/explore"],
  "mod.ts": [
    "lib/expose.ts",
    "lib/gil.ts",
    "lib/locks.ts",
    "lib/pool.ts",
    "lib/pool",
    "lib/queue.ts",
    "lib/thread.ts",
    "lib/transfer.ts",
  ],
  // The labs.
  "labs/recorded": [],
  // What labs and the runner have in common. It knows nothing of the library.
  "labs/notebook": ["vendor/std"],
  "labs/notebook/cell.ts": [
    "labs/notebook",
    "labs/notebook/observed.ts",
    "labs/notebook/pause.ts",
    "mod.ts",
    "lib",
  ],
  "labs/notebook/observed.ts": [
    "labs/notebook",
    "labs/notebook/run_cell.ts",
    "lib",
  ],
  "labs/notebook/run_cell.ts": [
    "labs/notebook",
    "labs/notebook/pause.ts",
    "labs/notebook/recording.ts",
    "lib",
  ],
  "labs/notebook/pause.ts": ["lib"],
  "labs/notebook/recording.ts": ["labs/notebook", "lib"],
  "labs/notebook/concurrency.ts": ["mod.ts"],
  "labs/notebook/explore.ts": ["lib/explore.ts"],
  "labs/cluster": [
    "labs/notebook",
    "labs/runner",
    "labs",
    "lib/cluster.ts",
    "mod.ts",
    "vendor/std",
  ],
  "labs/files": [],
  "labs/copy": ["labs/files", "labs/notebook"],
  "labs/import": ["labs/runner", "labs/recorded", "labs/notebook"],
  "labs/kernel": [
    "labs",
    "labs/copy",
    "labs/files",
    "labs/recorded",
    "labs/notebook",
    "labs/notebook/cell.ts",
    "labs/notebook/pause.ts",
    "mod.ts",
    "vendor/std",
  ],
  "labs/page": [
    "labs",
    "labs/files",
    "labs/runner",
    "labs/recorded",
    "labs/notebook",
    "labs/notebook/run_cell.ts",
    "labs/notebook/recording.ts",
    "lib",
    "mod.ts",
  ],
  "labs/runner": ["labs/recorded", "labs/notebook", "vendor/std", "deno.json"],
  "labs": [
    "labs/notebook",
    "labs/notebook/cell.ts",
    "labs/notebook/explore.ts",
    "lib/explore.ts",
    "mod.ts",
    "vendor/std",
  ],
};

/**
 * Which modules each module imports, by paths from the root. What stands
 * elsewhere (`npm:…`, `https:…`) stands under its URL; Node's built-in modules
 * are left out.
 */
export type Graph = ReadonlyMap<string, readonly string[]>;

function isIn(path: string, room: string): boolean {
  return path === room || path.startsWith(`${room}/`);
}

/** The innermost room that a module stands in. */
function roomOf(path: string): string | undefined {
  return Object.keys(rooms)
    .filter((room) => isIn(path, room))
    .sort((a, b) => b.length - a.length)[0];
}

/** A sentence for each import that no room's line allows. */
export function againstTheArrow(graph: Graph): string[] {
  const faults: string[] = [];
  for (const [path, imports] of graph) {
    const room = roomOf(path);
    if (room === undefined) {
      faults.push(`${path} stands in no room of tools/check_imports.ts`);
      continue;
    }
    for (const imported of imports) {
      const from = roomOf(imported);
      if (from === room) continue;
      const isAllowed = rooms[room].some((allowed) =>
        allowed in rooms ? allowed === from : isIn(imported, allowed)
      );
      if (isAllowed) continue;
      const allowed = rooms[room].join(", ") || "nothing";
      faults.push(`${path} imports ${imported}: ${room} may import ${allowed}`);
    }
  }
  return faults;
}

/** A sentence for each circle of imports. */
export function circles(graph: Graph): string[] {
  const faults: string[] = [];
  const done = new Set<string>();
  const trail: string[] = [];
  function visit(path: string): void {
    const start = trail.indexOf(path);
    if (start !== -1) {
      const circle = [...trail.slice(start), path];
      faults.push(`a circle of imports: ${circle.join(" → ")}`);
      return;
    }
    if (done.has(path)) return;
    trail.push(path);
    for (const imported of graph.get(path) ?? []) visit(imported);
    trail.pop();
    done.add(path);
  }
  for (const path of graph.keys()) visit(path);
  return faults;
}

const PRELOAD = "lib/pool/preload.ts";

/**
 * A sentence for each module that a pool needs and that its preload doesn't name.
 *
 * @param loaded The graph without the imports of types.
 */
export function notPreloaded(loaded: Graph): string[] {
  const needed = new Set(["lib/pool/pool.ts"]);
  for (const path of needed) {
    for (const imported of loaded.get(path) ?? []) needed.add(imported);
  }
  const named = ["lib/pool/pool.ts", PRELOAD, ...loaded.get(PRELOAD) ?? []];
  return [...needed]
    .filter((path) => !named.includes(path))
    .map((path) => `${PRELOAD} doesn't import ${path}, which a pool needs`);
}

/** What is used here of what `deno info --json` prints. */
interface Info {
  modules: {
    specifier: string;
    dependencies?: {
      code?: { specifier?: string };
      type?: { specifier?: string };
    }[];
  }[];
}

async function* modulesIn(url: URL): AsyncGenerator<URL> {
  for await (const { name, isDirectory } of Deno.readDir(url)) {
    if (isDirectory) yield* modulesIn(new URL(`${name}/`, url));
    else if (name.endsWith(".ts")) yield new URL(name, url);
  }
}

/** Reads the graph of all imports, and that without the imports of types. */
async function readGraphs(
  root: URL,
): Promise<{ graph: Graph; loaded: Graph }> {
  const entries = [new URL("mod.ts", root)];
  for (const folder of ["lib/", "labs/"]) {
    entries.push(...await Array.fromAsync(modulesIn(new URL(folder, root))));
  }
  const code = entries.map(({ href }) => `import ${JSON.stringify(href)};`);
  const { success, stdout } = await new Deno.Command("deno", {
    args: [
      "info",
      "--json",
      `data:application/typescript,${encodeURIComponent(code.join(""))}`,
    ],
    cwd: root,
    stderr: "inherit",
  }).output();
  if (!success) throw new Error("deno info failed");

  const { modules }: Info = JSON.parse(new TextDecoder().decode(stdout));
  const paths = new Set(
    entries.map(({ href }) => href.slice(root.href.length)),
  );
  const graph = new Map<string, string[]>();
  const loaded = new Map<string, string[]>();
  for (const { specifier, dependencies = [] } of modules) {
    const path = specifier.slice(root.href.length);
    if (!specifier.startsWith(root.href) || !paths.has(path)) continue;
    const code = dependencies.map(({ code }) => code?.specifier);
    const types = dependencies.map(({ type }) => type?.specifier);
    graph.set(path, pathsOf([...code, ...types], root));
    loaded.set(path, pathsOf(code, root));
  }
  return { graph, loaded };
}

function pathsOf(urls: (string | undefined)[], root: URL): string[] {
  const paths = urls
    .filter((url) => url !== undefined && !url.startsWith("node:"))
    .map((url) =>
      url!.startsWith(root.href) ? url!.slice(root.href.length) : url!
    );
  return [...new Set(paths)];
}

if (import.meta.main) {
  const { graph, loaded } = await readGraphs(new URL("../", import.meta.url));
  const faults = [
    ...againstTheArrow(graph),
    ...circles(graph),
    ...notPreloaded(loaded),
  ];
  for (const fault of faults) console.error(`error: ${fault}`);
  console.log(`Checked the imports of ${graph.size} modules`);
  if (faults.length > 0) Deno.exit(1);
}
