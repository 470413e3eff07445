// Copyright 2026 the lab9 authors. MIT license.

import {
  formatAddress,
  LABEL_WORDS,
  randomAddress,
  readLabel,
  writeLabel,
} from "../sync/memory.ts";
import { LockPoisonedError } from "./errors.ts";
import {
  checkStop,
  checkStopAfterwards,
  currentThreadId,
  hasEnded,
  heedStop,
  isAlive,
  isStopping,
  stopped,
  threadLabel,
} from "../sync/waiters.ts";
import {
  isRecording,
  Mark,
  recordName,
  recordPoint,
} from "../sync/recorder.ts";
import {
  rehearse,
  reserveStack,
  reserveStackForHold,
} from "../sync/reserve_stack.ts";
import {
  enterLockWait,
  type GraphedLock,
  leaveLockWait,
  noteHolder,
  rehearseWait,
} from "./wait_graph.ts";
import {
  PENDING,
  type Pending,
  WaitList,
  type Witness,
} from "../sync/wait_list.ts";

// The words of an ownership: see `Ownership`.
const HOLDER = 0;
const NODE = 1;
const SIGNAL = 2;
const DEPTH = 3;
const CHANGES = 4;
const ADDRESS = 5;
const WAITERS = 6;
const LABEL = WAITERS + WaitList.WORDS;
const TURN = LABEL + LABEL_WORDS;

/** How often a taker looks again before it sleeps: for a few microseconds. */
const SPINS = 100;

/** Returns the ident of the thread with an id. Without threads, it is the id. */
let identOf = (threadId: number): number => threadId >>> 0;

/** Sets the function that looks up the ident of a thread, which users know. */
export function setIdentOf(lookUp: (threadId: number) => number): void {
  identOf = lookUp;
}

/** Options of an {@linkcode Ownership}. */
export interface OwnershipOptions {
  /** What errors call it, for example `Lock accounts`. It is undefined if the words exist. */
  label?: string;
  /**
   * Whether the holder may take it again, and only the holder may give it up. Otherwise
   * the holder has to wait like any other thread, and any thread may give it up.
   */
  reentrant: boolean;
  /** Whether only the holder may give it up, even if it is not reentrant. */
  isPersonal?: boolean;
}

/** A hold that was given up for as long as a wait takes. */
export interface Suspended {
  depth: number;
  turn: number;
}

/** What the running thread knows of an ownership that it has lost, or found poisoned. */
interface Notice {
  /** How many releases are still to come of the hold that it has lost. */
  lost: number;
  /** The turn of that hold. */
  turn: number;
  /** The id of the dead holder of which it has got the error; 0 if there is none. */
  dead: number;
}

/** The notices, by the addresses of the ownerships. */
const notices = new Map<number, Notice>();
/** The thread that the notices are for. The worker may run another thread by now. */
let noticed = 0;

/** The thread's notice of the ownership with that address, if it has one. */
function noticeOf(address: number): Notice | undefined {
  const me = currentThreadId();
  if (noticed !== me) notices.clear();
  noticed = me;
  return notices.get(address);
}

/** Adds to the thread's notice of the ownership with that address. */
function note(address: number, news: Partial<Notice>): Notice {
  const none = { lost: 0, turn: 0, dead: 0 };
  const notice = { ...none, ...noticeOf(address), ...news };
  notices.set(address, notice);
  return notice;
}

/** Rehearses how the graph of waits and the waiters learn of a new holder. */
function rehearseRelease(): void {
  const words = new Int32Array(new SharedArrayBuffer(4 * Ownership.WORDS));
  const kind = { label: "Lock", reentrant: false };
  rehearseWait(new Ownership(words, 0, kind));
}

/**
 * The ownership of a lock, which one thread at a time has: its holder.
 *
 * Protocol. `HOLDER` is the id of the holder, or 0. A thread takes the ownership by
 * moving `HOLDER` from 0 to its own id in one step. The thread that gives it up moves
 * `HOLDER` back to 0, and wakes one waiter, which tries again: another thread may be
 * quicker. The id of a holder shows whether it has ended. After a thread has taken the
 * ownership, it checks whether it was itself given up. If not, the thread that ends it
 * later finds the lock among those that it holds.
 *
 * After each change of `HOLDER`, a thread reads `NODE`. It is not 0 if any thread waits.
 * Then the graph of waits has to be updated (see `wait_graph.ts`): a waiter enters itself
 * there before it looks for the last time and sleeps. `SIGNAL` is set, and the graph
 * updated, before another thread than the holder gives the ownership up. `SIGNAL` stays
 * set.
 *
 * Only the holder writes `DEPTH`, `CHANGES` and `TURN`. `DEPTH` is how often it has taken
 * the ownership. `CHANGES` is how often any thread has taken it. `TURN` distinguishes the
 * hold from all others: it is the value of `CHANGES` when the hold began. A hold that goes
 * on after a wait keeps its turn. If the ownership is reentrant, all holds of a thread
 * count as one.
 *
 * A thread that releases a lock which it doesn't hold releases another thread's hold, as
 * in Python. There are two exceptions. A thread that got the error of a dead holder
 * releases only that holder's hold. A thread that has lost its own hold releases nothing.
 * Such a thread has a notice of that, until it releases the lock or takes it again.
 */
export class Ownership implements GraphedLock, Witness {
  static readonly WORDS = TURN + 1;

  readonly reentrant: boolean;
  readonly isPersonal: boolean;
  /** Whether this thread has made it, and has never passed it to another. */
  isUnshared: boolean;
  #words: Int32Array;
  #index: number;
  #waiters: WaitList;
  #attempt = (): number | Pending => {
    const turn = this.#tryTake();
    if (turn !== 0) return turn;
    this.checkHolder();
    return PENDING;
  };

  /** A new ownership in words that are zero; without a label, the one in the words. */
  constructor(
    words: Int32Array,
    index: number,
    { label, reentrant, isPersonal = false }: OwnershipOptions,
  ) {
    this.#words = words;
    this.#index = index;
    this.reentrant = reentrant;
    this.isPersonal = isPersonal;
    this.isUnshared = label !== undefined;
    this.#waiters = new WaitList(words, index + WAITERS, Mark.LOCK, {
      address: index + ADDRESS,
    });
    rehearse(Ownership, rehearseRelease);
    if (label === undefined) return;
    writeLabel(words, index + LABEL, label);
    words[index + ADDRESS] = randomAddress();
    recordName(words[index + ADDRESS], label);
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
    return this.holder === currentThreadId();
  }

  /**
   * Takes it if no thread has it, or if the running thread has it and it is reentrant.
   *
   * @returns The turn; 0 if another thread has it.
   * @throws {Error} If the running thread counts as ended, because it was given up.
   */
  tryTake(): number {
    reserveStackForHold();
    return this.#tryTake();
  }

  /** As {@linkcode tryTake}. The caller has reserved the stack. */
  #tryTake(): number {
    const words = this.#words;
    const at = this.#index;
    const me = currentThreadId();
    checkStop();
    const holder = Atomics.compareExchange(words, at + HOLDER, 0, me);
    if (holder !== 0) {
      if (!this.reentrant || holder !== me) return 0;
      words[at + DEPTH]++;
      return words[at + TURN];
    }
    words[at + DEPTH] = 1;
    // It is never 0, even when the count wraps.
    const turn = words[at + CHANGES] + 1 | 0 || 1;
    words[at + CHANGES] = words[at + TURN] = turn;
    if (notices.size > 0) notices.delete(words[at + ADDRESS]);
    if (Atomics.load(words, at + NODE) !== 0) noteHolder(this);
    if (hasEnded()) this.#giveBack();
    if (isRecording) {
      recordPoint(Mark.ACQUIRE, words[at + ADDRESS], turn - 1);
    }
    return turn;
  }

  /**
   * Takes it, blocking while another has it. The caller has reserved the stack.
   *
   * @returns The turn; 0 when the deadline passed.
   * @throws {DeadlockError} If that would cause a deadlock.
   * @throws {LockPoisonedError} If its holder has ended.
   */
  takeSync(deadline: number): number {
    for (let spin = 0; spin < SPINS; spin++) {
      const turn = this.#tryTake();
      if (turn !== 0) return turn;
      Atomics.pause();
    }
    const turn = this.#waiters.waitSync(this.#attempt, deadline, this);
    return turn === PENDING ? 0 : turn;
  }

  /**
   * Takes it, awaiting while another has it.
   *
   * @returns The turn; 0 when the deadline passed.
   * @throws {LockPoisonedError} If its holder has ended.
   */
  async take(deadline: number, signal?: AbortSignal): Promise<number> {
    if (isStopping()) await heedStop();
    signal?.throwIfAborted();
    const early = this.tryTake();
    if (early !== 0) return early;
    const options = { deadline, signal, witness: this };
    const turn = await this.#waiters.wait(this.#attempt, options);
    return turn === PENDING ? 0 : turn;
  }

  /**
   * Gives it up once. If the running thread has a notice, the notice says what is given
   * up.
   *
   * @returns False if the thread doesn't have it, and may not give it up for another.
   */
  give(): boolean {
    reserveStack();
    const holder = Atomics.load(this.#words, this.#index + HOLDER);
    const isMine = holder !== 0 && holder === currentThreadId();
    const isGiven = isMine ? this.#giveMine(holder) : this.#giveOthers(holder);
    // If the holder has changed meanwhile, it tries again.
    return isGiven ?? this.give();
  }

  /** Ends the hold with that turn once, unless it has ended. */
  end(turn: number): void {
    reserveStack();
    const words = this.#words;
    const at = this.#index;
    const holder = Atomics.load(words, at + HOLDER);
    const isCurrent = this.reentrant || words[at + TURN] === turn;
    if (holder === currentThreadId() && isCurrent) {
      this.#giveMine(holder);
    } else if (notices.size > 0) {
      const notice = noticeOf(words[at + ADDRESS]);
      if (notice?.turn === turn && notice.lost > 0) notice.lost--;
    }
  }

  /** Gives it up for as long as a wait takes; see {@linkcode resume}. */
  suspend(): Suspended {
    // Enough stack to take it again, too.
    reserveStackForHold();
    const words = this.#words;
    const at = this.#index;
    const suspended = { depth: words[at + DEPTH], turn: words[at + TURN] };
    this.#free(currentThreadId());
    return suspended;
  }

  /** Takes it again, blocking, as often as before and with the same turn. */
  resumeSync(suspended: Suspended): void {
    try {
      // The wait has heeded the order already.
      if (isStopping()) throw stopped();
      this.takeSync(Infinity);
    } catch (error) {
      throw this.#lose(suspended, error);
    }
    this.#restore(suspended);
  }

  /** As {@linkcode resumeSync}, but awaits. */
  async resume(suspended: Suspended): Promise<void> {
    try {
      if (isStopping()) throw stopped();
      await this.take(Infinity);
    } catch (error) {
      throw this.#lose(suspended, error);
    }
    this.#restore(suspended);
  }

  /** Blocks in its list until the attempt returns something. */
  waitSync<T>(attempt: () => T | Pending, deadline: number): T | Pending {
    return this.#waiters.waitSync(attempt, deadline, this);
  }

  /** As {@linkcode waitSync}, but awaits. */
  wait<T>(
    attempt: () => T | Pending,
    deadline: number,
    signal?: AbortSignal,
  ): Promise<T | Pending> {
    return this.#waiters.wait(attempt, { deadline, signal, witness: this });
  }

  /** Wakes the next waiter of its list, because the last one has left it free. */
  passOn(): void {
    this.#waiters.notify();
  }

  enter(waiter: number, blocksForever: boolean): void {
    enterLockWait(this, waiter, blocksForever);
  }

  leave(waiter: number): void {
    leaveLockWait(this, waiter);
  }

  /** The ident of the holder, or 0, and how often the holder has taken it. */
  get hold(): { owner: number; count: number } {
    const { holder } = this;
    if (holder === 0) return { owner: 0, count: 0 };
    return {
      owner: identOf(holder),
      count: Atomics.load(this.#words, this.#index + DEPTH),
    };
  }

  /** The name of the holder; undefined if there is none. */
  holderName(): string | undefined {
    const { holder } = this;
    return holder === 0 ? undefined : threadLabel(holder);
  }

  /**
   * Gives up a hold of the running thread.
   *
   * @returns Undefined if another thread has given it up meanwhile.
   */
  #giveMine(me: number): true | undefined {
    const depth = this.#index + DEPTH;
    if (this.#words[depth] > 1) {
      this.#words[depth]--;
      return true;
    }
    return this.#free(me) ? true : undefined;
  }

  /**
   * Gives it up for another holder, or for none.
   *
   * @returns Undefined if the holder has changed meanwhile.
   */
  #giveOthers(holder: number): boolean | undefined {
    // The thread has lost its own hold, in the wait at which it is being ended.
    if (holder !== 0 && isStopping()) {
      checkStopAfterwards();
      throw stopped();
    }
    if (this.#heed()) return true;
    if (holder === 0) return false;
    if (isAlive(holder)) {
      if (this.reentrant || this.isPersonal) return false;
      Atomics.store(this.#words, this.#index + SIGNAL, 1);
      if (this.node !== 0) noteHolder(this);
    }
    return this.#free(holder) ? true : undefined;
  }

  /** Gives up what the thread's notice says; false if it has none. */
  #heed(): boolean {
    if (notices.size === 0) return false;
    const address = this.#words[this.#index + ADDRESS];
    const notice = noticeOf(address);
    if (notice === undefined) return false;
    if (notice.lost > 0) {
      notice.lost--;
      return true;
    }
    const { dead } = notice;
    notices.delete(address);
    if (dead !== 0) this.#free(dead);
    return dead !== 0;
  }

  /** Takes it from a holder, and wakes a waiter; false if the holder is another. */
  #free(holder: number): boolean {
    const words = this.#words;
    const at = this.#index;
    if (isRecording) {
      recordPoint(Mark.RELEASE, words[at + ADDRESS], words[at + CHANGES]);
    }
    if (Atomics.compareExchange(words, at + HOLDER, holder, 0) !== holder) {
      return false;
    }
    if (Atomics.load(words, at + NODE) === 0) return true;
    noteHolder(this);
    this.#waiters.notify();
    return true;
  }

  #restore({ depth, turn }: Suspended): void {
    const words = this.#words;
    const at = this.#index;
    words[at + DEPTH] += depth - 1;
    words[at + TURN] = turn;
  }

  /** Notes that the thread has lost its hold. It returns what to throw. */
  #lose({ depth, turn }: Suspended, error: unknown): unknown {
    const address = this.#words[this.#index + ADDRESS];
    const { dead } = note(address, { lost: depth, turn });
    return error instanceof LockPoisonedError
      ? this.#poisoned(dead, "so this one has lost it, too")
      : error;
  }

  /**
   * Gives it back, in a thread that counts as ended. Nobody would alert the threads that
   * wait for it.
   */
  #giveBack(): never {
    this.give();
    throw new Error(`Cannot acquire ${this.label}: the thread has ended`);
  }

  /**
   * Checks that the holder has not ended.
   *
   * @throws {LockPoisonedError} If it has.
   */
  checkHolder(): void {
    const { holder } = this;
    if (holder === 0 || isAlive(holder)) return;
    // It may have released it just before it ended.
    if (this.holder !== holder) return;
    note(this.#words[this.#index + ADDRESS], { dead: holder });
    throw this.#poisoned(
      holder,
      "call release() once what it guards is in order",
    );
  }

  #poisoned(holder: number, consequence: string): LockPoisonedError {
    return new LockPoisonedError(
      `Cannot acquire ${this.label}: its holder ${threadLabel(holder)} has ` +
        `ended without releasing it, ${consequence}`,
    );
  }
}
