// Copyright 2026 the lab9 authors. MIT license.

/**
 * What a lab prints, in shared memory: messages of several threads to a page come
 * in any order, and a thread that blocks may be about to be ended.
 *
 * Protocol. A thread claims words by adding to `END`, writes its text there, and
 * writes the text's header last: its length in bytes, plus one, above its kind. A
 * header of 0 isn't there yet, so the reader stops before it. What was printed
 * before something else, by whichever thread, was claimed before it. The page
 * writes 1 into `STOP` when the lab is to end; edited code looks at it.
 *
 * @module
 */

/** What a text in the log is. */
export const Kind = {
  /** A line of output, or several. */
  OUTPUT: 0,
  /** A cell begins: its id. */
  START: 1,
  /** The cell has ended: its id. */
  END: 2,
} as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

/** A text, read back. */
export interface Entry {
  kind: Kind;
  text: string;
}

/**
 * The platform's. The explorer replaces `Atomics` in its workers, before this module
 * is loaded there, and keeps the platform's under this key (`EXPLORES` in
 * lib/explore/instrument.ts): what a thread prints is no step of a schedule.
 */
const { add, load, store }: typeof Atomics =
  Reflect.get(globalThis, Symbol.for("lab9.explores")) ?? Atomics;

const WORDS = 1 << 21;
const END = 0;
const STOP = 1;
const FIRST = 2;
const KINDS = 4;
/** No text is longer, so that a runaway's text is soon cut. */
const LONGEST = 1 << 18;

/** The log, seen from any of its threads. */
export class Log {
  readonly buffer: SharedArrayBuffer;
  #words: Int32Array;
  #bytes: Uint8Array;
  #read = FIRST;

  /** @param buffer Another thread's log. */
  constructor(buffer?: SharedArrayBuffer) {
    this.buffer = buffer ?? new SharedArrayBuffer(WORDS * 4);
    this.#words = new Int32Array(this.buffer);
    this.#bytes = new Uint8Array(this.buffer);
    if (buffer === undefined) this.#words[END] = FIRST;
  }

  /** Has what the reader edited end. */
  stop(): void {
    store(this.#words, STOP, 1);
  }

  /** Whether it is to end. */
  get isStopped(): boolean {
    return load(this.#words, STOP) !== 0;
  }

  /** Adds a text; false if there is no room any more. */
  write(kind: Kind, text: string): boolean {
    const bytes = new TextEncoder().encode(text.slice(0, LONGEST));
    const size = 1 + Math.ceil(bytes.length / 4);
    // One that is full isn't counted on, or the count would wrap in the end.
    if (load(this.#words, END) + size > WORDS) return false;
    const at = add(this.#words, END, size);
    if (at + size > WORDS) return false;
    this.#bytes.set(bytes, (at + 1) * 4);
    store(this.#words, at, (bytes.length + 1) * KINDS + kind);
    return true;
  }

  /** What has been added since it was read, but no more than so many texts. */
  read(most = Infinity): Entry[] {
    const entries: Entry[] = [];
    const decoder = new TextDecoder();
    while (entries.length < most && this.#read < WORDS) {
      const header = load(this.#words, this.#read);
      if (header === 0) break;
      const length = Math.floor(header / KINDS) - 1;
      const start = (this.#read + 1) * 4;
      // A view of shared memory can't be decoded.
      const bytes = this.#bytes.slice(start, start + length);
      entries.push({
        kind: (header % KINDS) as Kind,
        text: decoder.decode(bytes),
      });
      this.#read += 1 + Math.ceil(length / 4);
    }
    return entries;
  }
}
