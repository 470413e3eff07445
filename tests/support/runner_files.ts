// Runs the runner in a folder of its own, and prints what became of that.

const program = new URL("runner_labs.ts", import.meta.url).pathname;
const flags = "run --no-check --no-prompt --allow-run=deno --allow-read=. " +
  "--allow-write=.";

function runner(cwd: string, ...args: string[]) {
  return new Deno.Command("deno", {
    args: [...flags.split(" "), program, ...args],
    ...{ cwd, stdin: "null", stdout: "piped", stderr: "piped" },
  });
}

async function junit(folder: string): Promise<void> {
  const file = `${folder}/report.xml`;
  const args = ["good", "wrong", "broken", "--junit", "report.xml"];
  const { code } = await runner(folder, ...args).output();
  console.log(code);
  console.log(Deno.readTextFileSync(file));
}

async function refused(folder: string): Promise<void> {
  const outside = Deno.makeTempDirSync();
  Deno.writeTextFileSync(`${folder}/deno.json`, "{}");
  Deno.mkdirSync(`${folder}/folder`);
  Deno.symlinkSync(outside, `${folder}/link`);
  Deno.symlinkSync(`${outside}/file`, `${folder}/file`);
  Deno.writeTextFileSync(`${folder}/good-2.svg`, "<svg/>");
  const runs = [
    ...["none/report.xml", "../report.xml", "/report.xml", "link/report.xml"],
    ...["file", "deno.json", "folder"],
  ].map((path) => ["--junit", path]);
  for (
    const flags of [
      ...runs,
      ...[["--svg", "."], ["--svg", "link/a/b"], ["--svg", "../a"]],
      ["--svg", "deno.json"],
      ["--trace", "one", "--report", "./folder/../one"],
      ["--report", "deno.json", "--force"],
    ]
  ) {
    const output = await runner(folder, "good", ...flags).output();
    const [line] = new TextDecoder().decode(output.stderr).split("\n");
    console.log(flags.join(" "), output.code, line);
  }
  console.log([...Deno.readDirSync(outside)].length, "outside");
  console.log(Deno.readTextFileSync(`${folder}/deno.json`).slice(0, 15));
  // What the first run has written, the second may.
  for (let i = 0; i < 2; i++) {
    const args = ["good", "--junit", "a", "--trace", "b", "--report", "c"];
    console.log((await runner(folder, ...args).output()).code);
  }
  const left = [...Deno.readDirSync(folder)].filter(({ name }) =>
    name.endsWith(".tmp")
  );
  console.log(left.length, "left");
  Deno.removeSync(outside);
}

async function watch(folder: string): Promise<void> {
  Deno.mkdirSync(`${folder}/labs`);
  Deno.mkdirSync(`${folder}/lib`);
  Deno.writeTextFileSync(`${folder}/mod.ts`, "");
  const child = runner(folder, "good", "--watch", "--quiet").spawn();
  const text = child.stderr.pipeThrough(new TextDecoderStream());
  let waits = 0;
  for await (const _ of text) {
    waits++;
    if (waits === 1) Deno.writeTextFileSync(`${folder}/mod.ts`, "export {};");
    else break;
  }
  child.kill("SIGINT");
  const tables = await new Response(child.stdout).text();
  console.log(
    (await child.status).code,
    tables.split("2 reproduced").length - 1,
  );
}

const scenarios: Record<string, (folder: string) => Promise<void>> = {
  ...{ junit, refused, watch },
};
const folder = Deno.makeTempDirSync();
try {
  await scenarios[Deno.args[0]](folder);
} finally {
  Deno.removeSync(folder, { recursive: true });
}
