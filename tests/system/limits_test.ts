import { assertEquals } from "@std/assert";
import { processTest } from "../support/threads.ts";
import { argsOf, limitList } from "../support/limit_list.ts";
import { runProcess } from "../support/thread_process.ts";

for (const limit of limitList) {
  const { small, title } = limit;
  processTest(`Limits: ${small.toLocaleString("en")} ${title}`, async () => {
    const { code, err } = await runProcess("limits.ts", argsOf(limit, small));
    assertEquals([code, err], [0, ""]);
  });
}
