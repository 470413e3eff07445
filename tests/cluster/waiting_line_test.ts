import { assertEquals } from "@std/assert";
import { WaitingLine } from "../../lib/cluster/waiting_line.ts";
import { Mode, Task } from "../../lib/pool/task.ts";

function taskOf(name: string, priority: number): Task {
  const task = new Task(1, Mode.APPLY, false, [name]);
  task.priority = priority;
  return task;
}

Deno.test("tasks wait in the order of their priorities, and of their coming", () => {
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
