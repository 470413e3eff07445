// Prints whether Jupyter can run notebooks here.

try {
  const command = new Deno.Command("jupyter-nbconvert", {
    args: ["--version"],
    stdout: "null",
    stderr: "null",
  });
  console.log((await command.output()).success);
} catch {
  console.log(false);
}
