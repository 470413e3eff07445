// Copyright 2026 the lab9 authors. MIT license.

import { bold, green, yellow } from "@std/fmt/colors";
import { linesOf } from "../../notebook/events.ts";
import type { LabResult } from "../result.ts";
import { print } from "../terminal.ts";
import { questionOf, saidOf } from "./questions.ts";

/** The user's predictions of cells. The user is asked before each cell runs. */
export class Predictions {
  #lines: AsyncIterator<string> | undefined;
  #said = new Map<string, number>();
  #isOver = false;

  /**
   * Asks about a cell, if there is a question about it. An empty line is no answer. At the
   * end of the input, the questions end.
   *
   * @param id The cell, `threads:7`.
   */
  async ask(id: string): Promise<void> {
    const question = questionOf(id);
    if (question === undefined || this.#isOver) return;
    this.#lines ??= linesOf(Deno.stdin.readable);
    print(`\n${bold(`Before ${id}:`)} ${question.text}`);
    while (true) {
      const { value, done } = await this.#lines.next();
      if (done) this.#isOver = true;
      const text = (value ?? "").trim().replace(",", ".");
      if (text === "") return;
      const number = /^\d{0,9}\.?\d{0,9}$/.test(text) ? Number(text) : NaN;
      if (Number.isFinite(number)) {
        this.#said.set(id, number);
        return;
      }
      print("A number, please, such as 2 or 1.5; or an empty line");
    }
  }

  /** The predictions beside the results, in lines. */
  report(results: LabResult[]): string[] {
    const lines: string[] = [];
    let foreseen = 0;
    for (const cell of results.flatMap(({ cells }) => cells)) {
      const said = this.#said.get(cell.id);
      const question = questionOf(cell.id);
      if (said === undefined || question === undefined) continue;
      const answer = question.answer(cell);
      if (answer === undefined || Number.isNaN(answer)) continue;
      const isForeseen =
        Math.abs(said - answer) <= question.within(answer) + 1e-9;
      if (isForeseen) foreseen++;
      const text = `${cell.id}: ${saidOf(question, said, answer)}`;
      lines.push(isForeseen ? green(`✓ ${text}`) : yellow(`✗ ${text}`));
    }
    if (lines.length === 0) return [];
    return [...lines, `${foreseen} of ${lines.length} foreseen`];
  }
}
