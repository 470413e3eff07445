/** Scripts in documents, and whether they print what they say. */

import { assertEquals } from "@std/assert";

/** The root of the project. */
export const root = new URL("../../", import.meta.url);

/**
 * A script in a document: an example that exposes something, or, in a Markdown file,
 * any example that imports the library.
 */
export interface Script {
  /** The file and the line that it stands at. */
  place: string;
  code: string;
}

/** The files of a folder and its folders, by their paths from the root. */
export function filesIn(folder: string, ext: string): string[] {
  return [...Deno.readDirSync(new URL(folder, root))].flatMap(
    ({ name, isDirectory }) => {
      if (isDirectory) return filesIn(`${folder}${name}/`, ext);
      return name.endsWith(ext) ? [`${folder}${name}`] : [];
    },
  );
}

export function scriptsOf(path: string): Script[] {
  const text = Deno.readTextFileSync(new URL(path, root));
  const sign = path.endsWith(".md")
    ? 'from "@lab9/concurrency'
    : "expose(import.meta";
  const pattern =
    /^(?<indent> *(?:\* )?)```ts.*\n(?<code>[^]*?)^ *(?:\* )?```$/gm;
  return [...text.matchAll(pattern)].map((match) => ({
    place: `${path}:${text.slice(0, match.index).split("\n").length}`,
    code: match.groups!.code.split("\n")
      .map((line) => line.slice(match.groups!.indent.length))
      .join("\n"),
  })).filter(({ code }) => code.includes(sign));
}

/** Those of a cluster need a store and a host: `tests/cluster` has them. */
export function needsStore({ code }: Script): boolean {
  return code.includes('"@lab9/concurrency/cluster"');
}

/** What the comments behind `console.log(…);` promise. */
function promised(code: string): string {
  return [...code.matchAll(/^ *console\.log\(.*\); \/\/ (.*)$/gm)]
    .map(([, output]) => output)
    .join(" ");
}

/** Runs a script as a process of its own. */
export async function assertPrints(code: string): Promise<void> {
  const source = code.replaceAll(
    /"@lab9\/concurrency(\/\w+)?"/g,
    (_, entry) =>
      JSON.stringify(new URL(entry ? `lib${entry}.ts` : "mod.ts", root).href),
  );
  const { code: status, stdout, stderr } = await new Deno.Command("deno", {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      "--unstable-worker-options",
      "--allow-read=.",
      `data:application/typescript,${encodeURIComponent(source)}`,
    ],
    cwd: root,
    stdin: "null",
    env: { NO_COLOR: "1" },
  }).output();
  const [out, err] = [stdout, stderr].map((bytes) =>
    new TextDecoder().decode(bytes)
  );
  assertEquals({ status, err }, { status: 0, err: "" });
  assertEquals(out.trimEnd().replaceAll("\n", " "), promised(code));
}
