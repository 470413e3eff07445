import { assertEquals, assertFalse, assertLess } from "@std/assert";
import { applyRules, isSame, rules } from "../../labs/runner/judge/rules.ts";

interface Case {
  rules: string[];
  recorded: string;
  /** Reproduces the record by these rules. */
  same: string[];
  /** Doesn't, although it is close. */
  other: string[];
}

const FINISHED = "Finished in 1.0 seconds";

const cases: Case[] = [
  {
    rules: ["kernel-threads", "order:exact"],
    recorded: "<Main>\n<Heartbeat(Thread-3, started)>\n<Thread(A, started 1)>",
    same: ["<Main>\n<Thread(A, started 1)>"],
    other: [
      "<Main>",
      "<Main>\n<Thread(A, started daemon 1)>",
      "<Thread(A, started 1)>\n<Main>",
    ],
  },
  {
    rules: ["interleaved", "order:exact"],
    recorded: "Sleeping 1...Sleeping 2...\n\nDone",
    same: ["Sleeping 1...\nSleeping 2...\nDone"],
    other: [
      "Sleeping 1...\nDone",
      "Sleeping 1...\nSleeping 2...\nSleeping 3...\nDone",
      "Sleeping 2...\nSleeping 1...\nDone",
    ],
  },
  {
    rules: ["thread-names"],
    recorded: "Thread-18 Thread-20 Thread-18",
    same: ["Thread-1 Thread-2 Thread-1"],
    other: ["Thread-1 Thread-2 Thread-2", "Thread-1 Thread-1 Thread-1"],
  },
  {
    rules: ["ids"],
    recorded: "id = 123145546878976, id = 123145552134144",
    same: ["id = 140200151560192, id = 140200143167488"],
    other: ["id = 140200151560192, id = 140200151560192", "id = 1, id = 2"],
  },
  {
    rules: ["addresses"],
    recorded: "at 0x1140ac6a0, at 0x1140ac6a0",
    same: ["at 0x7f00, at 0x7f00"],
    other: ["at 0x7f00, at 0x7f01", "at 7f00, at 7f00"],
  },
  {
    rules: ["cpu-count"],
    recorded: "Number of processors:  4",
    same: ["Number of processors:  2", "Number of processors:  64"],
    other: ["Number of processors:  many", "Number of processes:  4"],
  },
  {
    rules: ["seconds"],
    recorded: FINISHED,
    same: ["Finished in 27.1234 seconds"],
    other: ["Finished in time", `${FINISHED}\n${FINISHED}`],
  },
  {
    rules: ["cut"],
    recorded: "[1,\n 2,\n 3",
    same: ["[1,\n 2,\n 3,\n 4]", "[1,\n 2,\n 34]"],
    other: ["[1,\n 2,\n 4,\n 3]", "[1,\n 2"],
  },
  {
    rules: ["order:exact"],
    recorded: "a\nb",
    same: ["a\nb"],
    other: ["b\na", "a", "a\nb\nb"],
  },
  {
    rules: ["order:any"],
    recorded: `2\n0\n1\n${FINISHED}`,
    same: [`0\n1\n2\n${FINISHED}`],
    other: [
      `0\n1\n${FINISHED}`,
      `0\n1\n1\n${FINISHED}`,
      `0\n${FINISHED}\n1\n2`,
    ],
  },
  {
    rules: ["ids", "order:per-thread"],
    recorded: "get 1111111111\nget 2222222222\nput 2222222222\nput 1111111111",
    same: [
      "get 8888888888\nput 8888888888\nget 9999999999\nput 9999999999",
      "get 9999999999\nget 8888888888\nput 9999999999\nput 8888888888",
    ],
    other: [
      // A thread's lines the wrong way round.
      "get 8888888888\nput 8888888888\nput 9999999999\nget 9999999999",
      // One thread has put what another has got.
      "get 8888888888\nget 8888888888\nput 9999999999\nput 9999999999",
      "get 8888888888\nput 8888888888\nget 8888888888\nput 8888888888",
    ],
  },
  {
    rules: ["order:partial"],
    recorded: "Sleeping\nSleeping\nEnd\nDone\nDone",
    same: [
      "Sleeping\nDone\nSleeping\nDone\nEnd",
      "End\nSleeping\nSleeping\nDone\nDone",
    ],
    other: [
      "Done\nSleeping\nSleeping\nDone\nEnd",
      // What the sorted record looks like.
      "Done\nDone\nEnd\nSleeping\nSleeping",
      "Sleeping\nSleeping\nEnd\nDone",
    ],
  },
];

function compare(names: string[], recorded: string, here: string) {
  return applyRules(names, {
    recorded: recorded.split("\n"),
    here: here.split("\n"),
  });
}

for (const { rules, recorded, same, other } of cases) {
  Deno.test(`applyRules() by ${rules.join(", ")}`, () => {
    for (const here of same) {
      const sides = compare(rules, recorded, here);
      assertEquals(sides.here, sides.recorded);
      assertEquals(sides.used.toSorted(), rules.toSorted());
    }
    for (const here of other) {
      const sides = compare(rules, recorded, here);
      assertFalse(isSame(sides.recorded, sides.here), here);
    }
  });
}

Deno.test("every rule is tried above", () => {
  const tried = new Set(cases.flatMap(({ rules }) => rules));
  assertEquals([...tried].sort(), Object.keys(rules).sort());
});

Deno.test("applyRules() uses no rule that changes nothing", () => {
  for (const name of Object.keys(rules)) {
    assertEquals(compare([name], "a", "a").used, [], name);
  }
  // Different lines could come in another order, equal ones couldn't.
  assertEquals(compare(["order:any"], "a\nb", "a\nb").used, ["order:any"]);
  assertEquals(compare(["order:any"], "a\na", "a\na").used, []);
});

Deno.test("applyRules() uses a rule that changes one side", () => {
  assertEquals(compare(["ids"], "1111111111", "a").used, ["ids"]);
  assertEquals(compare(["ids"], "a", "1111111111").used, ["ids"]);
});

Deno.test("applyRules() takes a time linear in what a lab prints", () => {
  const names = Object.keys(rules).filter((name) => !name.startsWith("order:"));
  const recorded = "Message received = 1, id = 12345678901".split("\n");
  const size = 4 << 20;
  const outputs: Record<string, string[]> = {
    "a long line": ["x".repeat(size)],
    "digits": ["7".repeat(size)],
    "hexadecimal digits": [`0x${"a".repeat(size)}g`],
    "a time": [`Finished in ${"1".repeat(size)}`],
    "a thread's number": [`Thread-${"1".repeat(size)}x`],
    "threads": ["<Thread(".repeat(20_000)],
    "one thread's lines": Array(50_000).fill("id = 12345678901"),
    "different lines": Array.from({ length: 50_000 }, (_, i) => `line ${i}`),
    "lines that begin alike": Array.from(
      { length: 5000 },
      (_, i) => "a".repeat(i % 999),
    ),
  };
  for (const [what, lines] of Object.entries(outputs)) {
    for (const order of ["order:any", "order:per-thread", "order:partial"]) {
      const start = performance.now();
      applyRules([...names, order], { recorded, here: lines });
      applyRules([...names, order], { recorded: lines, here: recorded });
      // What grows with the square of these takes minutes.
      assertLess(performance.now() - start, 30_000, `${what}, ${order}`);
    }
  }
});
