import { assert, assertEquals } from "@std/assert";
import { filesIn, needsStore, root, scriptsOf } from "../support/scripts.ts";
import { Program, startHost } from "./support/hosts.ts";
import { kinds, startServer } from "./support/stores.ts";

Deno.test({
  name: "cluster: the documented programs print what they say",
  ignore: !kinds.includes("redis"),
  async fn() {
    const files = [
      ...filesIn("docs/", ".md"),
      "lib/cluster.ts",
      ...filesIn("lib/cluster/", ".ts"),
    ];
    const scripts = files.flatMap(scriptsOf).filter(needsStore);
    assert(scripts.length >= 3);
    await using server = await startServer("redis");
    const folder = await Deno.makeTempDir();
    try {
      for (const { place, code } of scripts) {
        const file = `${folder}/squares.ts`;
        const source = code
          .replaceAll(
            /"@lab9\/concurrency(\/\w+)?"/g,
            (_, entry) =>
              JSON.stringify(
                new URL(entry ? `lib${entry}.ts` : "mod.ts", root).href,
              ),
          )
          .replaceAll('"redis://127.0.0.1"', `"${server.url}"`);
        await Deno.writeTextFile(file, source);
        await using _host = await startHost(server.url, "lab", {
          module: file,
        });
        await using program = new Program([file]);
        assertEquals([await program.end(), program.output], [
          0,
          "[ 1, 4, 9 ]",
        ], place);
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
