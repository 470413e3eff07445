// Copyright 2026 the lab9 authors. MIT license.

/** Options of {@linkcode runProcess}. */
export interface LabProcessOptions {
  /** Ends the process, and what it has started, at once. */
  signal: AbortSignal;
  /** Is called with each line on stdout, without its line break. */
  onLine: (line: string) => void;
  /** Is called with each line on stderr. */
  onErrorLine: (line: string) => void;
  /** The stdin of the process. By default it is empty. */
  input?: ReadableStream<Uint8Array<ArrayBuffer>>;
}

/**
 * How long its output is read after the process has ended, in milliseconds. Only another
 * process that it has left behind can keep its output open longer.
 */
const GRACE = 2000;

/**
 * Runs a lab as a process.
 *
 * @param command The program and its arguments.
 * @param options The options.
 * @returns Its exit code, when it has ended and its output was read.
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
    // If a callback throws, the process is ended.
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
 * Ends a process and the processes that it has started. `deno` may be a script of npm that
 * starts the real program, which would outlive the script. Deno permits a signal to a group
 * only with `--allow-run` for all programs. So another process sends the signal.
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
    // If the group has ended already, there is an error, which is ignored.
    stdout: "null",
    stderr: "null",
    // Ctrl-C, once more, must not stop it.
    detached: true,
  }).output();
}

/** Reads the lines of a stream. A line may have any length. */
class LineReader {
  #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  #onLine: (line: string) => void;
  /** The parts of the line that hasn't ended yet. */
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
