// Copyright 2026 the lab9 authors. MIT license.

import { type Exercise, exercises } from "../../runner/exercise/exercises.ts";
import threads1 from "../../exercises/threads-1.ts" with { type: "text" };
import threads2 from "../../exercises/threads-2.ts" with { type: "text" };
import threads3 from "../../exercises/threads-3.ts" with { type: "text" };
import queue1 from "../../exercises/queue-1.ts" with { type: "text" };
import queue2 from "../../exercises/queue-2.ts" with { type: "text" };
import queue3 from "../../exercises/queue-3.ts" with { type: "text" };
import pool1 from "../../exercises/pool-1.ts" with { type: "text" };
import pool2 from "../../exercises/pool-2.ts" with { type: "text" };
import pool3 from "../../exercises/pool-3.ts" with { type: "text" };
import gil1 from "../../exercises/gil-1.ts" with { type: "text" };
import gil2 from "../../exercises/gil-2.ts" with { type: "text" };
import gil3 from "../../exercises/gil-3.ts" with { type: "text" };
import deadlock1 from "../../exercises/deadlock-1.ts" with { type: "text" };
import deadlock2 from "../../exercises/deadlock-2.ts" with { type: "text" };
import deadlock3 from "../../exercises/deadlock-3.ts" with { type: "text" };

/** An exercise of the page. */
export interface PageExercise extends Exercise {
  /** As in `deno task exercise queue-2`. */
  name: string;
  /** What is to be done. */
  task: string;
  /** The program that does not do it yet. */
  code: string;
}

const texts: Record<string, string> = {
  "threads-1": threads1,
  "threads-2": threads2,
  "threads-3": threads3,
  "queue-1": queue1,
  "queue-2": queue2,
  "queue-3": queue3,
  "pool-1": pool1,
  "pool-2": pool2,
  "pool-3": pool3,
  "gil-1": gil1,
  "gil-2": gil2,
  "gil-3": gil3,
  "deadlock-1": deadlock1,
  "deadlock-2": deadlock2,
  "deadlock-3": deadlock3,
};

/** The exercises of a lab. */
export function exercisesOf(lab: string): PageExercise[] {
  return Object.keys(texts)
    .filter((name) => name.replace(/-\d+$/, "") === lab)
    .map((name) => exerciseOf(name, texts[name]));
}

/** Takes a program apart: its first comment says what is to be done. */
function exerciseOf(name: string, text: string): PageExercise {
  const [, comment, code] = /^\/\*\*\n([^]*?) \*\/\s*([^]*)$/.exec(text)!;
  const [task] = comment.replaceAll(/^ \* ?/gm, "").split("\n\n");
  return {
    ...exercises[name],
    name,
    task: task.replace(/^Exercise \S+\s/, "").replaceAll("\n", " "),
    code: code.trimEnd(),
  };
}
