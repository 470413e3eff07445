// Copyright 2026 the lab9 authors. MIT license.

/** How soon pools and hosts hear of one another, and how soon they lose hope. */
export interface Pace {
  /** How often members tell that they are alive, in milliseconds. */
  beat: number;
  /** A member that nobody has heard of for so long is gone. */
  gone: number;
  /**
   * How long a chunk stays with a host that isn't heard of. The main thread, which
   * renews the locks, never computes.
   */
  lock: number;
}

/** The pace of everybody. Tests have a faster one. */
export const PACE: Pace = { beat: 2000, gone: 20_000, lock: 10_000 };
