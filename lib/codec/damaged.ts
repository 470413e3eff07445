// Copyright 2026 the lab9 authors. MIT license.

/**
 * What is thrown for bytes or a message that this library has not written: a
 * thread's own code wrote where only the library writes.
 */
export class Damaged extends Error {
  /** Says what can't be decoded. */
  constructor(what = "value") {
    super(`Cannot decode ${what}: the memory that holds it is damaged`);
  }
}
