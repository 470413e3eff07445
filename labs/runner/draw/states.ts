// Copyright 2026 the lab9 authors. MIT license.

import {
  blue,
  brightBlue,
  cyan,
  gray,
  green,
  magenta,
  red,
  yellow,
} from "@std/fmt/colors";
import type { State } from "../../notebook/timeline.ts";

/** How a state looks. */
export interface StateLook {
  /** Its name in a legend. */
  name: string;
  /** Whether the thread runs, instead of waiting. */
  isBusy: boolean;
  /** The character that a terminal shows, one column wide. */
  char: string;
  /** Its colour in a terminal. */
  paint: (text: string) => string;
  /** Its colour in a picture, on light and on dark pages. */
  fill: string;
}

/** The states, in the order of a legend. */
export const STATES: Record<State, StateLook> = {
  run: {
    name: "run",
    isBusy: true,
    char: "█",
    paint: green,
    fill: "#2f9e73",
  },
  task: {
    name: "task",
    isBusy: true,
    char: "▓",
    paint: cyan,
    fill: "#2a93b8",
  },
  sleep: {
    name: "sleep",
    isBusy: false,
    char: "·",
    paint: gray,
    fill: "#8a94a6",
  },
  queue: {
    name: "wait for queue",
    isBusy: false,
    char: "░",
    paint: yellow,
    fill: "#d1902f",
  },
  lock: {
    name: "wait for lock",
    isBusy: false,
    char: "×",
    paint: red,
    fill: "#d65f5f",
  },
  gil: {
    name: "wait for GIL",
    isBusy: false,
    char: "≈",
    paint: magenta,
    fill: "#a276d6",
  },
  join: {
    name: "join",
    isBusy: false,
    char: "─",
    paint: blue,
    fill: "#5f8fe0",
  },
  pool: {
    name: "wait for pool",
    isBusy: false,
    char: "═",
    paint: brightBlue,
    fill: "#c9719f",
  },
};

/** All states, in the order of a legend. */
export const STATE_NAMES = Object.keys(STATES) as State[];
