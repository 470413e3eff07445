// Runs files of tests in the page, each in a worker of its own.

import type { Outcome, Report } from "./worker.ts";

/** How a file's tests went. */
export interface FileOutcome {
  outcomes: Outcome[];
  /** The names of all tests, those that were left out too. */
  all: string[];
}

/** The longest that a test may take. */
const TEST_MS = 120_000;

function runFile(file: string, leftOut: string[]): Promise<FileOutcome> {
  const worker = new Worker("/tests/page/suites/worker.ts", { type: "module" });
  const outcomes: Outcome[] = [];
  let current = "the file";
  return new Promise((resolve) => {
    let timer: ReturnType<typeof setTimeout>;
    const end = (all: string[]) => {
      clearTimeout(timer);
      worker.terminate();
      resolve({ outcomes, all });
    };
    const fail = (error: string) => {
      outcomes.push({ name: current, error });
      end([]);
    };
    const watch = () => {
      clearTimeout(timer);
      timer = setTimeout(() => fail("it hangs"), TEST_MS);
    };
    worker.onerror = (event) => fail(event.message ?? "it can't be loaded");
    worker.onmessage = ({ data }: MessageEvent<Report>) => {
      watch();
      if ("begins" in data) current = data.begins;
      else if ("ended" in data) outcomes.push(data.ended);
      else end(data.all);
    };
    watch();
    worker.postMessage({ file, leftOut });
  });
}

Object.assign(globalThis, { runFile });
