// A script that runs itself on a terminal, where Deno asks the user for what a
// thread lacks, and answers as the user: "y" (yes), "A" (all) or "n" (no).

import { expose, Thread, type WorkerPermissions } from "../../mod.ts";

let calls = 0;

/** How often this worker's module was called. */
export function count(): number {
  return ++calls;
}

/** Asks for something; what is the permission's state afterwards. */
export function ask(): string {
  try {
    Deno.env.get("HOME");
  } catch {
    // The user has refused.
  }
  return stateOf();
}

export function stateOf(): string {
  const descriptor = { name: "env", variable: "HOME" } as const;
  return Deno.permissions.querySync(descriptor).state;
}
expose(import.meta, { ask, count, stateOf });

async function run<R>(
  fn: () => R,
  permissions: WorkerPermissions = "none",
): Promise<R> {
  const thread = new Thread(fn, { permissions });
  thread.start();
  return await thread.join() as R;
}

/** Prints what came of it as a line that begins with "seen". */
async function runThreads(): Promise<void> {
  const seen = [await run(count), await run(count)];
  console.log("seen", ...seen, await run(ask), await run(stateOf));
  console.log("seen", await run(count));
  // What was granted to a worker with permissions can't be told from those.
  const permissions = { read: ["lib"] };
  const counts = [await run(count, permissions), await run(count, permissions)];
  console.log("seen", ...counts);
}

async function runOnTerminal(answer: string): Promise<void> {
  const { pathname } = new URL(import.meta.url);
  const flags = "--no-check --quiet --allow-read=lib,mod.ts,tests,vendor";
  const child = new Deno.Command("script", {
    args: ["-qec", `deno run ${flags} ${pathname} threads`, "/dev/null"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const input = child.stdin.getWriter();
  let output = "";
  let timer: ReturnType<typeof setInterval> | undefined;
  const reply = () => void input.write(new TextEncoder().encode(`${answer}\n`));
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    output += text;
    // Deno throws away what is typed while it asks: the user types it again.
    if (output.includes("Allow?")) timer ??= setInterval(reply, 100);
    if (output.includes("seen")) clearInterval(timer);
  }
  await input.close();
  for (const line of output.split(/\r?\n/)) {
    if (line.startsWith("seen")) console.log(line);
  }
}

if (import.meta.main) {
  if (Deno.args[0] === "threads") await runThreads();
  else await runOnTerminal(Deno.args[0]);
}
