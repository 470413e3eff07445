import { assertEquals } from "@std/assert";
import { RECORD_SEPARATOR } from "../../labs/notebook/timeline.ts";
import { Transcript } from "../../labs/runner/run/transcript.ts";

const start = { type: "start", id: "lab:1", title: "In [1]:" } as const;

Deno.test("Transcript: an event is one with the lab's key, and whole", () => {
  const transcript = new Transcript("key");
  const event = `${RECORD_SEPARATOR}key${JSON.stringify(start)}`;
  assertEquals(transcript.add(event), { event: start });
  const broken = event.slice(0, -5);
  for (
    const line of [
      // A lab that is ended breaks off.
      broken,
      `${RECORD_SEPARATOR}key`,
      `${RECORD_SEPARATOR}keynull`,
      `${RECORD_SEPARATOR}key[1]`,
      `${RECORD_SEPARATOR}other${JSON.stringify(start)}`,
      RECORD_SEPARATOR + JSON.stringify(start),
      `key${JSON.stringify(start)}`,
      "In [1]:",
    ]
  ) {
    assertEquals(transcript.add(line), { output: line });
  }
  // Behind what a thread has printed without a line's break.
  assertEquals(transcript.add(`text${event}`), {
    event: start,
    output: "text",
  });
  const [first, second, ...others] = transcript.cells;
  assertEquals(first.output.split("\n").at(-1), "text");
  assertEquals([second.id, second.output, others], ["lab:1", "", []]);
});
