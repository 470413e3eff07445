// Copyright 2026 the lab9 authors. MIT license.

import { useSignalEffect } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Editor } from "../editor/editor.ts";
import type { Draft } from "./draft.ts";
import { loadEditor } from "./program.ts";

interface DraftProps {
  draft: Draft;
  /** What the code belongs to, such as a cell. */
  of: string;
}

/** Opens and closes the editor, and gives back the original. */
export function DraftButtons({ draft, of }: DraftProps) {
  const { isOpen, isChanged } = draft;
  return (
    <>
      <button
        type="button"
        aria-expanded={isOpen.value}
        onClick={() => isOpen.value = !isOpen.value}
      >
        {isOpen.value ? "Close editor" : "Edit"}
        <span class="hidden">{` of ${of}`}</span>
      </button>
      {isChanged && (
        <button type="button" onClick={() => draft.reset()}>
          Reset<span class="hidden">{` ${of}`}</span>
        </button>
      )}
    </>
  );
}

/** Code, in an editor if it is open. */
export function DraftView(
  { draft, of, name }: DraftProps & { name: string },
) {
  const label = draft.isChanged ? `${name}, edited` : name;
  return (
    <div>
      <h4>{label}</h4>
      {draft.isOpen.value
        ? <EditorView draft={draft} of={of} name={name} />
        : (
          <pre class="source" tabIndex={0} role="group" aria-label={label}>
            {draft.text.value.trimEnd()}
          </pre>
        )}
    </div>
  );
}

/** The editor, once it is loaded. */
function EditorView({ draft, of, name }: DraftProps & { name: string }) {
  const box = useRef<HTMLDivElement>(null);
  const editor = useRef<Editor | undefined>();
  const [failure, setFailure] = useState<string | undefined>();
  const id = `editor-${of.replaceAll(/\W/g, "-")}`;
  useEffect(() => {
    let isGone = false;
    loadEditor().then(({ openEditor }) => {
      if (isGone) return;
      editor.current = openEditor({
        parent: box.current!,
        text: draft.text.value,
        label: `${name}, ${of}`,
        describedBy: id,
        onChange: (text) => {
          draft.text.value = text;
          draft.problem.value = undefined;
        },
        onChecked: (problem) => draft.problem.value = problem,
      });
      editor.current.setProblem(draft.problem.value);
    }).catch((error) => setFailure(`Cannot load the editor: ${error.message}`));
    return () => {
      isGone = true;
      editor.current?.destroy();
    };
  }, [draft]);
  useSignalEffect(() => {
    const text = draft.text.value;
    editor.current?.setText(text);
  });
  useSignalEffect(() => {
    const problem = draft.problem.value;
    editor.current?.setProblem(problem);
  });
  const problem = draft.problem.value;
  return (
    <>
      <div class="editor" ref={box} />
      <p class="note" id={id}>
        Tab indents. Press Escape, then Tab, to leave the editor.
      </p>
      <p class="problem" role="status">
        {failure ??
          (problem && `Line ${problem.line}: ${problem.message}`)}
      </p>
    </>
  );
}
