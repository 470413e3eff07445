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

const HOLDER = 0;
const NODE = 1;
const SIGNAL = 2;
const DEPTH = 3;
const CHANGES = 4;
const ADDRESS = 5;
const WAITERS = 6;
const LABEL = WAITERS + WaitList.WORDS;
const TURN = LABEL + LABEL_WORDS;

/** How often a taker looks again before it sleeps: a few microseconds. */
const SPINS = 100;

/** The ident of the thread with that id, where idents are known. */
let identOf = (threadId: number): number => threadId >>> 0;

/** Says how the ident of a thread is found, which users know it by. */
export function setIdentOf(lookUp: (threadId: number) => number): void {
  identOf = lookUp;
}

/** What kind of ownership it is. */
export interface OwnershipOptions {
  /** For example `Lock accounts`; without one, it is there already. */
  label?: string;
  /**
   * Whether the holder may take it again, and only the holder give it up. Else
   * the holder has to wait like anybody, and anybody may give it up.
   */
  reentrant: boolean;
  /** Whether nobody but the holder gives it up. */
  isPersonal?: boolean;
}

/** What a hold was before a wait. */
export interface Suspended {
  depth: number;
  turn: number;
}

/** What the running thread may yet give up without having it. */
interface Notice {
  /** How often it had taken what it lost: so many releases are still to come. */
  lost: number;
  /** The turn of the hold that it lost. */
  turn: number;
  /** The id of the dead holder that it knows of; 0 if there is none. */
  dead: number;
}

/** By the addresses of what is owned. */
const notices = new Map<number, Notice>();
/** The thread that the notices are for: the worker may run another by now. */
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

/** How others learn of a new holder. */
function rehearseRelease(): void {
  const words = new Int32Array(new SharedArrayBuffer(4 * Ownership.WORDS));
  const kind = { label: "Lock", reentrant: false };
  rehearseWait(new Ownership(words, 0, kind));
}

/**
 * Something that one thread at a time has.
 *
 * Protocol. `HOLDER` is the id of the thread that has it, or 0. A taker
 * moves it from 0 to itself in one step; the giver moves it back to 0 and
 * wakes one waiter, who tries again: another may be quicker. A holder that has
 * ended can be known by its id; a taker looks at its own last, so that
 * the thread that ends it finds the lock among those that it holds.
 *
 * After each change of `HOLDER`, `NODE` says whether anyone waits, and the graph
 * of waits has to know (see `wait_graph.ts`): a waiter is entered there before it
 * looks for the last time and sleeps. `SIGNAL` is set, and the graph updated,
 * before
 * another than the holder gives it up; it stays.
 *
 * The holder's alone are `DEPTH`, how often it has taken it, `CHANGES`, how often
 * it was taken by anyone, and `TURN`, which distinguishes a hold from any other:
 * what
 * `CHANGES` was when it began. A hold that goes on after a wait keeps its turn;
 * where it is reentrant, all holds of a thread are one.
 *
 * A thread that gives up what it doesn't have gives up another's hold, as in
 * Python. There are two exceptions. A thread that got the error of a dead holder
 * gives up no more than that holder's hold; a thread that lost its own hold gives
 * up nothing. Each of them has a notice of it until it gives up so, or takes the
 * ownership again.
 */
export class Ownership implements GraphedLock, Witness {
  static readonly WORDS = TURN + 1;

  readonly reentrant: boolean;
  readonly isPersonal: boolean;
  /** Whether this thread made it, and has never handed it to another. */
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

  /** A new ownership in words that are zero, or one that is there. */
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
   * Takes it if nobody has it, or the running thread and it is reentrant.
   *
   * @returns The turn; 0 if another has it.
   * @throws {Error} If the running thread was given up, or has ended and left
   * something running.
   */
  tryTake(): number {
    reserveStackForHold();
    return this.#tryTake();
  }

  /** The stack is reserved. */
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
    // Never 0, when it has come round.
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
   * @throws {DeadlockError} If it would wait for ever.
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
    signal?.throwIfAborted();
    if (isStopping()) await heedStop();
    const early = this.tryTake();
    if (early !== 0) return early;
    const options = { deadline, signal, witness: this };
    const turn = await this.#waiters.wait(this.#attempt, options);
    return turn === PENDING ? 0 : turn;
  }

  /**
   * Gives it up once, or what the thread has a notice of; false if the running
   * thread
   * doesn't have it, and may not give it up for another.
   */
  give(): boolean {
    reserveStack();
    const holder = Atomics.load(this.#words, this.#index + HOLDER);
    const isMine = holder !== 0 && holder === currentThreadId();
    const isGiven = isMine ? this.#giveMine(holder) : this.#giveOthers(holder);
    // Somebody else may have been quicker.
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

  /** Gives it up for as long as a wait takes; what to {@linkcode resume}. */
  suspend(): Suspended {
    // For taking it again, too.
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
      // The wait has thrown it already.
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

  /** Wakes the next in its list: the one that was woken leaves it free. */
  passOn(): void {
    this.#waiters.notify();
  }

  enter(waiter: number, blocksForever: boolean): void {
    enterLockWait(this, waiter, blocksForever);
  }

  leave(waiter: number): void {
    leaveLockWait(this, waiter);
  }

  /** The ident of the thread that has it, or 0, and how often it has taken it. */
  get hold(): { owner: number; count: number } {
    const { holder } = this;
    if (holder === 0) return { owner: 0, count: 0 };
    return {
      owner: identOf(holder),
      count: Atomics.load(this.#words, this.#index + DEPTH),
    };
  }

  /** The name of the thread that has it; undefined if none has. */
  holderName(): string | undefined {
    const { holder } = this;
    return holder === 0 ? undefined : threadLabel(holder);
  }

  /** Undefined if it was given up by another meanwhile. */
  #giveMine(me: number): true | undefined {
    const depth = this.#index + DEPTH;
    if (this.#words[depth] > 1) {
      this.#words[depth]--;
      return true;
    }
    return this.#free(me) ? true : undefined;
  }

  /** Undefined if the holder, another or none, has changed meanwhile. */
  #giveOthers(holder: number): boolean | undefined {
    // A thread's own hold went with the wait at which it is being ended.
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

  /** Gives up what the thread has a notice of; false if it has none. */
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

  /** Moves it from a holder to nobody; false if that is not the holder. */
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

  /** The hold is gone; what to throw. */
  #lose({ depth, turn }: Suspended, error: unknown): unknown {
    const address = this.#words[this.#index + ADDRESS];
    const { dead } = note(address, { lost: depth, turn });
    return error instanceof LockPoisonedError
      ? this.#poisoned(dead, "so this one has lost it, too")
      : error;
  }

  /**
   * A thread that counts as ended holds nothing: its waiters would not be alerted.
   */
  #giveBack(): never {
    this.give();
    throw new Error(`Cannot acquire ${this.label}: the thread has ended`);
  }

  /** @throws {LockPoisonedError} If the holder has ended. */
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
