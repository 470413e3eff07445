import { assertEquals, assertRejects } from "@std/assert";
import { writeSite } from "../../labs/page/site.ts";

Deno.test("The site is written over what an earlier run made, and over nothing else", async () => {
  const root = Deno.makeTempDirSync();
  const folder = `${root}/new/site`;
  const page = `${folder}/index.html`;
  try {
    Deno.mkdirSync(folder, { recursive: true });
    Deno.writeTextFileSync(page, "<p>my own</p>\n");
    await assertRejects(
      () => writeSite(folder),
      Error,
      `Cannot write ${page}: there is a file that this program has not made`,
    );
    assertEquals([...Deno.readDirSync(folder)].length, 1);
    assertEquals(Deno.readTextFileSync(page), "<p>my own</p>\n");

    await writeSite(folder, { force: true });
    await writeSite(folder);
    for (const name of ["page.css", "page.js", "index.html"]) {
      const file = `${folder}/${name}`;
      const made = Deno.readTextFileSync(file);
      Deno.writeTextFileSync(file, `${made} `);
      await assertRejects(
        () => writeSite(folder),
        Error,
        `Cannot write ${file}: it was changed since`,
      );
      assertEquals(Deno.readTextFileSync(file), `${made} `);
      Deno.writeTextFileSync(file, made);
    }
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
});

Deno.test("The page isn't written to a folder without a name", async () => {
  const { code, stderr } = await new Deno.Command("deno", {
    args: [
      ...["run", "--quiet", "--no-prompt", "--config=labs/page/deno.json"],
      // A shell's variable that isn't set.
      ...["--allow-read", "--allow-env", "labs/page/site.ts", ""],
    ],
    cwd: new URL("../../", import.meta.url),
  }).output();
  const [line] = new TextDecoder().decode(stderr).split("\n");
  assertEquals([code, line], [2, "Cannot write the page: name one folder"]);
});

Deno.test("Ctrl-C while the page is made leaves no file behind", async () => {
  const temporary = await Deno.makeTempDir();
  const root = new URL("../../", import.meta.url);
  try {
    await using process = new Deno.Command("deno", {
      args: [
        ...["run", "--quiet", "--no-prompt", "--config=labs/page/deno.json"],
        ...["--allow-read", "--allow-write", "--allow-run=deno"],
        ...["--allow-env", "labs/page/site.ts", `${temporary}/site`],
      ],
      cwd: root,
      env: { TMPDIR: temporary },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    while ([...Deno.readDirSync(temporary)].length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    process.kill("SIGINT");
    const { code } = await process.status;
    assertEquals([code, [...Deno.readDirSync(temporary)]], [130, []]);
  } finally {
    await Deno.remove(temporary, { recursive: true });
  }
});
