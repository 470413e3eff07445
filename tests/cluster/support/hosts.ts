/** Hosts as the tests start them: processes that run the worker's program. */

import { TextLineStream } from "./lines.ts";

const root = new URL("../../../", import.meta.url);

/** The flags that a program of the tests is run with. */
export const flags: string[] = [
  "--quiet",
  "--no-check",
  "--no-prompt",
  `--config=${new URL("labs/cluster/deno.json", root).pathname}`,
  "--allow-net=127.0.0.1",
  "--allow-env",
  "--allow-read",
  "--allow-sys=hostname",
];

/** A process of `deno`'s, and what it prints. */
export class Program implements AsyncDisposable {
  #process: Deno.ChildProcess;
  #lines: string[] = [];
  #waits = new Set<() => void>();
  #printed: Promise<unknown>;
  #hasEnded = false;

  constructor(args: string[], env: Record<string, string> = {}) {
    this.#process = new Deno.Command("deno", {
      args: ["run", ...flags, ...args],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      env: { ...env, NO_COLOR: "1" },
    }).spawn();
    const { stdout, stderr } = this.#process;
    this.#printed = Promise.all([this.#read(stdout), this.#read(stderr)])
      .then(() => {
        this.#hasEnded = true;
        this.#wake();
      });
  }

  /** What it has printed until now. */
  get output(): string {
    return this.#lines.join("\n");
  }

  /** Resolves when it has printed a line with a text in it; gives the line. */
  async line(text: string, times = 1): Promise<string> {
    for (;;) {
      const found = this.#lines.filter((line) => line.includes(text));
      if (found.length >= times) return found[times - 1];
      if (this.#hasEnded) throw new Error(`It ended: ${this.output}`);
      await new Promise<void>((resolve) => this.#waits.add(resolve));
    }
  }

  kill(signal: Deno.Signal): void {
    this.#process.kill(signal);
  }

  /** Resolves to its exit code when it has ended. */
  async end(): Promise<number> {
    const { code } = await this.#process.status;
    await this.#printed;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.end();
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const line of stream.pipeThrough(new TextLineStream())) {
      this.#lines.push(line);
      this.#wake();
    }
  }

  #wake(): void {
    for (const wake of this.#waits) wake();
    this.#waits.clear();
  }
}

/** The module of the functions that hosts serve here. */
export const functions = new URL("functions.ts", import.meta.url).pathname;

/** Starts a host, and waits until it has joined. */
export async function startHost(
  url: string,
  name: string,
  { module = functions, args = [] as string[], quick = false } = {},
): Promise<Program> {
  const program = quick
    ? new URL("quick_host.ts", import.meta.url).pathname
    : new URL("lib/cluster.ts", root).pathname;
  const host = new Program([program, url, module, "--name", name, ...args]);
  await host.line("joined");
  return host;
}
