// A lab of a few cells that take no time, for tests of the runner.

const [name, ...flags] = Deno.args;

if (flags.includes("--list")) {
  console.log("[1]    a definition\n[2]    some lines\n[own]  our own");
  Deno.exit(0);
}

console.log("In [1]: a definition\n");
if (name === "broken") {
  console.log("In [2]: some lines\na");
  console.error("no more");
  Deno.exit(7);
}
if (name === "slow") {
  console.log("In [2]: some lines\na");
  // As npm's script does that is called deno: it starts the real one.
  const child = new Deno.Command("deno", {
    args: ["eval", "setTimeout(() => {}, 60_000)"],
  }).spawn();
  await child.status;
}
const lines = name === "wrong" ? "a\nx\nc" : "a\nb\nc";
console.log(`In [2]: some lines\n${lines}\nFinished in 1.0 seconds`);
const timeline = {
  ...{ cell: "2", title: "some lines", duration: 1 },
  ...{ threads: [], spans: [], flows: [], depths: [] },
};
console.log(`\x1e${JSON.stringify(timeline)}\n`);
console.log(`In [own]: our own\n${flags.join(" ")}`);
