// Copyright 2026 the lab9 authors. MIT license.

import type { Program, Scenario, Step } from "./model.ts";

function move(name: string, from: string, to: string): Program {
  const steps: Step[] = [
    { does: "acquire", lock: from },
    { does: "acquire", lock: to },
    { does: "release", lock: to },
    { does: "release", lock: from },
  ];
  return { name, steps };
}

const worker: readonly Step[] = [{ does: "get" }, { does: "repeat", to: 0 }];
const putAll = (...items: string[]): Step[] =>
  items.map((item) => ({ does: "put", item }));

/** What readers schedule, by the labs that it belongs to. */
export const scenarios: readonly Scenario[] = [
  {
    lab: "queue",
    title: "Two workers, and one None",
    task: "The main thread puts two messages, and one None for two workers. " +
      "Find what is left at the end.",
    threads: [
      { name: "MainThread", steps: putAll("wuphf", "dot", "None") },
      { name: "worker-1", steps: worker },
      { name: "worker-2", steps: worker },
    ],
  },
  {
    lab: "deadlock",
    title: "Two threads, two locks, in opposite order",
    task: "Both move money. Find the order of steps after which neither can " +
      "go on.",
    threads: [
      move("move-1", "account-1", "account-2"),
      move("move-2", "account-2", "account-1"),
    ],
  },
  {
    lab: "deadlock",
    title: "Two threads, two locks, in the same order",
    task: "The fix: both take account-1 first. Try to have them deadlock.",
    threads: [
      move("move-1", "account-1", "account-2"),
      move("move-2", "account-1", "account-2"),
    ],
  },
];

/** Whether there is something to schedule in that lab. */
export function hasGame(lab: string): boolean {
  return scenarios.some((scenario) => scenario.lab === lab);
}
