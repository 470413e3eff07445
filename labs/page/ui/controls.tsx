// Copyright 2026 the lab9 authors. MIT license.

import { running, status, stop } from "./session.ts";
import {
  hasGil,
  hasSharedAxis,
  isQuick,
  readInterval,
  readWorkers,
  switchInterval,
  workers,
} from "./settings.ts";

/** What the next run takes, and how pictures are drawn. */
export function Controls() {
  return (
    <form
      class="settings"
      aria-label="Settings"
      onSubmit={(event) => event.preventDefault()}
    >
      <Switch name="Interpreter lock (GIL)" of={hasGil} />
      <label>
        Switch interval, ms
        <input
          type="number"
          name="interval"
          min="0.1"
          max="60000"
          step="any"
          value={switchInterval.value}
          disabled={!hasGil.value}
          onChange={({ currentTarget }) => {
            switchInterval.value = readInterval(currentTarget.value);
            currentTarget.value = `${switchInterval.value}`;
          }}
        />
      </label>
      <label>
        Workers
        <input
          type="number"
          name="workers"
          min="1"
          max="64"
          placeholder="as in the lab"
          value={workers.value || ""}
          onChange={({ currentTarget }) => {
            workers.value = readWorkers(currentTarget.value);
            currentTarget.value = workers.value ? `${workers.value}` : "";
          }}
        />
      </label>
      <Switch name="Short sleeps, few items" of={isQuick} />
      <Switch name="One time axis for what is compared" of={hasSharedAxis} />
      <span class="now">
        <button
          type="button"
          class="stop"
          disabled={running.value === undefined}
          onClick={stop}
        >
          Stop
        </button>
        <output aria-live="polite">{status.value}</output>
      </span>
    </form>
  );
}

function Switch({ name, of }: { name: string; of: typeof hasGil }) {
  return (
    <label>
      <input
        type="checkbox"
        checked={of.value}
        onChange={({ currentTarget }) => of.value = currentTarget.checked}
      />
      {name}
    </label>
  );
}
