// Copyright 2026 the lab9 authors. MIT license.

import { type Signal, signal } from "@preact/signals";
import type { Verdict } from "../../runner/judge/verdict.ts";
import type { Replay } from "../game/replay.ts";
import { Draft } from "./draft.ts";
import type { PageCell } from "./labs.ts";
import { RunState } from "./run_state.ts";

/** A cell, with what has come of it in this page. */
export class CellState extends RunState {
  readonly cell: PageCell;
  /** Its code, as the reader has it. */
  readonly draft: Draft;
  /** The title that it last ran under: it says what isn't as usual. */
  readonly title: Signal<string>;
  readonly verdict: Signal<Verdict | undefined> = signal<
    Verdict | undefined
  >();
  /** What its threads did, for the game. */
  readonly replay: Signal<Replay | undefined> = signal<Replay | undefined>();
  /** What the reader thinks it will come to. */
  readonly said: Signal<number | undefined> = signal<number | undefined>();

  constructor(cell: PageCell) {
    super();
    this.cell = cell;
    this.draft = new Draft(cell.code);
    this.title = signal(cell.title);
  }

  /** It begins to run. */
  begin(title: string): void {
    this.restart();
    this.title.value = title;
    this.replay.value = undefined;
    this.verdict.value = undefined;
  }
}
