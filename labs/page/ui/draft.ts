// Copyright 2026 the lab9 authors. MIT license.

import { type Signal, signal } from "@preact/signals";
import type { Problem } from "../editor/compile.ts";

/** Code that the reader may change. */
export class Draft {
  readonly original: string;
  readonly text: Signal<string>;
  /** What is wrong with the text. */
  readonly problem: Signal<Problem | undefined> = signal<Problem | undefined>();
  /** Whether there is an editor for it. */
  readonly isOpen: Signal<boolean> = signal(false);

  constructor(original: string) {
    this.original = original;
    this.text = signal(original);
  }

  get isChanged(): boolean {
    return this.text.value !== this.original;
  }

  /** Gives back the original. */
  reset(): void {
    this.text.value = this.original;
    this.problem.value = undefined;
  }

  /** Shows the reader what is wrong. */
  show(problem: Problem): void {
    this.problem.value = problem;
    this.isOpen.value = true;
  }
}
