// Runs a module of this folder as a process, as a user would.

/** What a process printed, and how it ended. */
export interface Finished {
  code: number;
  out: string;
  err: string;
}

/** Runs a module; a process that doesn't end by itself fails the test. */
export async function runProcess(
  file: string,
  args: string[],
  flags: string[] = [],
  seconds = 300,
): Promise<Finished> {
  const root = new URL("../../", import.meta.url);
  const command = new Deno.Command("deno", {
    args: [
      "run",
      "--no-check",
      "--no-prompt",
      ...flags.some((flag) => /^-A$|^--allow-read/.test(flag))
        ? []
        : ["--allow-read=lib,mod.ts,tests,vendor"],
      ...flags,
      `tests/support/${file}`,
      ...args,
    ],
    cwd: root,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  const child = command.spawn();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    child.kill("SIGKILL");
  }, seconds * 1000);
  const { code, stdout, stderr } = await child.output();
  clearTimeout(timer);
  const decoder = new TextDecoder();
  const [out, err] = [stdout, stderr].map((bytes) => decoder.decode(bytes));
  if (isLate) throw new Error(`${file} ${args} didn't end: ${out}${err}`);
  // deno-lint-ignore no-control-regex -- colours
  const plain = (text: string) => text.replaceAll(/\x1b\[\d+m/g, "").trimEnd();
  return { code, out: plain(out), err: plain(err) };
}
