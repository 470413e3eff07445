// Copyright 2026 the lab9 authors. MIT license.

import { formatAddress, randomAddress } from "./address.ts";
import { LABEL_WORDS, readLabel, writeLabel } from "./label.ts";
import { LockPoisonedError } from "./lock_errors.ts";
import {
  checkStop,
  currentIdentity,
  hasEnded,
  isAlive,
  threadLabel,
} from "./parking.ts";
import { isRecording, Mark, recordPoint } from "./recorder.ts";
import { reserveStack } from "./reserve_stack.ts";
import {
  enterLockWait,
  type GraphedLock,
  leaveLockWait,
  noteHolder,
} from "./wait_graph.ts";
import { PENDING, type Pending, WaitList, type Witness } from "./wait_list.ts";

const HOLDER = 0;
const NODE = 1;
const SIGNAL = 2;
const DEPTH = 3;
const CHANGES = 4;
const ADDRESS = 5;
const WAITERS = 6;
const LABEL = WAITERS + WaitList.WORDS;

/** How often a taker looks again before it sleeps: a few microseconds. */
const SPINS = 100;

/** What kind of ownership it is. */
export interface OwnershipOptions {
  /** For example `Lock accounts`; without one, it is there already. */
  label?: string;
  /**
   * Whether the holder may take it again, and only the holder give it up. Else
   * the holder has to wait like anybody, and anybody may give it up.
   */
  reentrant: boolean;
}

/**
 * Something that one thread at a time has.
 *
 * Protocol. `HOLDER` is the identity of the thread that has it, or 0. A taker
 * moves it from 0 to itself in one step; who gives it up moves it back to 0 and
 * wakes one waiter, who tries again: another may be quicker. A holder that has
 * ended can be told by its identity; a taker looks at its own last, so that
 * whoever ends it finds the lock among those that it holds. After each change of
 * `HOLDER`, `NODE` tells whether the graph of waits has to know (see
 * `wait_graph.ts`). `SIGNAL` is set, and the graph told, before another than the
 * holder gives it up; it stays. `DEPTH`, how often the holder has taken it, and
 * `CHANGES`, which is counted only for recording, are the holder's alone.
 */
export class Ownership implements GraphedLock, Witness {
  static readonly WORDS = LABEL + LABEL_WORDS;

  readonly reentrant: boolean;
  #words: Int32Array;
  #index: number;
  #waiters: WaitList;
  #attempt = (): true | Pending => {
    if (this.tryTake()) return true;
    this.#checkHolder();
    return PENDING;
  };

  /** A new ownership in words that are zero, or one that is there. */
  constructor(
    words: Int32Array,
    index: number,
    { label, reentrant }: OwnershipOptions,
  ) {
    this.#words = words;
    this.#index = index;
    this.reentrant = reentrant;
    this.#waiters = new WaitList(words, index + WAITERS, Mark.LOCK);
    if (label === undefined) return;
    writeLabel(words, index + LABEL, label);
    words[index + ADDRESS] = randomAddress();
  }

  get label(): string {
    return readLabel(this.#words, this.#index + LABEL);
  }

  get address(): string {
    return formatAddress(this.#words[this.#index + ADDRESS]);
  }

  get holder(): number {
    return Atomics.load(this.#words, this.#index + HOLDER);
  }

  get isSignal(): boolean {
    return Atomics.load(this.#words, this.#index + SIGNAL) !== 0;
  }

  get node(): number {
    return Atomics.load(this.#words, this.#index + NODE);
  }

  set node(node: number) {
    Atomics.store(this.#words, this.#index + NODE, node);
  }

  /** Whether the running thread has it. */
  get isMine(): boolean {
    return this.holder === currentIdentity();
  }

  /**
   * Takes it if nobody has it, or the running thread and it is reentrant.
   *
   * @throws {Error} If the running thread was given up, or has ended and left
   * something running.
   */
  tryTake(): boolean {
    const words = this.#words;
    const at = this.#index;
    const me = currentIdentity();
    if (Atomics.load(words, at + NODE) !== 0) reserveStack();
    const holder = Atomics.compareExchange(words, at + HOLDER, 0, me);
    if (holder !== 0) {
      if (!this.reentrant || holder !== me) return false;
      words[at + DEPTH]++;
      return true;
    }
    words[at + DEPTH] = 1;
    if (Atomics.load(words, at + NODE) !== 0) noteHolder(this);
    if (hasEnded()) this.#giveBack();
    if (isRecording) {
      recordPoint(Mark.ACQUIRE, words[at + ADDRESS], words[at + CHANGES]++);
    }
    return true;
  }

  /**
   * Takes it, blocking while another has it; false when the deadline passed.
   *
   * @throws {DeadlockError} If it would wait for ever.
   * @throws {LockPoisonedError} If its holder has ended.
   */
  takeSync(deadline: number): boolean {
    for (let spin = 0; spin < SPINS; spin++) {
      if (this.tryTake()) return true;
      Atomics.pause();
    }
    return this.#waiters.waitSync(this.#attempt, deadline, this) !== PENDING;
  }

  /**
   * Takes it, awaiting while another has it; false when the deadline passed.
   *
   * @throws {LockPoisonedError} If its holder has ended.
   */
  async take(deadline: number, signal?: AbortSignal): Promise<boolean> {
    signal?.throwIfAborted();
    if (this.tryTake()) return true;
    const options = { deadline, signal, witness: this };
    return await this.#waiters.wait(this.#attempt, options) !== PENDING;
  }

  /**
   * Gives it up once; false if the running thread doesn't have it, and may not
   * give it up for another.
   */
  give(): boolean {
    const words = this.#words;
    const at = this.#index;
    const { holder } = this;
    if (holder === 0) return false;
    if (holder === currentIdentity()) {
      if (words[at + DEPTH] > 1) {
        words[at + DEPTH]--;
        return true;
      }
    } else {
      // Its own hold went with the wait at which a thread is being ended.
      checkStop();
      if (isAlive(holder)) {
        if (this.reentrant) return false;
        Atomics.store(words, at + SIGNAL, 1);
        if (this.node !== 0) noteHolder(this);
      }
    }
    if (this.#waiters.hasWaiters) reserveStack();
    if (isRecording) {
      recordPoint(Mark.RELEASE, words[at + ADDRESS], words[at + CHANGES]);
    }
    // Somebody else may have been quicker.
    if (Atomics.compareExchange(words, at + HOLDER, holder, 0) !== holder) {
      return this.give();
    }
    if (this.node !== 0) noteHolder(this);
    this.#waiters.notify();
    return true;
  }

  /** Gives it up for as long as a wait takes; how often it was taken. */
  giveAll(): number {
    const at = this.#index + DEPTH;
    const depth = this.#words[at];
    this.#words[at] = 1;
    this.give();
    return depth;
  }

  /** The holder, who has taken it again, has it as often as before. */
  restore(depth: number): void {
    this.#words[this.#index + DEPTH] += depth - 1;
  }

  enter(cell: number, blocksForever: boolean): void {
    enterLockWait(this, cell, blocksForever);
  }

  leave(cell: number): void {
    leaveLockWait(this, cell);
  }

  /** The name of the thread that has it; undefined if none has. */
  holderName(): string | undefined {
    const { holder } = this;
    return holder === 0 ? undefined : threadLabel(holder);
  }

  /** A thread that counts as ended has nothing: who waits would not be told. */
  #giveBack(): never {
    this.give();
    throw new Error(`Cannot acquire ${this.label}: the thread has ended`);
  }

  #checkHolder(): void {
    const { holder } = this;
    if (holder === 0 || isAlive(holder)) return;
    // It may have released it just before it ended.
    if (this.holder !== holder) return;
    throw new LockPoisonedError(
      `Cannot acquire ${this.label}: its holder ${threadLabel(holder)} has ` +
        "ended without releasing it, call release() once what it guards is " +
        "in order",
    );
  }
}
