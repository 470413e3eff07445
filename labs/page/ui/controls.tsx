// Copyright 2026 the lab9 authors. MIT license.

import { running, status, stop } from "./running.ts";
import {
  hasGil,
  hasSharedAxis,
  isQuick,
  items,
  readInterval,
  readItems,
  readSeconds,
  readWorkers,
  seconds,
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
      <Amount name="Workers" of={workers} read={readWorkers} most={64} />
      <Amount name="Sleep, s" of={seconds} read={readSeconds} most={60} />
      <Amount name="Items" of={items} read={readItems} most={100_000} />
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

interface AmountProps {
  name: string;
  of: typeof workers;
  read: (text: string) => number;
  most: number;
}

/** A number that is each lab's own unless the reader gives one. */
function Amount({ name, of, read, most }: AmountProps) {
  return (
    <label>
      {name}
      <input
        type="number"
        min="0"
        max={most}
        step="any"
        placeholder="lab's"
        value={of.value || ""}
        onChange={({ currentTarget }) => {
          of.value = read(currentTarget.value);
          currentTarget.value = of.value === 0 ? "" : `${of.value}`;
        }}
      />
    </label>
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
