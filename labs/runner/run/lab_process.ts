// Copyright 2026 the lab9 authors. MIT license.

/** What a lab's process is watched with. */
export interface LabProcessOptions {
  /** Ends the process, and what it has started, at once. */
  signal: AbortSignal;
  /** Called with each line on stdout, without its break. */
  onLine: (line: string) => void;
  /** Called with each line on stderr. */
  onErrorLine: (line: string) => void;
}

/**
 * Runs a lab as a process.
 *
 * @param command The program and its arguments.
 * @param options What to do with what it prints.
 * @returns Its exit code, when it has ended and everything was read.
 */
export async function runProcess(
  [program, ...args]: string[],
  { signal, onLine, onErrorLine }: LabProcessOptions,
): Promise<number> {
  signal.throwIfAborted();
  const child = new Deno.Command(program, {
    args,
    cwd: new URL("../../../", import.meta.url),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    // A group of its own, which can be ended as a whole.
    detached: true,
  }).spawn();
  let ending: Promise<void> | undefined;
  const end = () => ending ??= endGroup(child);
  signal.addEventListener("abort", end);
  try {
    await Promise.all([
      readLines(child.stdout, onLine),
      readLines(child.stderr, onErrorLine),
    ]);
    return (await child.status).code;
  } catch (error) {
    end();
    throw error;
  } finally {
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

async function readLines(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  onLine: (line: string) => void,
): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    lines.forEach(onLine);
  }
  if (rest !== "") onLine(rest);
}
