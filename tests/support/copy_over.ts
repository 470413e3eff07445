// Copies a script over files: over a copy as it was made, but over no other unless
// it is forced to; and into folders that aren't there. To be run with the
// configuration of labs/copy.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { programOf, runTask } from "./programs.ts";

/** The smallest that there is. */
const SCRIPT = "tests/support/copy/parts_scale.ts";

const copy = await programOf("labs/copy/main.ts");
const folder = await Deno.makeTempDir();
const file = `${folder}/copy.ts`;
try {
  const byTask = await runTask("copy", SCRIPT, `${folder}/by_task.ts`);
  assertEquals(byTask, { code: 0, err: "" });
  await Deno.writeTextFile(file, "my own\n");
  await assertRefused(file, "there is a file that this program has not made");
  await assertCopied(file, "--force");

  const made = await Deno.readTextFile(file);
  await assertCopied(file);
  assertEquals(await Deno.readTextFile(file), made);
  await Deno.writeTextFile(file, `${made}// my own\n`);
  await assertRefused(file, "it was changed since this program has made it");
  await assertCopied(file, "--force");
  assertEquals(await Deno.readTextFile(file), made);

  // A name without .ts is a folder.
  await assertCopied(`${folder}/new/sub`);
  assertEquals(namesIn(`${folder}/new/sub`), ["parts_scale.ts"]);
  await assertCopied(`${folder}/other/out.ts`);
  assertEquals(namesIn(`${folder}/other`), ["out.ts"]);
  await Deno.writeTextFile(`${folder}/plain`, "my own\n");
  const isFile = `${folder}/plain is a file, not a folder`;
  for (const where of ["plain", "plain/copy.ts", "plain/sub/"]) {
    await assertRefused(`${folder}/${where}`, isFile, "--force");
  }
  assertEquals(await Deno.readTextFile(`${folder}/plain`), "my own\n");

  // A shell takes the command in the header, whatever the file's name is, and
  // wherever the script has its library from.
  const library = `${folder}/concurrency`;
  await Deno.mkdir(library);
  await new Deno.Command("cp", { args: ["-r", "mod.ts", "lib", library] })
    .output();
  const odd = `${folder}/a copy #1, 50% $HOME.ts`;
  await Deno.writeTextFile(
    odd,
    'import { expose, Thread } from "./concurrency/mod.ts";\n' +
      "export function f() {}\nexpose(import.meta, { f });\n" +
      "if (import.meta.main) await new Thread(f).start();\n",
  );
  for (const name of ["a copy #1, 50% $HOME.ts", "-a.ts", "a:b.ts"]) {
    const file = `${folder}/odd/${name}`;
    assertEquals(await copy(odd, file), { code: 0, err: "" });
    const text = await Deno.readTextFile(file);
    const [, command] = /^\/\/ {5}(deno .+)$/m.exec(text)!;
    const run = await new Deno.Command("sh", {
      args: ["-c", command],
      cwd: `${folder}/odd`,
    }).output();
    assertEquals([run.code, new TextDecoder().decode(run.stderr)], [0, ""]);
  }

  // A variable of a shell that isn't set is no place to write to.
  for (const args of [[SCRIPT, ""], ["--all", ""], [""]]) {
    const { code, err } = await copy(...args);
    assertEquals([code, /^Cannot copy.*: name /.test(err)], [2, true], err);
  }

  // A copy in the script's place would be all that is left of it.
  const script = `${folder}/script.ts`;
  await Deno.copyFile(SCRIPT, script);
  const { code, err } = await copy(script, script, "--force");
  assertEquals(code, 2);
  assertStringIncludes(err, "it is the script that is copied");
  assertEquals(
    await Deno.readTextFile(script),
    await Deno.readTextFile(SCRIPT),
  );
} finally {
  await Deno.remove(folder, { recursive: true });
}

function namesIn(path: string): string[] {
  return [...Deno.readDirSync(path)].map(({ name }) => name);
}

async function assertCopied(...args: string[]): Promise<void> {
  assertEquals(await copy(SCRIPT, ...args), { code: 0, err: "" });
}

/** Copies to a path; the one sentence that comes says why it isn't done. */
async function assertRefused(path: string, why: string, ...flags: string[]) {
  const { code, err } = await copy(SCRIPT, path, ...flags);
  assertEquals([code, err.trimEnd().split("\n").length], [2, 1], err);
  assertStringIncludes(err, `Cannot write ${path.replace(/\/$/, "")}`);
  assertStringIncludes(err, why);
}
