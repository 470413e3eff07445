// Copyright 2026 the lab9 authors. MIT license.

import { reserveStackForLevels } from "../sync/reserve_stack.ts";
import type { LeftMemory } from "./left_memory.ts";
import { DEEPEST, Tag } from "./tags.ts";

/** What a record holds. Only the last kind has bytes. */
export const Kind = {
  UNDEFINED: 0,
  NULL: 1,
  FALSE: 2,
  TRUE: 3,
  /** A reference to an exposed function: its id is the cargo's number. */
  FUNCTION: 4,
  NUMBER: 5,
  /** Anything else, encoded in the cargo's bytes. */
  BYTES: 6,
} as const;

const FIRST_BYTES = 1 << 10;
/** How many bytes a cargo keeps between values. A larger buffer is dropped after use. */
export const KEPT_BYTES = 1 << 22;

/** Thrown when a value, or a buffer in it, takes more bytes than it may have. */
export class TooLarge extends RangeError {}

/**
 * One value on its way into or out of a store: its kind, and either a number or
 * bytes. Each thread keeps one cargo for puts and one for gets, so that no put or get
 * allocates a buffer.
 */
export class Cargo {
  kind: number = Kind.UNDEFINED;
  number = 0;
  /** How many bytes are used. It is 8 if the value fits into the record's header. */
  length = 8;
  bytes!: Uint8Array<ArrayBuffer>;
  ints!: Int32Array<ArrayBuffer>;
  floats!: Float64Array<ArrayBuffer>;
  view!: DataView<ArrayBuffer>;
  /** What the store orders the value by. Only the store knows its type. */
  order: unknown = undefined;
  /** The shared memory that the value holds. Its numbers stand in the bytes. */
  memory: LeftMemory[] | undefined = undefined;

  #limit: number;

  /**
   * An empty cargo.
   *
   * @param limit How many bytes it may have: a power of two.
   */
  constructor(limit = Infinity) {
    this.#limit = limit;
    this.#allocate(FIRST_BYTES);
  }

  /**
   * Makes room for so many bytes; what was written stays.
   *
   * @throws {TooLarge} If that is more than the cargo may have.
   */
  reserve(length: number): void {
    if (length <= this.bytes.length) return;
    if (length > this.#limit) {
      throw new TooLarge(
        `Cannot encode value: it takes more than ${this.#limit} bytes`,
      );
    }
    const old = this.bytes;
    let size = old.length;
    while (size < length) size *= 2;
    this.#allocate(size);
    this.bytes.set(old);
  }

  /**
   * Checks that there is enough stack to decode the value, before it is taken out of its
   * store.
   *
   * @throws {RangeError} If it is nested too deep for the stack that is left.
   */
  checkStack(): void {
    if (this.kind !== Kind.BYTES || this.bytes[0] !== Tag.DEEP) return;
    const levels = this.view.getUint32(4, true);
    // A larger number is damaged, and throws when the value is decoded.
    if (levels <= DEEPEST) reserveStackForLevels(levels);
  }

  /** Drops an unusually large buffer. */
  trim(): void {
    if (this.bytes.length > KEPT_BYTES) this.#allocate(FIRST_BYTES);
  }

  #allocate(size: number): void {
    const buffer = new ArrayBuffer(size);
    this.bytes = new Uint8Array(buffer);
    this.ints = new Int32Array(buffer);
    this.floats = new Float64Array(buffer);
    this.view = new DataView(buffer);
  }
}
