// Copyright 2026 the lab9 authors. MIT license.

/**
 * What the page loads once the reader edits something: CodeMirror, and what makes
 * a module of TypeScript.
 *
 * @module
 */

import {
  defaultKeymap,
  history,
  historyKeymap,
  indentWithTab,
} from "@codemirror/commands";
import { typescriptLanguage } from "@codemirror/lang-javascript";
import {
  bracketMatching,
  HighlightStyle,
  indentOnInput,
  syntaxHighlighting,
} from "@codemirror/language";
import { setDiagnostics } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { check, type Problem } from "./compile.ts";

export { check, compile } from "./compile.ts";

/** What an editor is given. */
export interface EditorOptions {
  parent: HTMLElement;
  text: string;
  /** What it is called, for who doesn't see it. */
  label: string;
  /** The element that says how to leave it. */
  describedBy: string;
  /** Called with each new text. */
  onChange: (text: string) => void;
  /** Called a while after each change, with the first mistake. */
  onChecked: (problem: Problem | undefined) => void;
}

/** An editor in the page. */
export interface Editor {
  /** Takes another text, as a change that can be undone. */
  setText(text: string): void;
  /** Underlines a mistake. */
  setProblem(problem: Problem | undefined): void;
  destroy(): void;
}

/** How long after a change the text is looked at. */
const CHECK_MS = 400;

/** Colors are the page's, which has light and dark ones. */
const highlighting = HighlightStyle.define([
  { tag: tags.comment, color: "var(--code-comment)" },
  { tag: [tags.keyword, tags.operatorKeyword], color: "var(--code-keyword)" },
  {
    tag: [tags.string, tags.special(tags.string), tags.regexp],
    color: "var(--code-string)",
  },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--code-number)" },
  { tag: [tags.typeName, tags.className], color: "var(--code-type)" },
  {
    tag: [
      tags.function(tags.variableName),
      tags.function(tags.propertyName),
      tags.function(tags.definition(tags.variableName)),
    ],
    color: "var(--code-function)",
  },
]);

/** Tab indents, until Escape: then it leaves the editor, as everywhere. */
const leaving = [
  keymap.of([{
    key: "Escape",
    run(view) {
      view.setTabFocusMode(true);
      return true;
    },
  }]),
  EditorView.domEventHandlers({
    blur: (_event, view) => view.setTabFocusMode(false),
  }),
];

/** Puts an editor into the page, with the focus in it. */
export function openEditor(
  { parent, text, label, describedBy, onChange, onChecked }: EditorOptions,
): Editor {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(),
        history(),
        drawSelection(),
        highlightSpecialChars(),
        indentOnInput(),
        bracketMatching(),
        typescriptLanguage,
        syntaxHighlighting(highlighting),
        leaving,
        keymap.of([...defaultKeymap, ...historyKeymap, indentWithTab]),
        EditorView.contentAttributes.of({
          "aria-label": label,
          "aria-describedby": describedBy,
          // It is reached without, but not every checker knows.
          "tabindex": "0",
        }),
        EditorView.updateListener.of((update) => {
          if (!update.docChanged) return;
          const text = update.state.doc.toString();
          onChange(text);
          clearTimeout(timer);
          timer = setTimeout(() => onChecked(check(text)), CHECK_MS);
        }),
      ],
    }),
  });
  view.focus();
  return {
    setText(text) {
      const { doc } = view.state;
      if (doc.toString() === text) return;
      view.dispatch({ changes: { from: 0, to: doc.length, insert: text } });
    },
    setProblem(problem) {
      view.dispatch(setDiagnostics(view.state, diagnosticsOf(view, problem)));
    },
    destroy() {
      clearTimeout(timer);
      view.destroy();
    },
  };
}

function diagnosticsOf({ state: { doc } }: EditorView, problem?: Problem) {
  if (problem === undefined) return [];
  const line = doc.line(Math.min(problem.line, doc.lines));
  const from = Math.min(line.from + problem.column, line.to);
  const { message } = problem;
  return [{ from, to: line.to, severity: "error" as const, message }];
}
