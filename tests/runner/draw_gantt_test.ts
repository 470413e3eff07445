import {
  assert,
  assertEquals,
  assertLessOrEqual,
  assertMatch,
  assertNotMatch,
} from "@std/assert";
import { getColorEnabled, setColorEnabled } from "@std/fmt/colors";
import { unicodeWidth } from "@std/cli/unicode-width";
import { ticksOf } from "../../labs/runner/draw/axis.ts";
import { drawGantt } from "../../labs/runner/draw/gantt.ts";
import { elide } from "../../labs/runner/draw/names.ts";
import {
  contended,
  crowded,
  queued,
  sequential,
  threaded,
  timelineOf,
} from "../support/draw.ts";

// deno-lint-ignore no-control-regex
const ESCAPE = /\x1b\[\d+m/g;

/** The chart below the first line of a template. */
function chart([text]: TemplateStringsArray): string {
  return text.slice(1);
}

/** The row of a thread, without its name. */
function rowOf(drawn: string, thread: string): string {
  const row = drawn.split("\n").find((line) => line.startsWith(thread));
  return row!.slice(thread.length).trim();
}

Deno.test("A Gantt chart of 40 columns", () => {
  assertEquals(
    drawGantt(threaded, { width: 40 }),
    chart`
MainThread    █────────────────────────█
Thread-1      █························█
Thread-2      █························█
              ╵            ╵           ╵
              0           0.5      1.0 s
              █ run   · sleep   ─ join
`,
  );
});

Deno.test("A Gantt chart of 80 columns", () => {
  assertEquals(
    drawGantt(queued, { width: 80 }),
    chart`
MainThread         █░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░█
Thread-1 (worker)  █·····························░·····························░
Thread-2 (worker)  █·····························█░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░
                   ╵              ╵              ╵               ╵             ╵
                   0              1              2               3           4 s
                   █ run   · sleep   ░ wait for queue
`,
  );
});

Deno.test("A Gantt chart of 120 columns", () => {
  assertEquals(
    drawGantt(sequential, { width: 120 }),
    chart`
MainThread  █····················································█·····················································█
            ╵          ╵          ╵         ╵          ╵          ╵          ╵          ╵         ╵          ╵         ╵
            0         0.2        0.4       0.6        0.8        1.0        1.2        1.4       1.6        1.8    2.0 s
            █ run   · sleep
`,
  );
});

Deno.test("A Gantt chart of 14 threads and every state", () => {
  assertEquals(
    drawGantt(crowded),
    chart`
MainThread                █══════════════════════════════════════██────────────█
Thread-1 (doSomethingS…)  ×█······························░░░░░░░░░░░██
Thread-2 (doSomethingS…)  ××█······························≈≈≈≈≈≈≈≈≈≈███
Thread-3 (doSomethingS…)  ×××█····························░░░░░░░░░░░████
Thread-4 (doSomethingS…)  █×××█···························≈≈≈≈≈≈≈≈≈≈≈████
Thread-5 (doSomethingS…)  █×××××█·························░░░░░░░░░░░█████
Thread-6 (doSomethingS…)   █×××××█·························≈≈≈≈≈≈≈≈≈≈█████
Thread-7 (doSomethingS…)   █××××××█·······················░░░░░░░░░░░██████
Thread-8 (doSomethingS…)   █×××××××█······················≈≈≈≈≈≈≈≈≈≈≈███████
Thread-9 (doSomethingS…)   █×××××××××█·····················░░░░░░░░░░███████
Thread-10 (doSomething…)   █××××××××××█···················≈≈≈≈≈≈≈≈≈≈≈████████
PoolWorker-1              ══▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓═▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓███
PoolWorker-2              ══▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓═▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓███
PoolWorker-3              ══▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓═▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓███
PoolWorker-4              ═══▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓═▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓██
                          ╵          ╵          ╵         ╵          ╵         ╵
                          0         0.5        1.0       1.5        2.0    2.5 s
                          █ run   ▓ task   · sleep   ░ wait for queue
                          × wait for lock   ≈ wait for GIL   ─ join
                          ═ wait for pool
`,
  );
});

Deno.test("A Gantt chart takes no more columns than there are", () => {
  for (const timeline of [sequential, threaded, queued, contended, crowded]) {
    for (let width = 30; width <= 200; width++) {
      const lines = drawGantt(timeline, { width }).split("\n");
      for (const line of lines) assertLessOrEqual(unicodeWidth(line), width);
    }
  }
  assertEquals(
    drawGantt(crowded, { width: 10 }),
    drawGantt(crowded, { width: 30 }),
  );
  assertEquals(
    drawGantt(crowded, { width: 999 }),
    drawGantt(crowded, { width: 200 }),
  );
});

Deno.test("Gantt charts of cells that are compared share a time axis", () => {
  const [two] = drawGantt(sequential, { width: 60 }).split("\n");
  const [one] = drawGantt(threaded, { width: 60, axis: 2001 }).split("\n");
  const columns = (line: string) => line.replace(/^\S+ +/, "").length;
  assertEquals(Math.round(columns(two) / columns(one)), 2);
  // An axis is never shorter than what stands on it.
  assertEquals(
    drawGantt(sequential, { axis: 10 }),
    drawGantt(sequential),
  );
});

Deno.test("A thread of an earlier cell that only waits isn't drawn", () => {
  const timeline = timelineOf("24", "put messages", 100, {
    MainThread: [["run", 0, 100], ["queue", 0, 100]],
    Waiting: [["run", 0, 100], ["queue", 0, 100]],
    Working: [["run", 0, 100], ["queue", 0, 99]],
    Late: [["run", 1, 100], ["queue", 1, 100]],
  });
  const names = drawGantt(timeline).match(/^[A-Z]\w+/gm);
  assertEquals(names, ["MainThread", "Working", "Late"]);
});

Deno.test("Colours add nothing but colours to a Gantt chart", () => {
  const wasEnabled = getColorEnabled();
  setColorEnabled(true);
  try {
    const plain = drawGantt(crowded);
    const colored = drawGantt(crowded, { color: true });
    assertNotMatch(plain, /\p{Cc}(?<!\n)/u);
    // Where colours aren't wanted, nothing turns them on.
    assertEquals(colored === plain, Deno.noColor);
    assertEquals(colored.replaceAll(ESCAPE, ""), plain);
  } finally {
    setColorEnabled(wasEnabled);
  }
});

Deno.test("A span that is short for a column is seen", () => {
  const timeline = timelineOf("1", "short", 10_000, {
    MainThread: [["run", 0, 10_000], ["lock", 5000, 5000.01]],
    Brief: [["task", 7000, 7000.01]],
  });
  const drawn = drawGantt(timeline);
  assertMatch(rowOf(drawn, "MainThread"), /^█+×█+$/);
  assertEquals(rowOf(drawn, "Brief"), "▓");
});

Deno.test("The deepest span wins a column", () => {
  const timeline = timelineOf("1", "deep", 100, {
    MainThread: [
      ["task", 40, 60],
      ["sleep", 40, 50],
      ["run", 0, 100],
      ["lock", 50, 60],
    ],
  });
  assertMatch(rowOf(drawGantt(timeline), "MainThread"), /^█+·+×+█+$/);
});

Deno.test("States that alternate get columns in proportion", () => {
  for (const width of [40, 80, 120, 200]) {
    const row = rowOf(drawGantt(contended, { width }), "Thread-2");
    const share = row.split("█").length / row.replace(/^\(.*\) +/, "").length;
    assert(share > 0.2 && share < 0.35, `${share} of ${row}`);
  }
});

Deno.test("What reaches out of the cell is cut", () => {
  const timeline = timelineOf("1", "daemon", 100, {
    MainThread: [["run", 0, 101], ["sleep", 50, 105]],
    Daemon: [["run", -500, 9000]],
    Early: [["run", -500, -100]],
  });
  const drawn = drawGantt(timeline, { width: 52 });
  assertEquals(rowOf(drawn, "MainThread"), "█".repeat(20) + "·".repeat(20));
  assertEquals(rowOf(drawn, "Daemon"), "█".repeat(40));
  assertEquals(rowOf(drawn, "Early"), "");
});

Deno.test("A name can't break a Gantt chart", () => {
  const timeline = timelineOf("1", "names", 100, {
    "evil\x1b[2J\nname": [["run", 0, 100]],
    "スレッド（とても長い名前のスレッド）です": [["run", 0, 100]],
  });
  const lines = drawGantt(timeline, { width: 60 }).split("\n");
  assertMatch(lines[0], /^evil�\[2J�name +█+$/);
  assertEquals(unicodeWidth(lines[0]), 60);
  assertEquals(unicodeWidth(lines[1]), 60);
});

Deno.test("Nothing is drawn of nothing", () => {
  assertEquals(drawGantt(timelineOf("1", "no threads", 100, {})), "");
  assertEquals(
    drawGantt(timelineOf("1", "no time", 0, { MainThread: [] })),
    "",
  );
});

Deno.test("A name is elided where it says least", () => {
  const name = "Thread-12 (doSomethingSpecific)";
  assertEquals(elide(name, 31), name);
  assertEquals(elide(name, 20), "Thread-12 (doSomet…)");
  assertEquals(elide(name, 12), "Thread-12");
  assertEquals(elide(name, 6), "Threa…");
  // What distinguishes it from the others stays.
  assertEquals(elide("ForkPoolWorker-1", 8), "ForkP…-1");
  assertEquals(elide("host 1 PoolWorker-2", 12), "host 1 Po…-2");
  assertEquals(elide("ForkPoolWorker-1", 4), "For…");
});

Deno.test("A time axis has round times", () => {
  const labels = (duration: number, most: number) =>
    ticksOf(duration, most).map(({ label }) => label).join(" ");
  assertEquals(labels(1003, 5), "0 0.2 0.4 0.6 0.8 1.0 s");
  assertEquals(labels(4010, 2), "0 2 4 s");
  assertEquals(labels(11_668, 6), "0 2 4 6 8 10 s");
  assertEquals(labels(0.45, 2), "0 0.0002 0.0004 s");
  assertEquals(labels(300, 3), "0 0.1 0.2 0.3 s");
  assertEquals(labels(95, 1), "0 0.05 s");
});
