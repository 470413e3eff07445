// Programs of the labs that are run in the process of a test: one that runs one ten
// times loads TypeScript once, and parses the library once. To be run with the
// configuration of labs/copy, as the programs are.

/** What a program printed to stderr, and its exit code. */
export interface Ended {
  code: number;
  err: string;
}

/** The program of a module, such as `labs/copy/main.ts`. */
export async function programOf(
  module: string,
): Promise<(...args: string[]) => Promise<Ended>> {
  // What it imports is no part of this project's configuration.
  const { href } = new URL(`../../${module}`, import.meta.url);
  const { program }: { program(args: string[]): Promise<number> } =
    await import(href);
  return async (...args) => {
    const { error } = console;
    const lines: string[] = [];
    console.error = (line: string) => lines.push(`${line}\n`);
    try {
      const code = await program(args);
      return { code, err: lines.join("") };
    } finally {
      console.error = error;
    }
  };
}

/** The same by its task, in a process of its own. */
export async function runTask(name: string, ...args: string[]): Promise<Ended> {
  const { code, stderr } = await new Deno.Command("deno", {
    args: ["task", "--quiet", name, ...args],
    stdin: "null",
  }).output();
  return { code, err: new TextDecoder().decode(stderr) };
}
