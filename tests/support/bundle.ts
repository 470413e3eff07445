// Bundles a lab as README says, runs the one file elsewhere, with permission to
// read just that file, and prints what it prints.

const dir = await Deno.makeTempDir();
try {
  const bundle = `${dir}/lab.js`;
  const [lab, ...flags] = Deno.args;
  await deno("bundle", "--quiet", `labs/${lab}.ts`, "-o", bundle);
  const unstable = "--unstable-worker-options";
  const allowRead = `--allow-read=${bundle}`;
  console.log(await deno("run", unstable, allowRead, bundle, ...flags));
} finally {
  await Deno.remove(dir, { recursive: true });
}

/** What a command of Deno's prints. */
async function deno(...args: string[]): Promise<string> {
  const command = new Deno.Command("deno", { args, stdin: "null" });
  const { success, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(decoder.decode(stderr));
  return decoder.decode(stdout);
}
