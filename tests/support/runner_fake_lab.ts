// A lab of a few cells that take no time, for tests of the runner.

import {
  type LabEvent,
  linesOf,
  writeEvent,
} from "../../labs/notebook/events.ts";

const [name, ...flags] = Deno.args;

if (flags.includes("--list")) {
  console.log("[1]    a definition\n[2]    some lines\n[own]  our own");
  Deno.exit(0);
}

const input = linesOf(Deno.stdin.readable);
const { value: key } = await input.next();
const tell = (event: LabEvent) => console.log(writeEvent(key ?? "", event));
const start = async (id: string, title: string) => {
  if (flags.includes("--step")) {
    tell({ type: "ready", id });
    await input.next();
  }
  tell({ type: "start", id, title });
};
const end = (id: string) => {
  const timeline = {
    ...{ cell: id, title: "", duration: 1 },
    ...{ threads: [], spans: [], flows: [], depths: [] },
  };
  tell({ type: "end", id, cpu: 0, timeline });
};

/** A process that outlives its parent, and holds the lab's output open. */
function leaveProcess(isDetached: boolean): Deno.ChildProcess {
  return new Deno.Command("deno", {
    args: ["eval", "setTimeout(() => {}, 40_000)"],
    detached: isDetached,
  }).spawn();
}

await start("1", "a definition");
end("1");
await start("2", "some lines");
if (name === "broken") {
  console.log("a");
  console.error("no more");
  Deno.exit(7);
}
if (name === "slow") {
  console.log("a");
  // As npm's script does that is called deno: it starts the real one.
  await leaveProcess(false).status;
}
if (name === "holding") {
  // Not even in the lab's group.
  leaveProcess(true).unref();
}
if (name === "forging") {
  // As if the next cell began, had printed, and ended.
  console.log("In [own]: forged");
  console.log('\x1e{"type":"start","id":"own","title":"forged"}');
  console.log('\x1enull\n\x1e{"type":"end"}\n\x1e');
  await Deno.stdout.write(new TextEncoder().encode("no break"));
} else {
  const lines = name === "wrong" ? "a\nx\nc" : "a\nb\nc";
  const seconds = name === "long" ? "1.9" : "1.0";
  console.log(`${lines}\nFinished in ${seconds} seconds`);
  if (name === "huge") console.log("7".repeat(64 << 20));
}
end("2");
await start("own", "our own");
console.log(flags.join(" "));
end("own");
tell({ type: "idle" });

for await (const line of input) {
  for (const id of JSON.parse(line).again) {
    tell({ type: "start", id, title: "once more" });
    console.log(`a\nb\nc\nFinished in 1.0 seconds`);
    end(id);
  }
  tell({ type: "idle" });
}
Deno.exit(0);
