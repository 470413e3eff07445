import { assert, assertEquals } from "@std/assert";
import { Tickets } from "../../lib/pool/claim.ts";
import { Mode, Task } from "../../lib/pool/task.ts";
import { TaskTable, WaitingLine } from "../../lib/pool/task_table.ts";
import { Random, withSeed } from "../support/shared_random.ts";

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

Deno.test("TaskTable: ids wrap without meeting a pending one", () => {
  const table = new TaskTable(2 ** 31 - 3);
  const task = () => new Task(1, Mode.APPLY, false, []);
  const first = task();
  table.add(first);
  assertEquals(first.id, 2 ** 31 - 2);
  const ids = range(4).map(() => {
    const next = task();
    table.add(next);
    return next.id;
  });
  assertEquals(ids, [2 ** 31 - 1, 1, 2, 3]);
  const again = new TaskTable(0);
  const old = task();
  again.add(old);
  const wrapped = new TaskTable(2 ** 31 - 1);
  const kept = task();
  wrapped.add(kept);
  assertEquals([old.id, kept.id], [1, 1]);
});

Deno.test("TaskTable: a ticket of another task isn't taken for one's own", () => {
  const table = new TaskTable();
  const first = new Task(1, Mode.APPLY, false, []);
  table.add(first);
  assert(table.callOff(first));
  const second = new Task(1, Mode.APPLY, false, []);
  table.add(second);
  assertEquals(second.ticket, first.ticket);
  const tickets = new Tickets(table.buffer);
  assert(!tickets.begin(first));
  assert(tickets.begin(second));
  assert(!table.callOffWaiting(second));
  assert(!table.callOff(second));
});

Deno.test("TaskTable: room for tickets grows", () => {
  const table = new TaskTable();
  const worker = new Tickets(table.buffer);
  const tickets = new Int32Array(table.buffer);
  const tasks = range(5000).map(() => new Task(1, Mode.APPLY, false, []));
  for (const task of tasks) table.add(task);
  const [last] = tasks.slice(-1);
  assert(worker.begin(last) && worker.isBegun(last));
  assertEquals(worker.words[last.ticket], -last.id);
  tickets[last.ticket] = last.id;
  assert(tasks.every((task) => tickets[task.ticket] === task.id));
  assertEquals(new Set(tasks.map(({ ticket }) => ticket)).size, 5000);
  for (const task of tasks) table.delete(task.id);
  assert(tasks.every((task) => tickets[task.ticket] === 0));
});

Deno.test("TaskTable: tasks in turn have tickets on different cache lines", () => {
  const table = new TaskTable();
  const tasks = range(64).map(() => new Task(1, Mode.APPLY, false, []));
  for (const task of tasks) table.add(task);
  const lines = new Set(tasks.map(({ ticket }) => ticket >> 4));
  assertEquals(lines.size, tasks.length);
});

Deno.test("TaskTable does as a map does, at random, across the last id", async () => {
  await withSeed((seed) => {
    const random = new Random(seed);
    const table = new TaskTable(2 ** 31 - 3000);
    const model = new Map<number, Task>();
    for (let round = 0; round < 20_000; round++) {
      const most = round < 10_000 ? 3000 : 200;
      const task = model.size > 0
        ? model.get(random.pick([...model.keys()].slice(0, 8)))!
        : undefined;
      if (task === undefined || random.next() * most > model.size) {
        const added = new Task(1, Mode.APPLY, false, []);
        table.add(added);
        assert(!model.has(added.id), "the id is another's");
        model.set(added.id, added);
      } else {
        assert(table.delete(task.id) === task);
        model.delete(task.id);
        assertEquals(table.get(task.id), undefined);
        // What isn't there any more takes nobody else's place.
        assert(!table.callOff(task) && !table.callOffWaiting(task));
      }
      assertEquals(table.size, model.size);
    }
    const all = [...model.values()].sort((a, b) => a.number - b.number);
    assertEquals(
      [...table.tasks()].map(({ id }) => id),
      all.map(({ id }) => id),
    );
    for (const [id, task] of model) {
      assert(table.get(id) === task);
      // An id that has the same place, however many there are.
      assertEquals(table.get(id ^ (1 << 20)), undefined);
    }
    for (const task of table.tasks()) {
      // The next one is deleted before it is come to.
      const at = all.indexOf(task);
      assert(at >= 0);
      all.splice(at, 2).forEach(({ id }) => table.delete(id));
    }
    assertEquals([all.length, table.size], [0, 0]);
  });
});

function taskOf(name: string, priority: number): Task {
  const task = new Task(1, Mode.APPLY, false, [name]);
  task.priority = priority;
  return task;
}

Deno.test("WaitingLine: tasks wait in the order of priorities, and of coming", () => {
  const line = new WaitingLine();
  const tasks = (["a 0", "b 0", "c -1", "d 0.5", "e -1", "f 0"] as const)
    .map((name) => taskOf(name, Number(name.slice(2))));
  for (const task of tasks) line.add(task);
  assertEquals(line.size, 6);
  assertEquals([line.delete(tasks[1]), line.delete(tasks[1])], [true, false]);
  const taken: unknown[] = [];
  while (line.size > 0) taken.push(line.take()!.payload![0]);
  assertEquals(taken, ["c -1", "e -1", "a 0", "f 0", "d 0.5"]);
  assertEquals([line.take(), line.size], [undefined, 0]);
});

Deno.test("WaitingLine does as a sorted list does, at random", async () => {
  await withSeed((seed) => {
    const random = new Random(seed);
    const line = new WaitingLine();
    const model: Task[] = [];
    for (let round = 0; round < 5000; round++) {
      const most = round < 2500 ? 200 : 20;
      if (model.length === 0 || random.next() * most > model.length) {
        const priority = random.pick([0, -0, 1, 2, -Infinity, random.next()]);
        const task = taskOf(String(round), priority);
        line.add(task);
        const at = model.findIndex((other) => other.priority > priority);
        model.splice(at < 0 ? model.length : at, 0, task);
      } else if (random.below(2) === 0) {
        assert(line.take() === model.shift());
      } else {
        const [task] = model.splice(random.below(model.length), 1);
        assert(line.delete(task) && !line.delete(task));
      }
      assertEquals(line.size, model.length);
    }
  });
});
