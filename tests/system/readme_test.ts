import { assert, assertEquals } from "@std/assert";
import { processTest } from "../support/threads.ts";

const root = new URL("../../", import.meta.url);

/** README's scripts: the examples that expose something. */
function scripts(): string[] {
  const text = Deno.readTextFileSync(new URL("README.md", root));
  return [...text.matchAll(/^```ts.*\n([^]*?)^```$/gm)]
    .map(([, code]) => code)
    .filter((code) => code.includes("expose(import.meta"));
}

/** What the comments behind `console.log(…);` promise. */
function promised(code: string): string {
  return [...code.matchAll(/^ *console\.log\(.*\); \/\/ (.*)$/gm)]
    .map(([, output]) => output)
    .join(" ");
}

processTest("README: the scripts print what they say", async (t) => {
  assert(scripts().length >= 5);
  for (const code of scripts()) {
    const library = new URL("mod.ts", root).href;
    const source = code.replace('"@lab9/concurrency"', JSON.stringify(library));
    const name = /expose\(import\.meta, (.*)\)/.exec(code)![1];
    await t.step(name, async () => {
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
    });
  }
});
