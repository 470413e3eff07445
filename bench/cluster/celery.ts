// Copyright 2026 the lab9 authors. MIT license.

/** Python's interpreters: Debian's packages are in its own. */
const PYTHONS = ["python3", "/usr/bin/python3"];
const program = new URL("celery_work.py", import.meta.url).pathname;

/** Milliseconds that Celery takes for a task; undefined where there is none. */
export async function clockCelery(
  url: string,
  tasks: number,
): Promise<number | undefined> {
  for (const python of PYTHONS) {
    if (await hasCelery(python)) return await clock(python, url, tasks);
  }
}

async function hasCelery(python: string): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(python, {
      args: ["-c", "import celery, redis"],
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch {
    return false;
  }
}

async function clock(
  python: string,
  url: string,
  tasks: number,
): Promise<number> {
  const worker = new Deno.Command(python, {
    args: [program, url],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    // Its first tasks, which aren't clocked, wait until the worker is there.
    const { success, stdout } = await new Deno.Command(python, {
      args: [program, url, String(tasks)],
      stderr: "inherit",
    }).output();
    if (!success) throw new Error("Celery has failed");
    return Number(new TextDecoder().decode(stdout)) * 1000 / tasks;
  } finally {
    worker.kill("SIGTERM");
    await worker.status;
  }
}
