import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Program } from "./support/hosts.ts";
import { kinds } from "./support/stores.ts";

const lab = new URL("../../labs/cluster/main.ts", import.meta.url).pathname;

Deno.test({
  name: "lab:cluster computes on two hosts, and draws them",
  ignore: !kinds.includes("redis"),
  async fn() {
    await using program = new Program(["--allow-run", lab]);
    assertEquals(await program.end(), 0, program.output);
    assertStringIncludes(program.output, "2 hosts with");
    assertStringIncludes(program.output, "the same numbers");
    // On a slow machine the second may be too late.
    assert(/^host 1 PoolWorker-\d .*▓/m.test(program.output), program.output);
  },
});

Deno.test({
  name: "lab:cluster leaves no process behind when it is ended",
  ignore: !kinds.includes("redis"),
  async fn() {
    await using program = new Program(["--allow-run", lab]);
    await program.line("have joined");
    program.kill("SIGTERM");
    // Its hosts have its output, too, so it isn't over before they have ended.
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(resolve, 60_000, "a host is left");
    });
    assertEquals(await Promise.race([program.end(), late]), 143);
    clearTimeout(timer);
  },
});

Deno.test("lab:cluster says what it needs", async () => {
  // Without the folder of redis-server.
  const deno = Deno.execPath();
  const folder = await Deno.makeTempDir();
  try {
    await Deno.symlink(deno, `${folder}/deno`);
    await using program = new Program(["--allow-run", lab], { PATH: folder });
    assertEquals(await program.end(), 1);
    assertStringIncludes(
      program.output,
      "This lab needs a Redis: install redis-server",
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("lab:cluster reads its command line before it computes", async () => {
  for (
    const [args, code, text] of [
      [["--help"], 0, "Usage: deno task lab:cluster [URL]"],
      [["redis://127.0.0.1", "-h"], 0, "Usage: deno task lab:cluster [URL]"],
      [
        ["--list"],
        2,
        "Unknown flag '--list': this lab has no cells, and no flag but --help",
      ],
      [["redis://a", "b"], 2, "Unknown argument 'b': name one URL"],
      [["http://a"], 1, "the URL must begin with redis://, rediss:// or"],
      [["stray"], 1, "the URL of its store is not valid"],
      // Nothing answers at port 1.
      [["redis://127.0.0.1:1"], 1, "redis://127.0.0.1:1"],
    ] as const
  ) {
    await using program = new Program(["--allow-run", lab, ...args]);
    assertEquals(await program.end(), code, program.output);
    assertStringIncludes(program.output, text);
    assert(!program.output.includes("In a loop"), program.output);
    if (code !== 0) assertEquals(program.output.split("\n").length, 1);
  }
});

Deno.test("lab:cluster --help downloads nothing", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const args = ["--cached-only", lab, "--help"];
    await using program = new Program(args, { DENO_DIR: folder });
    assertEquals(await program.end(), 0, program.output);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
