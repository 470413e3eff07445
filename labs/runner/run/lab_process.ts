// Copyright 2026 the lab9 authors. MIT license.

/** What a lab's process is watched with. */
export interface LabProcessOptions {
  /** Ends the process, and what it has started, at once. */
  signal: AbortSignal;
  /** Called with each line on stdout, without its break. */
  onLine: (line: string) => void;
  /** Called with each line on stderr. */
  onErrorLine: (line: string) => void;
  /**
   * What the process reads on stdin.
   *
   * @default {undefined, which is nothing}
   */
  input?: ReadableStream<Uint8Array<ArrayBuffer>>;
}

/**
 * How long what the process has printed is read once it has ended, in
 * milliseconds. Only a process that it left behind can hold its output open.
 */
const GRACE = 2000;

/**
 * Runs a lab as a process.
 *
 * @param command The program and its arguments.
 * @param options What to do with what it prints.
 * @returns Its exit code, when it has ended and what it printed was read.
 */
export async function runProcess(
  [program, ...args]: string[],
  { signal, onLine, onErrorLine, input }: LabProcessOptions,
): Promise<number> {
  signal.throwIfAborted();
  const child = new Deno.Command(program, {
    args,
    cwd: new URL("../../../", import.meta.url),
    stdin: input === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
    // A group of its own, which can be ended as a whole.
    detached: true,
  }).spawn();
  let ending: Promise<void> | undefined;
  const end = () => ending ??= endGroup(child);
  signal.addEventListener("abort", end);
  // A process that has ended reads no more.
  input?.pipeTo(child.stdin).catch(() => {});
  const streams = [
    new LineReader(child.stdout, onLine),
    new LineReader(child.stderr, onErrorLine),
  ];
  const reading = Promise.all(streams.map((stream) => stream.read()));
  let grace: ReturnType<typeof setTimeout> | undefined;
  try {
    // What a handler throws ends the process, too.
    await Promise.race([child.status, reading]);
    const { code } = await child.status;
    grace = setTimeout(() => {
      end();
      streams.forEach((stream) => stream.cancel());
    }, GRACE);
    await reading;
    return code;
  } catch (error) {
    end();
    streams.forEach((stream) => stream.cancel());
    throw error;
  } finally {
    clearTimeout(grace);
    signal.removeEventListener("abort", end);
    await ending;
  }
}

/**
 * Ends a process and those that it has started. `deno` may be npm's script that
 * starts the real one, which would outlive it. A process may signal a group only
 * if it may run everything; so another, which may, is asked to.
 */
async function endGroup(child: Deno.ChildProcess): Promise<void> {
  try {
    child.kill("SIGKILL");
  } catch (error) {
    // It has ended by itself.
    if (!(error instanceof TypeError)) throw error;
  }
  if (Deno.build.os === "windows") return;
  await new Deno.Command("deno", {
    args: ["eval", "--no-config", `Deno.kill(-${child.pid}, "SIGKILL")`],
    stdin: "null",
    // Without a group there is an error, and nothing to do.
    stdout: "null",
    stderr: "null",
    // Ctrl-C, once more, must not stop it.
    detached: true,
  }).output();
}

/** Takes a stream apart at its line breaks; a line may be of any length. */
class LineReader {
  #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  #onLine: (line: string) => void;
  /** The line that isn't over. */
  #parts: string[] = [];

  constructor(
    stream: ReadableStream<Uint8Array<ArrayBuffer>>,
    onLine: (line: string) => void,
  ) {
    this.#reader = stream.getReader();
    this.#onLine = onLine;
  }

  /** Reads to the end, or until it is cancelled. */
  async read(): Promise<void> {
    const decoder = new TextDecoder();
    while (true) {
      const { value, done } = await this.#reader.read();
      this.#add(decoder.decode(value, { stream: !done }));
      if (done) break;
    }
    if (this.#parts.some((part) => part !== "")) this.#end("");
  }

  cancel(): void {
    this.#reader.cancel().catch(() => {});
  }

  #add(text: string): void {
    let start = 0;
    for (
      let end = text.indexOf("\n");
      end >= 0;
      end = text.indexOf("\n", start)
    ) {
      this.#end(text.slice(start, end));
      start = end + 1;
    }
    this.#parts.push(text.slice(start));
  }

  #end(rest: string): void {
    const line = this.#parts.join("") + rest;
    this.#parts = [];
    this.#onLine(line);
  }
}
