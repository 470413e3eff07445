// Copyright 2026 the lab9 authors. MIT license.

import {
  constructOn,
  copies,
  formatAddress,
  noteMade,
  randomAddress,
  takeMemory,
  warnOfCopy,
  words,
} from "../sync/memory.ts";
import {
  type AsyncWaitOptions,
  waitDeadline,
  waitDeadlineSync,
  type WaitOptions,
} from "../sync/deadline.ts";
import { Mark } from "../sync/recorder.ts";
import { reserveStack } from "../sync/reserve_stack.ts";
import {
  type Handle,
  handle,
  registerShareable,
  revive,
} from "../codec/references.ts";
import {
  checkStop,
  checkStopAfterwards,
  heedStop,
  isStopping,
} from "../sync/waiters.ts";
import { PENDING, type Pending, WaitList } from "../sync/wait_list.ts";

// Protocol. A setter writes `FLAG`, then counts `SETS` up, then wakes all waiters. A
// waiter reads `SETS` before it waits. So it also sees an event that was set, and cleared
// again before the waiter has woken.
const FLAG = 0;
const SETS = 1;
const ADDRESS = 2;
const WAITERS = 3;
const WORDS = WAITERS + WaitList.WORDS;

/**
 * A flag that threads wait for. Python's `threading.Event`.
 *
 * The platform's own `Event`, which is something else, is `globalThis.Event`.
 *
 * @example Usage
 * ```ts
 * import { Event } from "@lab9/concurrency";
 * import { assertEquals } from "@std/assert";
 *
 * const ready = new Event();
 * setTimeout(() => ready.set(), 10);
 * assertEquals(await ready.wait(), true);
 * ```
 */
export class Event {
  static {
    registerShareable(import.meta, "Event", this);
  }

  /**
   * Creates the object for a handle.
   *
   * @ignore
   */
  static [revive]({ buffer }: Handle): Event {
    return constructOn(Event, this, buffer);
  }

  #words: Int32Array;
  #waiters: WaitList;

  /**
   * Creates an event that is not set.
   *
   * @example Usage
   * ```ts
   * import { Event } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * assertEquals(new Event().isSet, false);
   * ```
   */
  constructor() {
    const buffer = takeMemory();
    this.#words = words(buffer, WORDS);
    this.#waiters = new WaitList(this.#words, WAITERS, Mark.LOCK);
    if (buffer !== undefined) return;
    this.#words[ADDRESS] = randomAddress();
    noteMade(this);
  }

  /**
   * Whether the event is set now. Python's `Event.is_set()`.
   *
   * @returns Whether it is set.
   */
  get isSet(): boolean {
    if (copies !== undefined) warnOfCopy(this);
    checkStopAfterwards();
    return this.#isSet;
  }

  /**
   * Sets the event. Every thread that waits for it goes on. Python's `Event.set`.
   *
   * @example Usage
   * ```ts
   * import { Event } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * const event = new Event();
   * event.set();
   * assertEquals(event.isSet, true);
   * ```
   */
  set(): void {
    if (copies !== undefined) warnOfCopy(this);
    reserveStack();
    Atomics.store(this.#words, FLAG, 1);
    Atomics.add(this.#words, SETS, 1);
    this.#waiters.notifyAll();
    checkStopAfterwards();
  }

  /**
   * Clears the event. Waits that begin from now on wait for the next {@linkcode set}.
   * Python's `Event.clear`.
   *
   * @example Usage
   * ```ts
   * import { Event } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * const event = new Event();
   * event.set();
   * event.clear();
   * assertEquals(event.isSet, false);
   * ```
   */
  clear(): void {
    if (copies !== undefined) warnOfCopy(this);
    reserveStack();
    Atomics.store(this.#words, FLAG, 0);
    checkStopAfterwards();
  }

  /**
   * Waits until the event is set. Python's `Event.wait`.
   *
   * @param options A timeout, and a signal that ends the wait.
   * @returns A promise that resolves to true, or to false if the timeout passes
   * first.
   * @throws {RangeError} If the timeout is negative.
   *
   * @example Usage
   * ```ts
   * import { Event } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * assertEquals(await new Event().wait({ timeout: 0.01 }), false);
   * ```
   */
  async wait(options: AsyncWaitOptions = {}): Promise<boolean> {
    const deadline = waitDeadline("wait for event", options);
    if (isStopping()) await heedStop();
    options.signal?.throwIfAborted();
    if (copies !== undefined) warnOfCopy(this);
    const attempt = this.#attempt();
    if (attempt() !== PENDING) return true;
    const limits = { deadline, signal: options.signal };
    return await this.#waiters.wait(attempt, limits) !== PENDING;
  }

  /**
   * Blocks the thread until the event is set. Python's `Event.wait`.
   *
   * @param options A timeout.
   * @returns True, or false if the timeout passes first.
   * @throws {RangeError} If the timeout is negative.
   *
   * @example Usage
   * ```ts
   * import { Event } from "@lab9/concurrency";
   * import { assertEquals } from "@std/assert";
   *
   * const event = new Event();
   * event.set();
   * assertEquals(event.waitSync(), true);
   * ```
   */
  waitSync(options: WaitOptions = {}): boolean {
    const deadline = waitDeadlineSync("wait for event", options);
    checkStop();
    if (copies !== undefined) warnOfCopy(this);
    const attempt = this.#attempt();
    if (attempt() !== PENDING) return true;
    return this.#waiters.waitSync(attempt, deadline) !== PENDING;
  }

  /**
   * The text that Python prints for an event.
   *
   * @returns For example `<threading.Event at 0x1140ac6a0: unset>`.
   */
  toString(): string {
    const address = formatAddress(this.#words[ADDRESS]);
    return `<threading.Event at ${address}: ${this.#isSet ? "set" : "unset"}>`;
  }

  /**
   * The text that `console.log` prints.
   *
   * @returns The same as {@linkcode toString}.
   */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }

  /**
   * The handle that is sent in place of the event.
   *
   * @ignore
   */
  [handle](): Handle {
    const buffer = this.#words.buffer as SharedArrayBuffer;
    return { type: "Event", buffer };
  }

  get #isSet(): boolean {
    return Atomics.load(this.#words, FLAG) !== 0;
  }

  #attempt(): () => true | Pending {
    const sets = Atomics.load(this.#words, SETS);
    return () =>
      this.#isSet || Atomics.load(this.#words, SETS) !== sets ? true : PENDING;
  }
}
