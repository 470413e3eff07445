import { assertEquals } from "@std/assert";
import { questionOf, saidOf } from "../../labs/runner/predict/questions.ts";

Deno.test("What was foreseen counts one thing as one", () => {
  const said = (id: string, answer: number) =>
    saidOf(questionOf(id)!, 1, answer);
  assertEquals(
    [said("threads:5", 1), said("threads:5", 2), said("threads:5", 1.2)],
    [
      "you said 1, it was 1 second",
      "you said 1, it was 2 seconds",
      "you said 1, it was 1.20 seconds",
    ],
  );
  assertEquals(
    [said("queue:26", 1), said("queue:26", 2), said("queue:13", 1)],
    [
      "you said 1, it was 1 thread",
      "you said 1, it was 2 threads",
      "you said 1, it was 1",
    ],
  );
  assertEquals(said("pool:9", 1.93), "you said 1, it was 1.93 times as fast");
});
