import { assertEquals } from "@std/assert";
import {
  againstTheArrow,
  circles,
  notPreloaded,
} from "../../tools/check_imports.ts";

function graph(imports: Record<string, string[]>): Map<string, string[]> {
  return new Map(Object.entries(imports));
}

Deno.test("check_imports: allows imports along the arrow", () => {
  const imports = graph({
    "lib/sync/mutex.ts": ["lib/checks.ts", "lib/sync/waiters.ts"],
    "lib/pool/pool.ts": ["lib/thread/thread.ts", "lib/sync/mutex.ts"],
    "labs/queue.ts": ["mod.ts", "labs/notebook/cell.ts"],
    "labs/runner/draw/svg.ts": ["labs/notebook/timeline.ts"],
    "labs/notebook/cell.ts": ["labs/notebook/flags.ts", "mod.ts"],
  });
  assertEquals(againstTheArrow(imports), []);
  assertEquals(circles(imports), []);
});

Deno.test("check_imports: names an import against the arrow", () => {
  const against: [string, string][] = [
    ["lib/sync/mutex.ts", "lib/codec/encoder.ts"],
    ["lib/checks.ts", "lib/sync/mutex.ts"],
    ["lib/gil.ts", "lib/locks/lock.ts"],
    ["lib/queue/queue.ts", "lib/locks.ts"],
    ["lib/queue/queue.ts", "mod.ts"],
    ["lib/pool/pool.ts", "vendor/std/async/mod.ts"],
    ["lib/pool/pool.ts", "npm:/p-queue@9.0.0"],
    ["lib/pool/pool.ts", "labs/pool.ts"],
    ["lib/pool/pool.ts", "tests/support/until.ts"],
    ["labs/runner/main.ts", "lib/pool.ts"],
    ["labs/runner/main.ts", "labs/notebook/cell.ts"],
    ["labs/queue.ts", "lib/queue.ts"],
    ["labs/queue.ts", "labs/runner/main.ts"],
  ];
  for (const [from, to] of against) {
    const [fault, ...more] = againstTheArrow(graph({ [from]: [to] }));
    assertEquals(fault?.startsWith(`${from} imports ${to}: `), true, from + to);
    assertEquals(more, []);
  }
});

Deno.test("check_imports: names a module without a room", () => {
  assertEquals(againstTheArrow(graph({ "lib/attic/chest.ts": [] })), [
    "lib/attic/chest.ts stands in no room of tools/check_imports.ts",
  ]);
});

Deno.test("check_imports: names a circle, once", () => {
  const imports = graph({
    "lib/sync/a.ts": ["lib/sync/b.ts"],
    "lib/sync/b.ts": ["lib/sync/c.ts"],
    "lib/sync/c.ts": ["lib/sync/b.ts"],
  });
  assertEquals(circles(imports), [
    "a circle of imports: lib/sync/b.ts → lib/sync/c.ts → lib/sync/b.ts",
  ]);
});

Deno.test("check_imports: names what a pool needs and doesn't preload", () => {
  const imports = graph({
    "lib/pool/pool.ts": ["lib/pool/preload.ts", "lib/thread/worker.ts"],
    "lib/pool/preload.ts": ["lib/thread/worker.ts"],
    "lib/thread/worker.ts": ["lib/sync/mutex.ts"],
  });
  assertEquals(notPreloaded(imports), [
    "lib/pool/preload.ts doesn't import lib/sync/mutex.ts, which a pool needs",
  ]);
});
