// Copyright 2026 the lab9 authors. MIT license.

/** How often pools and hosts look at one another, in milliseconds. */
export interface Pace {
  /** The time between two beats of a member, by which it shows that it is alive. */
  beat: number;
  /** A member that hasn't beaten for so long is gone. */
  gone: number;
  /**
   * How long a host keeps the lock of a chunk without renewing it. Then the chunk is
   * given to another host. The host's main thread renews the locks; it never computes.
   */
  lock: number;
}

/** The pace that is used. Tests have a faster one. */
export const PACE: Pace = { beat: 2000, gone: 20_000, lock: 10_000 };
