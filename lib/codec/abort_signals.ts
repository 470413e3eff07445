// Copyright 2026 the lab9 authors. MIT license.

/**
 * Abort signals in other threads. Structured clone refuses signals. So another thread
 * gets a signal of its own, which follows the original one by shared memory. Code that
 * never awaits sees it being aborted, too.
 *
 * Protocol. The memory of a shared signal holds a state, two random words that identify
 * it, and the reason. The thread of the signal writes the reason, then the state, and
 * then wakes the threads that wait for a change of the state. When the signal is
 * garbage-collected, `GARBAGE` is written into the state, and the others stop waiting.
 *
 * @module
 */

import { queueMicrotask, randomWord } from "../platform/platform.ts";
import { onAbortQuietly } from "../sync/signals.ts";
import {
  checkStopAfterwards,
  currentThreadId,
  isAlive,
  isStopping,
} from "../sync/waiters.ts";
import { Cargo } from "./cargo.ts";
import { Decoder } from "./decoder.ts";
import { Encoder } from "./encoder.ts";
import {
  handle,
  registerShareable,
  revive,
  type ShareableClass,
} from "./references.ts";

// As they are when the library loads: a program may replace them.
const { AbortController, AbortSignal } = globalThis;

/** How many words a reason takes: its length in bytes, and the bytes. */
export const REASON_WORDS = 512;
const REASON_BYTES = (REASON_WORDS - 1) * 4;

// Words of a shared signal.
const STATE = 0;
const FIRST_ID = 1;
const SECOND_ID = 2;
const REASON = 3;

const State = { PENDING: 0, ABORTED: 1, GARBAGE: 2 } as const;

/** Writes the reason of an abort into {@linkcode REASON_WORDS} words. */
export function writeReason(
  words: Int32Array,
  at: number,
  reason: unknown,
): void {
  const bytes = encode(reason) ?? encode(shortened(reason));
  words[at] = bytes?.length ?? 0;
  if (bytes === undefined) return;
  const start = words.byteOffset + (at + 1) * 4;
  new Uint8Array(words.buffer, start, bytes.length).set(bytes);
}

/** Reads what {@linkcode writeReason} wrote. */
export function readReason(words: Int32Array, at: number): unknown {
  const cargo = new Cargo();
  const length = Math.min(words[at] >>> 0, REASON_BYTES);
  cargo.reserve(length);
  const start = words.byteOffset + (at + 1) * 4;
  cargo.bytes.set(new Uint8Array(words.buffer, start, length));
  cargo.length = length;
  const decoder = new Decoder({ refusesFunctions: true });
  decoder.begin(cargo);
  try {
    const reason = length === 0 ? undefined : decoder.read();
    decoder.end();
    if (reason !== undefined) return reason;
  } catch {
    // The reason is of a class of errors that this thread doesn't know.
  }
  return new DOMException("The signal has been aborted", "AbortError");
}

function encode(reason: unknown): Uint8Array | undefined {
  const cargo = new Cargo(1 << 12);
  const encoder = new Encoder();
  try {
    encoder.begin(cargo);
    encoder.write(reason);
    encoder.end();
  } catch {
    return undefined;
  }
  return cargo.length > REASON_BYTES
    ? undefined
    : cargo.bytes.subarray(0, cargo.length);
}

/** A DOMException in place of a reason that can't be sent. */
function shortened(reason: unknown): DOMException {
  const isError = Error.isError(reason);
  const message = isError ? reason.message : "The signal has been aborted";
  const name = isError ? reason.name : "AbortError";
  return new DOMException(String(message).slice(0, 200), String(name));
}

/** What a {@linkcode FollowingSignal} follows. */
export interface AbortSource {
  readonly isAborted: boolean;
  readonly reason: unknown;
}

/**
 * A signal that is aborted when its source is. Its property `aborted` says so at once.
 * Its listeners are called after the turn in which a property was read, or when
 * {@linkcode FollowingSignal.look} is called.
 */
export class FollowingSignal {
  readonly signal: AbortSignal;
  #source: AbortSource;
  #controller = new AbortController();
  #reason: { value: unknown } | undefined;
  #isOver = false;

  constructor(source: AbortSource) {
    this.#source = source;
    const { signal } = this.#controller;
    this.signal = signal;
    Object.defineProperties(signal, {
      aborted: { get: () => this.#read(), configurable: true },
      reason: {
        get: () => this.#read() ? this.#reason!.value : undefined,
        configurable: true,
      },
      throwIfAborted: {
        value: () => {
          if (this.#read()) throw this.#reason!.value;
        },
        configurable: true,
        writable: true,
      },
    });
  }

  /** Calls the listeners if the source was aborted. */
  look(): void {
    if (this.#isOver || !this.#sees()) return;
    this.#isOver = true;
    // If they said that the signal is aborted, the platform wouldn't abort it.
    for (const name of ["aborted", "reason", "throwIfAborted"]) {
      Reflect.deleteProperty(this.signal, name);
    }
    this.#controller.abort(this.#reason!.value);
  }

  /** Is called by a property. A loop that waits for the abort ends with its thread. */
  #read(): boolean {
    if (this.#sees()) return true;
    if (!isStopping()) return false;
    // The order may have come just now, and abort the source.
    if (this.#sees()) return true;
    checkStopAfterwards();
    return false;
  }

  #sees(): boolean {
    if (this.#reason !== undefined) return true;
    if (!this.#source.isAborted) return false;
    this.#reason = { value: this.#source.reason };
    // Not now, because no listener may run while a property is read.
    queueMicrotask(() => this.look());
    return true;
  }
}

/** The memory of the signals that were shared, and of those that follow one. */
const memories = new WeakMap<AbortSignal, Int32Array>();

const garbage = new FinalizationRegistry<Int32Array>((words) => {
  change(words, State.GARBAGE);
});

function memoryOf(signal: AbortSignal): Int32Array {
  const known = memories.get(signal);
  if (known !== undefined) return known;
  const size = (REASON + REASON_WORDS) * 4;
  const words = new Int32Array(new SharedArrayBuffer(size));
  words[FIRST_ID] = randomWord();
  words[SECOND_ID] = randomWord();
  memories.set(signal, words);
  const abort = () => {
    writeReason(words, REASON, signal.reason);
    change(words, State.ABORTED);
  };
  if (signal.aborted) abort();
  else {
    onAbortQuietly(signal, abort);
    garbage.register(signal, words);
  }
  return words;
}

function change(words: Int32Array, state: number): void {
  Atomics.compareExchange(words, STATE, State.PENDING, state);
  Atomics.notify(words, STATE);
}

/** A signal that follows another, and the id of the thread that got it. */
interface Followed {
  signal: AbortSignal;
  threadId: number;
}

/**
 * The signals that are followed here, by their ids. A worker may run another thread
 * by now: what listens to an ended thread's signal is not called any more.
 */
const followed = new Map<string, Followed>();

function follow(buffer: SharedArrayBuffer): AbortSignal {
  const words = new Int32Array(buffer);
  const id = `${words[FIRST_ID]} ${words[SECOND_ID]}`;
  const threadId = currentThreadId();
  const known = followed.get(id);
  if (known?.threadId === threadId) return known.signal;
  const following = new FollowingSignal({
    get isAborted() {
      return Atomics.load(words, STATE) === State.ABORTED;
    },
    get reason() {
      return readReason(words, REASON);
    },
  });
  const { signal } = following;
  memories.set(signal, words);
  if (signal.aborted) following.look();
  else {
    const entry = { signal, threadId };
    followed.set(id, entry);
    watch(words, () => {
      if (followed.get(id) === entry) followed.delete(id);
      if (isAlive(threadId)) following.look();
    });
  }
  return signal;
}

async function watch(words: Int32Array, onChange: () => void): Promise<void> {
  await Atomics.waitAsync(words, STATE, State.PENDING).value;
  onChange();
}

// With these, signals can be sent like the library's own shared objects.
Object.defineProperty(AbortSignal.prototype, handle, {
  value(this: AbortSignal) {
    return { type: "AbortSignal", buffer: memoryOf(this).buffer };
  },
});
registerShareable(
  import.meta,
  "AbortSignal",
  {
    name: "AbortSignal",
    prototype: AbortSignal.prototype,
    [revive]: ({ buffer }: { buffer: SharedArrayBuffer }) => follow(buffer),
  } as unknown as ShareableClass,
);
