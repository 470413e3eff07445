// Copyright 2026 the lab9 authors. MIT license.

import { Mark } from "../sync/recorder.ts";
import { rehearse } from "../sync/reserve_stack.ts";
import {
  PENDING,
  type Pending,
  WaitList,
  type Witness,
} from "../sync/wait_list.ts";
import { PERMIT_TABLE_BYTES, PermitTable } from "./permits.ts";
import {
  enterLockWait,
  type GraphedLock,
  leaveLockWait,
  noteHolder,
  rehearseWait,
} from "./wait_graph.ts";

const COUNT = 0;
const NODE = 1;
const WAITERS = 2;

/** Options of {@linkcode Readers}. */
export interface ReadersOptions {
  /** The byte where the table of the readers begins. */
  table: number;
  /** Returns what errors call the lock. */
  label: () => string;
}

/** Rehearses how a reader releases the lock. */
function rehearseLeaving(): void {
  const bytes = 4 * Readers.WORDS;
  const buffer = new SharedArrayBuffer(bytes + PERMIT_TABLE_BYTES);
  const options = { table: bytes, label: () => "RWLock" };
  const readers = new Readers(new Int32Array(buffer), 0, options);
  readers.countIn();
  const holder = readers.register();
  rehearseWait(readers);
  readers.release(holder);
}

/**
 * The readers of a lock, and the writer that waits for them to leave.
 *
 * Protocol. `COUNT` is how many threads read, or look whether they may. The table says how
 * many holds each thread has. The thread that brings the count to 0 wakes the writer. When
 * a thread ends, the writer is alerted. It takes the thread's holds out of the table and
 * counts them off. In the graph of waits, all threads that read are holders of the lock.
 */
export class Readers implements GraphedLock, Witness {
  static readonly WORDS = WAITERS + WaitList.WORDS;

  readonly isSignal = false;
  readonly isPersonal = true;
  #words: Int32Array;
  #index: number;
  #table: PermitTable;
  #waiters: WaitList;
  #label: () => string;
  #attempt = (): true | Pending => this.haveLeft() || PENDING;

  constructor(
    words: Int32Array,
    index: number,
    { table, label }: ReadersOptions,
  ) {
    this.#words = words;
    this.#index = index;
    this.#label = label;
    this.#table = new PermitTable(words.buffer as SharedArrayBuffer, table);
    this.#waiters = new WaitList(words, index + WAITERS, Mark.LOCK);
    rehearse(Readers, rehearseLeaving);
  }

  get label(): string {
    return this.#label();
  }

  get count(): number {
    return Atomics.load(this.#words, this.#index + COUNT);
  }

  get holder(): number {
    return this.holders[0] ?? 0;
  }

  get holders(): readonly number[] {
    return this.#table.threads;
  }

  get node(): number {
    return Atomics.load(this.#words, this.#index + NODE);
  }

  set node(node: number) {
    Atomics.store(this.#words, this.#index + NODE, node);
  }

  /** Counts a reader in. */
  countIn(): void {
    Atomics.add(this.#words, this.#index + COUNT, 1);
  }

  /** Counts readers out, and wakes the writer if none is left. */
  countOut(count = 1): void {
    const before = Atomics.sub(this.#words, this.#index + COUNT, count);
    if (before === count) this.#waiters.notifyAll();
  }

  /** Registers a hold of the running thread, which was counted in. It returns its id. */
  register(): number {
    const holder = this.#table.add();
    if (this.node !== 0) noteHolder(this);
    return holder;
  }

  /** Ends a hold of the thread with that id. */
  release(holder: number): void {
    // If the thread was given up, another one may have counted it out.
    if (!this.#table.remove(holder)) return;
    if (this.node !== 0) noteHolder(this);
    this.countOut();
  }

  /** Whether no thread reads. Threads that have ended are counted out first. */
  haveLeft(): boolean {
    if (this.count === 0) return true;
    const dead = this.#table.takeFromDead();
    if (dead > 0) this.countOut(dead);
    return this.count === 0;
  }

  /** Blocks until no thread reads; false when the deadline passed. */
  leftSync(deadline: number): boolean {
    return this.haveLeft() ||
      this.#waiters.waitSync(this.#attempt, deadline, this) !== PENDING;
  }

  /** Waits until no thread reads; false when the deadline passed. */
  async left(deadline: number, signal?: AbortSignal): Promise<boolean> {
    if (this.haveLeft()) return true;
    const options = { deadline, signal, witness: this };
    return await this.#waiters.wait(this.#attempt, options) !== PENDING;
  }

  enter(waiter: number, blocksForever: boolean): void {
    enterLockWait(this, waiter, blocksForever);
  }

  leave(waiter: number): void {
    leaveLockWait(this, waiter);
  }
}
