// Copyright 2026 the lab9 authors. MIT license.

/** A mark on the time axis. */
export interface Tick {
  /** In milliseconds. */
  time: number;
  /** The time in seconds. The last label has the unit. */
  label: string;
}

/**
 * Chooses the marks of a time axis: round times, from 0 on.
 *
 * @param duration The end of the axis, in milliseconds.
 * @param most The largest number of steps.
 */
export function ticksOf(duration: number, most: number): Tick[] {
  const seconds = duration / 1000;
  // A mark at the very end may be behind the end by a rounding error.
  const steps = (step: number) => Math.floor(seconds / step + 1e-9);
  let step = 10 ** Math.floor(Math.log10(seconds / most));
  const round = [1, 2, 5, 10].find((n) => steps(n * step) <= most);
  step *= round ?? 10;
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const count = steps(step);
  return Array.from({ length: count + 1 }, (_, i) => ({
    time: i * step * 1000,
    label: (i === 0 ? "0" : (i * step).toFixed(digits)) +
      (i === count ? " s" : ""),
  }));
}
