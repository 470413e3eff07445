// Copyright 2026 the lab9 authors. MIT license.

/** What was printed. */
export function OutputView(
  { name, text, isWaiting = false }: {
    name: string;
    text: string;
    /** Whether nothing has run yet. */
    isWaiting?: boolean;
  },
) {
  return (
    <div>
      <h4>{name}</h4>
      {text === ""
        ? <p class="nothing">{isWaiting ? "Not run yet" : "No output"}</p>
        : (
          <pre tabIndex={0} role="group" aria-label={`Output, ${name}`}>
            {text}
          </pre>
        )}
    </div>
  );
}
