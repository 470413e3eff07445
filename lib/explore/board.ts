// Copyright 2026 the lab9 authors. MIT license.

/**
 * What the threads of an explored scenario and the explorer share: whose turn it
 * is, who waits for what, and which decisions were made.
 *
 * Protocol. Of all threads one has the turn; the others sleep on their `GO` word.
 * The thread that has the turn makes a decision before each of its steps, when it
 * begins to wait, and when it ends: it picks who goes on, notes that in the log,
 * and hands the turn over. So no word here is ever written by two threads at
 * once. The explorer sleeps on a `GO` word of its own, and has the turn when no
 * thread is left.
 *
 * A decision picks one of the threads that can go on, or lets the earliest timeout
 * pass. As long as the log is shorter than the plan, the plan says which; then the
 * strategy does.
 *
 * A schedule that fails is unwound: each thread that is left gets the turn once
 * more, and its next wait throws {@linkcode Unwound}. The steps of an unwinding
 * thread are no decisions.
 *
 * This module imports nothing: it runs before anything else in a worker.
 *
 * @module
 */

/** The platform's, before they are replaced. */
export const real: Readonly<typeof Atomics> = Object.freeze(
  Object.fromEntries(
    Object.getOwnPropertyNames(Atomics).map((name) => [
      name,
      Reflect.get(Atomics, name),
    ]),
  ),
) as unknown as typeof Atomics;

/** How many threads a scenario may have. */
export const MOST_THREADS = 8;
/** How many steps a schedule may have. */
export const MOST_STEPS = 1 << 16;
const MOST_WAITS = 256;
/** How many changes of priority a schedule may have. */
export const MOST_CHANGES = 16;

/** How a schedule went. */
export const Outcome = {
  NONE: 0,
  /** All threads have ended. */
  ENDED: 1,
  /** All threads that are left wait, and nothing wakes them. */
  STUCK: 2,
  /** It has more steps than it may have. */
  ENDLESS: 3,
  /** It didn't go as planned: the scenario depends on more than the schedule. */
  ASTRAY: 4,
} as const;
export type Outcome = (typeof Outcome)[keyof typeof Outcome];

/** Who goes on where the plan doesn't say. */
export const Pick = {
  /** The same thread as long as it can; then the first. */
  FIRST: 0,
  /** Any, with the same chance. */
  RANDOM: 1,
  /** The one with the highest priority. */
  PRIORITY: 2,
} as const;
export type Pick = (typeof Pick)[keyof typeof Pick];

/** What a step does to memory. */
export const Access = { NONE: 0, READ: 1, WRITE: 2 } as const;
export type Access = (typeof Access)[keyof typeof Access];

/** Set in a decision that lets a timeout pass: the thread's bit is above. */
export const TIMEOUT = MOST_THREADS;

const MODE = 0;
const OUTCOME = 1;
const THREADS = 2;
const DECISIONS = 3;
const LIMIT = 4;
const PLANNED = 5;
const IS_LOOSE = 6;
const PICK = 7;
const RANDOM = 8;
const LOWEST = 9;
const ORDER = 10;
const WAITS = 11;
const CHANGES = 12;
const WAITING = 13;
const CHANGE_AT = 16;
const GO = CHANGE_AT + MOST_CHANGES;
const ROWS = GO + MOST_THREADS + 1;
const ROW = 8;
// Words of a thread's row.
const STATE = 0;
const YIELDED = 1;
const PRIORITY = 2;
const MEMORY = 3;
const PLACE = 4;
const ACCESS = 5;
// Words of a wait.
const WAITS_AT = ROWS + MOST_THREADS * ROW;
const WAIT = 6;
const STATUS = 0;
const WAITER = 1;
const WAIT_MEMORY = 2;
const WAIT_PLACE = 3;
const WAIT_ORDER = 4;
// Words of a decision.
const LOG = WAITS_AT + MOST_WAITS * WAIT;
const ENTRY = 4;
const PLAN = LOG + MOST_STEPS * ENTRY;
const WORDS = (PLAN + MOST_STEPS + 1) & ~1;
// Doubles, behind the words.
const TIME = 0;
const DEADLINES = 1;
const DOUBLES = DEADLINES + MOST_WAITS;

const Mode = { OFF: 0, RUNS: 1, UNWINDS: 2 } as const;
const State = { FREE: 0, READY: 1, WAITS: 2, ENDED: 3 } as const;
const Status = { FREE: 0, WAITS: 1, WOKEN: 2, PASSED: 3 } as const;

/** The explorer's `GO` word. */
const EXPLORER = MOST_THREADS;
/** How often a thread looks whether it has the turn before it sleeps. */
const LOOKS = 300;
/** How far a step moves the clock, in milliseconds. */
const STEP_MS = 0.001;
/** One decision in so many lets a timeout pass although threads can go on. */
const TIMEOUT_ODDS = 16;
/** An unwinding thread that makes so many steps is in a loop: one throws. */
const LAST_STEPS = 5000;

/** What the waits of a thread throw once its schedule has failed. */
export class Unwound extends Error {
  override name = "Unwound";
}

/** A decision, as the log has it. */
export interface Decision {
  /** A bit for each thread that could go on; the upper ones are timeouts. */
  options: number;
  /** The number of the bit that was picked. */
  choice: number;
  /** What the thread that goes on does first. */
  memory: number;
  place: number;
  access: Access;
}

/** What a schedule is to be. */
export interface Orders {
  /** The choices to begin with. */
  plan: readonly number[];
  /** Whether what the plan picks may be impossible. */
  isLoose: boolean;
  pick: Pick;
  seed: number;
  maxSteps: number;
  /** Decisions at which the running thread's priority becomes the lowest. */
  changes: readonly number[];
  /** Of each thread, for {@linkcode Pick.PRIORITY}. */
  priorities: readonly number[];
}

/** The board, as one of the threads or the explorer sees it. */
export class Board {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #doubles: Float64Array<SharedArrayBuffer>;
  readonly #me: number;
  /** How many steps the thread has made while it unwinds. */
  #lastSteps = 0;
  #hasThrown = false;

  constructor(buffer?: SharedArrayBuffer, me: number = EXPLORER) {
    this.buffer = buffer ?? new SharedArrayBuffer(WORDS * 4 + DOUBLES * 8);
    this.#words = new Int32Array(this.buffer, 0, WORDS);
    this.#doubles = new Float64Array(this.buffer, WORDS * 4);
    this.#me = me;
  }

  /** The time on the schedule's clock, in milliseconds. */
  get time(): number {
    return this.#doubles[TIME];
  }

  get outcome(): Outcome {
    return this.#words[OUTCOME] as Outcome;
  }

  /** How many decisions were made. */
  get decisions(): number {
    return this.#words[DECISIONS];
  }

  decision(index: number): Decision {
    const at = LOG + index * ENTRY;
    const words = this.#words;
    return {
      choice: words[at] & 0xff,
      access: (words[at] >> 8) as Access,
      options: words[at + 1],
      memory: words[at + 2],
      place: words[at + 3],
    };
  }

  /** Whether the thread waited when the schedule failed. */
  wasWaiting(thread: number): boolean {
    return (this.#words[WAITING] & (1 << thread)) !== 0;
  }

  // The explorer's.

  /** Lays out a schedule for so many threads, none of which runs yet. */
  lay(threads: number, orders: Orders): void {
    const words = this.#words;
    words[MODE] = Mode.RUNS;
    words[OUTCOME] = Outcome.NONE;
    words[THREADS] = threads;
    words[DECISIONS] = words[ORDER] = words[WAITS] = 0;
    words[LIMIT] = Math.min(orders.maxSteps, MOST_STEPS);
    words[PLANNED] = Math.min(orders.plan.length, MOST_STEPS);
    words[IS_LOOSE] = orders.isLoose ? 1 : 0;
    words[PICK] = orders.pick;
    words[RANDOM] = orders.seed | 1;
    words[LOWEST] = 0;
    words[CHANGES] = Math.min(orders.changes.length, MOST_CHANGES);
    for (let i = 0; i < words[CHANGES]; i++) {
      words[CHANGE_AT + i] = orders.changes[i];
    }
    for (let i = 0; i < words[PLANNED]; i++) words[PLAN + i] = orders.plan[i];
    for (let thread = 0; thread < threads; thread++) {
      const row = this.#row(thread);
      words.fill(0, row, row + ROW);
      words[row + STATE] = State.READY;
      words[row + PRIORITY] = orders.priorities[thread] ?? 0;
      real.store(words, GO + thread, 0);
    }
    real.store(words, GO + EXPLORER, 0);
    this.#doubles[TIME] = 0;
  }

  /** Gives the turn to a thread for the first time. */
  begin(): void {
    this.#handOver(this.#decide(EXPLORER));
  }

  /** Blocks until no thread has the turn; false if that takes longer. */
  over(ms: number): boolean {
    const words = this.#words;
    const end = Date.now() + ms;
    while (real.load(words, GO + EXPLORER) === 0) {
      if (Date.now() >= end) return false;
      real.wait(words, GO + EXPLORER, 0, ms);
    }
    return true;
  }

  // A thread's.

  /** Sleeps until the thread has the turn for the first time. */
  join(): void {
    this.#lastSteps = 0;
    this.#hasThrown = false;
    this.#sleep();
  }

  /**
   * Lets the others go first, perhaps; call it right before the step.
   *
   * @param yields Whether the step is worth nothing unless another goes first.
   * @returns The number of the step's decision; -1 if there is none.
   */
  step(
    access: Access,
    memory: number,
    place: number,
    yields: boolean,
  ): number {
    const words = this.#words;
    if (words[MODE] !== Mode.RUNS) return this.#stepUnwinding(memory);
    const row = this.#row(this.#me);
    words[row + MEMORY] = memory;
    words[row + PLACE] = place;
    words[row + ACCESS] = access;
    if (yields) words[row + YIELDED] = 1;
    const next = this.#decide(this.#me);
    if (next !== this.#me) {
      this.#handOver(next);
      this.#sleep();
    }
    if (words[MODE] !== Mode.RUNS) return this.#stepUnwinding(memory);
    return words[DECISIONS] - 1;
  }

  /** The thread's step has changed something: those that yield look again. */
  change(): void {
    const words = this.#words;
    for (let thread = 0; thread < words[THREADS]; thread++) {
      words[this.#row(thread) + YIELDED] = 0;
    }
  }

  /**
   * Notes that the thread waits at a place from now on, or for a time only, and
   * goes on meanwhile.
   *
   * @returns The wait's number.
   */
  enter(memory: number, place: number, deadline: number): number {
    const words = this.#words;
    for (let wait = 0; wait < MOST_WAITS; wait++) {
      const at = this.#wait(wait);
      if (wait < words[WAITS] && words[at + STATUS] !== Status.FREE) continue;
      if (wait === words[WAITS]) words[WAITS]++;
      words[at + STATUS] = Status.WAITS;
      words[at + WAITER] = this.#me;
      words[at + WAIT_MEMORY] = memory;
      words[at + WAIT_PLACE] = place;
      words[at + WAIT_ORDER] = ++words[ORDER];
      this.#doubles[DEADLINES + wait] = deadline;
      return wait;
    }
    throw new RangeError(`A schedule may have ${MOST_WAITS} waits at a time`);
  }

  /** Whether a wait is over. */
  isOver(wait: number): boolean {
    return this.#words[this.#wait(wait) + STATUS] > Status.WAITS;
  }

  /** Ends a wait; whether it was woken. */
  leave(wait: number): boolean {
    const words = this.#words;
    const at = this.#wait(wait) + STATUS;
    const isWoken = words[at] === Status.WOKEN;
    words[at] = Status.FREE;
    while (
      words[WAITS] > 0 &&
      words[this.#wait(words[WAITS] - 1) + STATUS] === Status.FREE
    ) words[WAITS]--;
    return isWoken;
  }

  /** Blocks until one of the thread's waits is over. */
  block(): void {
    const words = this.#words;
    const row = this.#row(this.#me);
    if (words[MODE] !== Mode.RUNS) throw this.#unwound();
    words[row + STATE] = State.WAITS;
    words[row + ACCESS] = Access.NONE;
    this.#handOver(this.#decide(this.#me));
    this.#sleep();
    if (words[MODE] !== Mode.RUNS) throw this.#unwound();
  }

  /** Wakes those who have waited longest at a place; how many. */
  notify(memory: number, place: number, most: number): number {
    const words = this.#words;
    let count = 0;
    for (; count < most; count++) {
      let first = -1;
      for (let wait = 0; wait < words[WAITS]; wait++) {
        const at = this.#wait(wait);
        if (
          words[at + STATUS] === Status.WAITS &&
          words[at + WAIT_MEMORY] === memory &&
          words[at + WAIT_PLACE] === place &&
          (first < 0 ||
            words[at + WAIT_ORDER] < words[this.#wait(first) + WAIT_ORDER])
        ) first = wait;
      }
      if (first < 0) break;
      this.#finish(first, Status.WOKEN);
    }
    return count;
  }

  /** The thread has ended: another has the turn. */
  end(): void {
    const words = this.#words;
    words[this.#row(this.#me) + STATE] = State.ENDED;
    for (let wait = words[WAITS] - 1; wait >= 0; wait--) {
      const at = this.#wait(wait);
      if (words[at + WAITER] === this.#me) this.leave(wait);
    }
    this.#handOver(
      words[MODE] === Mode.RUNS ? this.#decide(this.#me) : this.#nextToUnwind(),
    );
  }

  /** Whether the schedule has failed and its threads are to unwind. */
  get isUnwinding(): boolean {
    return this.#words[MODE] !== Mode.RUNS;
  }

  /** An unwinding thread has to wait for another's few instructions. */
  makeWay(): void {
    const words = this.#words;
    if (++this.#lastSteps > LAST_STEPS) throw new Unwound();
    for (let i = 1; i < words[THREADS]; i++) {
      const thread = (this.#me + i) % words[THREADS];
      if (words[this.#row(thread) + STATE] === State.ENDED) continue;
      this.#handOver(thread);
      this.#sleep();
      return;
    }
  }

  /** Steps on the memory of the library's tables go on: they end soon. */
  #stepUnwinding(memory: number): number {
    const isLoop = ++this.#lastSteps > LAST_STEPS;
    if (memory !== 0 && (!this.#hasThrown || isLoop)) {
      throw this.#unwound();
    }
    return -1;
  }

  /** What has been thrown once lets the thread release what it holds. */
  #unwound(): Unwound {
    this.#hasThrown = true;
    return new Unwound();
  }

  #row(thread: number): number {
    return ROWS + thread * ROW;
  }

  #wait(wait: number): number {
    return WAITS_AT + wait * WAIT;
  }

  #sleep(): void {
    const words = this.#words;
    const at = GO + this.#me;
    for (let look = 0; real.load(words, at) === 0; look++) {
      if (look < LOOKS) real.pause();
      else real.wait(words, at, 0);
    }
    real.store(words, at, 0);
  }

  #handOver(to: number): void {
    real.store(this.#words, GO + to, 1);
    real.notify(this.#words, GO + to);
  }

  #finish(wait: number, status: number): void {
    const words = this.#words;
    const at = this.#wait(wait);
    words[at + STATUS] = status;
    const row = this.#row(words[at + WAITER]);
    words[row + YIELDED] = 0;
    if (words[row + STATE] === State.WAITS) words[row + STATE] = State.READY;
  }

  /** Picks who goes on. */
  #decide(current: number): number {
    const words = this.#words;
    const timer = this.#earliest();
    const threads = this.#ready(current);
    let options = threads;
    if (timer >= 0) {
      options |= 1 << (TIMEOUT + words[this.#wait(timer) + WAITER]);
    }
    if (options === 0) return this.#finishSchedule();
    const index = words[DECISIONS];
    if (index >= words[LIMIT]) return this.#fail(Outcome.ENDLESS);
    let choice = index < words[PLANNED] ? words[PLAN + index] : -1;
    if (choice >= 0 && (options & (1 << choice)) === 0) {
      if (words[IS_LOOSE] === 0) return this.#fail(Outcome.ASTRAY);
      choice = -1;
    }
    if (choice < 0) choice = this.#pick(current, threads, options, index);
    words[DECISIONS] = index + 1;
    this.#doubles[TIME] += STEP_MS;
    const thread = choice % TIMEOUT;
    const row = this.#row(thread);
    if (choice >= TIMEOUT) {
      const deadline = this.#doubles[DEADLINES + timer];
      this.#doubles[TIME] = Math.max(this.#doubles[TIME], deadline);
      this.#finish(timer, Status.PASSED);
    }
    const entry = LOG + index * ENTRY;
    words[entry] = choice | words[row + ACCESS] << 8;
    words[entry + 1] = options;
    words[entry + 2] = words[row + MEMORY];
    words[entry + 3] = words[row + PLACE];
    return thread;
  }

  /**
   * The threads that can go on. One that yields has seen all there is, and waits
   * for something to change: it can't as long as others can. Where all yield, the
   * one that has the turn goes on, until it sleeps.
   */
  #ready(current: number): number {
    const words = this.#words;
    let all = 0;
    let eager = 0;
    for (let thread = 0; thread < words[THREADS]; thread++) {
      const row = this.#row(thread);
      if (words[row + STATE] !== State.READY) continue;
      all |= 1 << thread;
      if (words[row + YIELDED] === 0) eager |= 1 << thread;
    }
    if (eager !== 0) return eager;
    return (all & (1 << current)) !== 0 ? 1 << current : all;
  }

  /** The wait whose time passes first; -1 if none does. */
  #earliest(): number {
    const words = this.#words;
    let earliest = -1;
    for (let wait = 0; wait < words[WAITS]; wait++) {
      const at = this.#wait(wait);
      const deadline = this.#doubles[DEADLINES + wait];
      if (words[at + STATUS] !== Status.WAITS || deadline === Infinity) {
        continue;
      }
      // Only of a thread that does nothing else: others look at their timers later.
      if (words[this.#row(words[at + WAITER]) + STATE] !== State.WAITS) {
        continue;
      }
      if (earliest < 0 || deadline < this.#doubles[DEADLINES + earliest]) {
        earliest = wait;
      }
    }
    return earliest;
  }

  #pick(
    current: number,
    threads: number,
    options: number,
    index: number,
  ): number {
    const words = this.#words;
    const timeout = options & ~threads;
    if (threads === 0) return lowest(timeout);
    const canStay = current < MOST_THREADS && (threads & (1 << current)) !== 0;
    const pick = words[PICK];
    if (pick === Pick.FIRST) return canStay ? current : lowest(threads);
    if (timeout !== 0 && this.#random(TIMEOUT_ODDS) === 0) {
      return lowest(timeout);
    }
    if (pick === Pick.RANDOM) {
      let left = this.#random(countBits(threads));
      for (let thread = 0;; thread++) {
        if ((threads & (1 << thread)) !== 0 && left-- === 0) return thread;
      }
    }
    if (canStay && this.#isChange(index)) {
      words[this.#row(current) + PRIORITY] = --words[LOWEST];
    }
    let best = -1;
    for (let thread = 0; thread < words[THREADS]; thread++) {
      if ((threads & (1 << thread)) === 0) continue;
      const priority = words[this.#row(thread) + PRIORITY];
      if (best < 0 || priority > words[this.#row(best) + PRIORITY]) {
        best = thread;
      }
    }
    return best;
  }

  #isChange(index: number): boolean {
    for (let i = 0; i < this.#words[CHANGES]; i++) {
      if (this.#words[CHANGE_AT + i] === index) return true;
    }
    return false;
  }

  /** A number below the limit, by xorshift. */
  #random(limit: number): number {
    let state = this.#words[RANDOM];
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#words[RANDOM] = state;
    return (state >>> 0) % limit;
  }

  /** Nobody can go on: all have ended, or wait for ever. */
  #finishSchedule(): number {
    const words = this.#words;
    for (let thread = 0; thread < words[THREADS]; thread++) {
      if (words[this.#row(thread) + STATE] !== State.ENDED) {
        return this.#fail(Outcome.STUCK);
      }
    }
    words[OUTCOME] = Outcome.ENDED;
    words[MODE] = Mode.OFF;
    return EXPLORER;
  }

  #fail(outcome: Outcome): number {
    const words = this.#words;
    words[OUTCOME] = outcome;
    words[MODE] = Mode.UNWINDS;
    words[WAITING] = 0;
    for (let thread = 0; thread < words[THREADS]; thread++) {
      const isWaiting = words[this.#row(thread) + STATE] === State.WAITS;
      if (isWaiting) words[WAITING] |= 1 << thread;
    }
    return this.#nextToUnwind();
  }

  #nextToUnwind(): number {
    const words = this.#words;
    for (let thread = 0; thread < words[THREADS]; thread++) {
      if (words[this.#row(thread) + STATE] !== State.ENDED) return thread;
    }
    words[MODE] = Mode.OFF;
    return EXPLORER;
  }
}

/** The number of the lowest bit that is set. */
function lowest(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}

function countBits(bits: number): number {
  let count = 0;
  for (let left = bits; left !== 0; left &= left - 1) count++;
  return count;
}
