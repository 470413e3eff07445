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
