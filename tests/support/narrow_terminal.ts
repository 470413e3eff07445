// Runs a cell of a lab on a terminal of 40 columns, and prints what it shows.

const command = "stty cols 40; deno run --quiet --no-prompt --no-check " +
  "--allow-read=labs,lib,vendor,mod.ts labs/threads.ts --cell 4";
const { code, stdout } = await new Deno.Command("script", {
  args: ["-qec", command, "/dev/null"],
  env: { NO_COLOR: "1" },
  stdin: "null",
}).output();
const text = new TextDecoder().decode(stdout).replaceAll("\r\n", "\n");
console.log(text.trimEnd());
Deno.exit(code);
