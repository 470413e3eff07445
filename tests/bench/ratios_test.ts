import { assertEquals } from "@std/assert";
import { amdahl, extrapolate, serialPart } from "../../bench/amdahl.ts";
import { floors } from "../../bench/floors.ts";
import { measurements } from "../../bench/measurements/mod.ts";
import type { Failure } from "../../bench/protocol.ts";
import { judge, resultOf } from "../../bench/ratios.ts";
import { race } from "../support/bench_race.ts";

Deno.test("Ratios are taken within a round, and their median counts", () => {
  const { ratios: [ratio] } = resultOf(
    race("us", "them"),
    new Map([
      ["us", [1, 2, 4].map((seconds) => ({ steady: [seconds] }))],
      ["them", [3, 4, 20].map((seconds) => ({ steady: [seconds] }))],
    ]),
    { "race/them": 3 },
  );
  assertEquals(ratio.steady, { median: 3, least: 2, most: 5 });
  assertEquals(ratio.first, undefined);
  assertEquals(ratio.verdict, "reached");
});

Deno.test("First and steady bursts are told apart", () => {
  const sample = (first: number, ...steady: number[]) => [{ first, steady }];
  const { rates, ratios: [ratio] } = resultOf(
    race("us", "them"),
    new Map([["us", sample(4, 1, 9, 2)], ["them", sample(8, 6, 7, 1)]]),
    {},
  );
  assertEquals(rates[0].steady?.median, 5);
  assertEquals(ratio.first?.median, 2);
  assertEquals(ratio.steady?.median, 3);
  assertEquals(ratio.verdict, "none");
});

Deno.test("The best peer is the one with the highest median", () => {
  const measurement = race("us", "slow", "fast", "broken");
  measurement.comparisons = [{
    id: "race/best",
    ours: "us",
    against: ["broken", "slow", "fast"],
    label: "the best peer",
  }];
  const hang = { failure: "hang", message: "It hung" } as const;
  const { rates, ratios: [ratio] } = resultOf(
    measurement,
    new Map([
      ["us", [{ steady: [1] }]],
      ["slow", [{ steady: [4] }]],
      ["fast", [{ steady: [2] }]],
      ["broken", [hang]],
    ]),
    { "race/best": 2.5 },
  );
  assertEquals(ratio.against, "fast");
  assertEquals(ratio.steady?.median, 2);
  assertEquals(ratio.verdict, "missed");
  assertEquals(rates[3].failures, [hang]);
});

Deno.test("A round that failed has no ratio, the others have", () => {
  const wrong = { failure: "wrong result", message: "It is 1" } as const;
  const { ratios: [ratio] } = resultOf(
    race("us", "them"),
    new Map([
      ["us", [{ steady: [1] }, { steady: [1] }]],
      ["them", [wrong, { steady: [7] }]],
    ]),
    {},
  );
  assertEquals(ratio.steady, { median: 7, least: 7, most: 7 });
});

Deno.test("A floor is missed by who fails, whatever the ratio", () => {
  const verdictWith = (failure: Failure["failure"]) => {
    const lost = { failure, message: "It is lost" };
    const { ratios: [ratio] } = resultOf(
      race("us", "them"),
      new Map([
        ["us", [lost, { steady: [1] }]],
        ["them", [{ steady: [9] }, { steady: [9] }]],
      ]),
      { "race/them": 2 },
    );
    return ratio.verdict;
  };
  assertEquals(verdictWith("hang"), "missed");
  assertEquals(verdictWith("wrong result"), "missed");
  assertEquals(verdictWith("skipped"), "reached");
});

Deno.test("A ratio may be against a number of seconds", () => {
  const measurement = race("us");
  measurement.comparisons = [
    { id: "race/2 s", ours: "us", against: 2, label: "2 s" },
  ];
  const { ratios: [ratio] } = resultOf(
    measurement,
    new Map([["us", [{ steady: [0.05] }]]]),
    {},
  );
  // A burst of ten takes 2 seconds when one takes 0.2.
  assertEquals(ratio.steady?.median, 40);
});

Deno.test("A floor is missed below it, and unknown without a ratio", () => {
  const spread = { least: 0.9, median: 0.95, most: 1.01 };
  assertEquals(judge(spread, 0.95), "reached");
  assertEquals(judge(spread, 0.96), "missed");
  assertEquals(judge(spread, "no slower"), "reached");
  assertEquals(judge({ ...spread, most: 0.99 }, "no slower"), "missed");
  assertEquals(judge(undefined, 1), "unknown");
  assertEquals(judge(undefined, undefined), "none");
});

Deno.test("Every floor belongs to a comparison, and names are unique", () => {
  const ids = measurements.flatMap(({ comparisons }) =>
    comparisons.map(({ id }) => id)
  );
  assertEquals(Object.keys(floors).filter((id) => !ids.includes(id)), []);
  assertEquals(new Set(ids).size, ids.length);
  for (const { contenders, comparisons } of measurements) {
    const names = contenders.map(({ name }) => name);
    assertEquals(new Set(names).size, names.length);
    for (const { ours, against } of comparisons) {
      const others = typeof against === "number" ? [] : against;
      assertEquals([ours, ...others].filter((n) => !names.includes(n)), []);
    }
  }
});

Deno.test("Amdahl's law and its inverse", () => {
  assertEquals(amdahl(0, 8), 8);
  assertEquals(amdahl(1, 8), 1);
  assertEquals(serialPart(amdahl(0.5, 2), 2), 0.5);
  assertEquals(serialPart(2.1, 2), 0);
  assertEquals(serialPart(0.5, 2), 1);
  assertEquals(extrapolate([]), undefined);
});
