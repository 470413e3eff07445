// Copyright 2026 the lab9 authors. MIT license.

/**
 * The board, which the threads of a scenario and the explorer share: which thread has the
 * turn, what each thread waits for, and which decisions were made.
 *
 * Protocol. One of the threads has the turn. The others sleep on their `GO` words. The
 * thread that has the turn makes a decision before each of its steps, when it begins to
 * wait, and when it ends: it picks the thread that goes on, writes that into the log, and
 * hands over the turn. So no two threads ever write a word here at the same time. The
 * explorer sleeps on a `GO` word of its own. It has the turn when no thread is left.
 *
 * A decision picks one of the threads that can go on, or lets the earliest timeout pass. As
 * long as the log is shorter than the plan, the plan decides. After that the strategy does.
 *
 * A schedule that has failed is unwound: each thread that is left gets the turn once more,
 * and its next wait throws {@linkcode Unwound}. The steps of such a thread are no
 * decisions. If all threads that are left wait, the explorer has the turn before, so that it
 * can look at what they wait for.
 *
 * The explorer also answers in place of the main thread. A thread that asks it for something
 * gives it the turn, and gets the turn back with the answer. So a thread may be started in
 * the middle of a schedule. From then on the board has one row more.
 *
 * This module imports nothing, because it runs before any other module in a worker.
 *
 * @module
 */

/** The platform's `Atomics`, before its functions are replaced. */
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
const MOST_CHANGES = 16;

/** How a schedule went. */
export const Outcome = {
  NONE: 0,
  /** All threads have ended. */
  ENDED: 1,
  /** All threads that are left wait, and nothing wakes them. */
  STUCK: 2,
  /** It has more steps than it may have. */
  ENDLESS: 3,
  /** It was not as planned, because the scenario depends on more than the schedule. */
  ASTRAY: 4,
  /** It has started a thread for which there is no worker yet. */
  CROWDED: 5,
} as const;
export type Outcome = (typeof Outcome)[keyof typeof Outcome];

/** How the thread that goes on is picked, after the plan. */
export const Pick = {
  /** The same thread as long as it can go on; then the first one. */
  FIRST: 0,
  /** Any thread, with the same probability. */
  RANDOM: 1,
  /** The thread with the highest priority. */
  PRIORITY: 2,
} as const;
export type Pick = (typeof Pick)[keyof typeof Pick];

/** What a step does to memory. */
export const Access = { NONE: 0, READ: 1, WRITE: 2 } as const;
export type Access = (typeof Access)[keyof typeof Access];

/** The numbers of the library's own memory. */
export const WAITER_TABLE = 0;
export const THREAD_TABLE = 1;
/** The number of the first memory in the threads' arguments. */
export const FIRST_MEMORY = 2;

/** The memory number of requests to the explorer. */
export const LINE = -2;
/** The memory number of letters to threads. The place is the thread's number. */
const INBOX = -3;

/** The first bit, and the first choice, of timeouts that pass. The threads' come before. */
export const TIMEOUT = MOST_THREADS;
/** The first bit of threads that could go on but yield. */
export const YIELDS = 2 * MOST_THREADS;

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
/** The bit of a thread that is picked only if no other can go on, or 0. */
const LAST = 15;
/** The number of decisions at which several threads could go on. */
const FORKS = 14;
const CHANGE_AT = 16;
/** The number of the thread that asks the explorer for something, plus one. */
const ASKER = CHANGE_AT + MOST_CHANGES;
const GO = ASKER + 1;
const ROWS = GO + MOST_THREADS + 1;
const ROW = 10;
// Words of a thread's row.
const STATE = 0;
const YIELDED = 1;
const PRIORITY = 2;
const MEMORY = 3;
const PLACE = 4;
const ACCESS = 5;
/** How many times more the thread goes on where it would yield. */
const INSISTS = 6;
/** A hash of all that the thread has done and seen. */
const HISTORY = 7;
/** 1 if the thread has letters that it hasn't read. */
const MAIL = 8;
/** 1 if the thread has sent its report to the explorer. */
const REPORTED = 9;
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
const ENTRY = 5;
const PLAN = LOG + MOST_STEPS * ENTRY;
const WORDS = (PLAN + MOST_STEPS + 1) & ~1;
// Doubles, behind the words.
const TIME = 0;
const DEADLINES = 1;
const DOUBLES = DEADLINES + MOST_WAITS;

const ALL_TIMEOUTS = ((1 << MOST_THREADS) - 1) << TIMEOUT;

const Mode = { OFF: 0, RUNS: 1, UNWINDS: 2 } as const;
const State = { FREE: 0, READY: 1, WAITS: 2, ENDED: 3 } as const;
const Status = { FREE: 0, WAITS: 1, WOKEN: 2, PASSED: 3 } as const;

/** The explorer's `GO` word. */
const EXPLORER = MOST_THREADS;
/** How often a thread looks for its turn before it sleeps. */
const LOOKS = 300;
/** How far a step moves the clock, in milliseconds. */
const STEP_MS = 0.001;
/** One decision in so many lets a timeout pass although threads can go on. */
const TIMEOUT_ODDS = 8;
/** At one decision in so many, a thread that yields insists. */
const INSISTENCE_ODDS = 4;
/** How many steps a look of a thread that spins may have. */
const LONGEST_LOOK = 8;
/** A larger number may be a thread's id, and not a count. */
const LARGEST_COUNT = 1 << 16;
/** How many looks a thread that insists may have: as many as the longest spin. */
const MOST_INSISTENCE = 128;
/** An unwinding thread that makes more steps is in a loop: the next one throws. */
const LAST_STEPS = 5000;

/** The error that the waits of a thread throw when its schedule has failed. */
export class Unwound extends Error {
  override name = "Unwound";
}

/** The error that `close()` throws in a thread of a schedule. Only that thread ends. */
export class Closed extends Error {
  override name = "Closed";
}

/** A decision, as it stands in the log. */
export interface Decision {
  /**
   * The options as bits: the threads that could go on, then the timeouts that could pass,
   * and then the threads that yield.
   */
  options: number;
  /** The number of the bit that was picked. */
  choice: number;
  /** The first operation of the thread that goes on. */
  memory: number;
  place: number;
  access: Access;
  /** A hash of all that the threads had done and seen until then. */
  state: number;
}

/** The orders for a schedule. */
export interface Orders {
  /** The choices that it begins with. */
  plan: readonly number[];
  /** Whether the plan may have choices that are impossible. */
  isLoose: boolean;
  pick: Pick;
  /** Whether the last thread is picked only if no other can go on. */
  hasLast: boolean;
  seed: number;
  maxSteps: number;
  /** The forks at which the running thread's priority becomes the lowest. */
  changes: readonly number[];
  /** The priorities of the threads, for {@linkcode Pick.PRIORITY}. */
  priorities: readonly number[];
}

/** The board, for one of the threads or for the explorer. */
export class Board {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #doubles: Float64Array<SharedArrayBuffer>;
  readonly #me: number;
  /** How many steps the thread has made while it unwinds. */
  #lastSteps = 0;
  #hasThrown = false;
  /** The steps of this look, and behind them the other steps of the last one. */
  readonly #look = new Int32Array(LONGEST_LOOK);
  /** How many steps this look has had. */
  #looked = 0;

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

  /** The number of decisions at which several threads could go on. */
  get forks(): number {
    return this.#words[FORKS];
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
      state: words[at + 4],
    };
  }

  /** Whether the thread waited when the schedule failed. */
  wasWaiting(thread: number): boolean {
    return (this.#words[WAITING] & (1 << thread)) !== 0;
  }

  // For the explorer.

  /** Prepares the board for a schedule of so many threads, none of which runs yet. */
  lay(threads: number, orders: Orders): void {
    const words = this.#words;
    words[MODE] = Mode.RUNS;
    words[OUTCOME] = Outcome.NONE;
    words[THREADS] = threads;
    words[DECISIONS] =
      words[ORDER] =
      words[WAITS] =
      words[FORKS] =
        0;
    words[LIMIT] = Math.min(orders.maxSteps, MOST_STEPS);
    words[PLANNED] = Math.min(orders.plan.length, MOST_STEPS);
    words[IS_LOOSE] = orders.isLoose ? 1 : 0;
    words[PICK] = orders.pick;
    words[RANDOM] = orders.seed | 1;
    words[LOWEST] = 0;
    words[LAST] = orders.hasLast ? 1 << (threads - 1) : 0;
    words[CHANGES] = Math.min(orders.changes.length, MOST_CHANGES);
    for (let i = 0; i < words[CHANGES]; i++) {
      words[CHANGE_AT + i] = orders.changes[i];
    }
    for (let i = 0; i < words[PLANNED]; i++) words[PLAN + i] = orders.plan[i];
    words[ASKER] = 0;
    for (let thread = 0; thread < MOST_THREADS; thread++) {
      this.#layRow(thread, orders.priorities[thread] ?? 0);
      real.store(words, GO + thread, 0);
    }
    real.store(words, GO + EXPLORER, 0);
    this.#doubles[TIME] = 0;
  }

  #layRow(thread: number, priority: number): void {
    const words = this.#words;
    const row = this.#row(thread);
    words.fill(0, row, row + ROW);
    words[row + STATE] = State.READY;
    words[row + PRIORITY] = priority;
  }

  /** The thread that asks the explorer for something; -1 if none does. */
  get asker(): number {
    return this.#words[ASKER] - 1;
  }

  /** Gives the turn back to the thread that has asked. */
  answer(): void {
    const { asker } = this;
    this.#words[ASKER] = 0;
    real.store(this.#words, GO + EXPLORER, 0);
    this.#handOver(asker);
  }

  /** How many threads there are. */
  get threads(): number {
    return this.#words[THREADS];
  }

  /** Adds a thread, which the asking thread has started. */
  start(): void {
    const words = this.#words;
    const thread = words[THREADS]++;
    this.#layRow(thread, this.#random(thread) + 1);
    this.change();
  }

  /** Fails the schedule, because there is no worker for a thread that is started. */
  crowd(): void {
    this.#fail(Outcome.CROWDED);
  }

  /** Notes that a thread has a letter, and wakes it. */
  sendMail(thread: number): void {
    this.#words[this.#row(thread) + MAIL] = 1;
    this.notify(INBOX, thread, 1);
  }

  /** Whether a thread has sent a report, which may not have arrived. */
  hasReported(thread: number): boolean {
    return this.#words[this.#row(thread) + REPORTED] !== 0;
  }

  /** Gives the turn to a thread for the first time. */
  begin(): void {
    this.#handOver(this.#decide(EXPLORER));
  }

  /** Unwinds the threads that are left, all of which wait. */
  unwind(): void {
    real.store(this.#words, GO + EXPLORER, 0);
    this.#handOver(this.#nextToUnwind());
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

  // For a thread.

  /** The thread's number. */
  get me(): number {
    return this.#me;
  }

  /** Gives the explorer the turn, until it has answered the thread's request. */
  ask(): void {
    const words = this.#words;
    if (words[MODE] !== Mode.RUNS) throw this.#unwound();
    words[ASKER] = this.#me + 1;
    this.#handOver(EXPLORER);
    this.#sleep();
    if (words[MODE] !== Mode.RUNS) throw this.#unwound();
  }

  /** Notes that the thread sends a report. */
  noteReport(): void {
    this.#words[this.#row(this.#me) + REPORTED] = 1;
  }

  /** Begins a wait for letters. It returns the wait's number. */
  enterInbox(): number {
    return this.enter(INBOX, this.#me, Infinity);
  }

  /** Whether the thread has got letters since the last call. */
  takesMail(): boolean {
    const at = this.#row(this.#me) + MAIL;
    const hasMail = this.#words[at] !== 0;
    this.#words[at] = 0;
    return hasMail;
  }

  /** Sleeps until the thread has the turn for the first time. */
  join(): void {
    this.#lastSteps = 0;
    this.#hasThrown = false;
    this.#look.fill(0);
    this.#looked = 0;
    this.#sleep();
  }

  /**
   * Makes a decision before a step of the thread, so that other threads may go first.
   *
   * @param yields Whether the step has no effect unless another thread has changed
   * something.
   * @returns The number of the decision; -1 if there was none.
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
    const isAsBefore = this.#isAsBefore(mix(place) ^ memory ^ access, yields);
    if (words[row + INSISTS] > 0 && this.#goesOn(row, yields, isAsBefore)) {
      return -1;
    }
    if (yields) words[row + YIELDED] = ++words[ORDER];
    const next = this.#decide(this.#me);
    if (next !== this.#me) {
      this.#handOver(next);
      this.#sleep();
    }
    if (words[MODE] !== Mode.RUNS) return this.#stepUnwinding(memory);
    return words[DECISIONS] - 1;
  }

  /**
   * Notes what the thread has seen at its step. Ids of threads, and counts in the library's
   * tables, differ from schedule to schedule, so they are ignored.
   */
  see(memory: number, place: number, value: number): void {
    const isSame = !isTable(memory) && Math.abs(value) <= LARGEST_COUNT;
    if (!isSame) value = 0;
    const history = this.#row(this.#me) + HISTORY;
    this.#words[history] = mix(mix(this.#words[history] ^ place) ^ value);
  }

  /** Notes that the thread's step has changed something. Threads that yield look again. */
  change(): void {
    const words = this.#words;
    for (let thread = 0; thread < words[THREADS]; thread++) {
      words[this.#row(thread) + YIELDED] = 0;
    }
  }

  /**
   * Begins a wait at a place, or for a time. The thread goes on until it blocks.
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

  /** Ends a wait. It returns whether the wait was woken. */
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
    words[row + INSISTS] = 0;
    this.#handOver(this.#decide(this.#me));
    this.#sleep();
    if (words[MODE] !== Mode.RUNS) throw this.#unwound();
  }

  /** Wakes the waits that are the oldest at a place. It returns how many. */
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

  /** Ends the thread, and hands over the turn. */
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

  /** Lets another thread go on, for which an unwinding thread has to wait. */
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

  /** A step while the thread unwinds. Only steps on the library's tables don't throw. */
  #stepUnwinding(memory: number): number {
    const isLoop = ++this.#lastSteps > LAST_STEPS;
    if (isLoop || !isTable(memory) && !this.#hasThrown) {
      throw this.#unwound();
    }
    return -1;
  }

  /** The error to throw. From then on, the thread may make steps to release its locks. */
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

  /** Makes a decision. It returns the thread that goes on. */
  #decide(current: number): number {
    const words = this.#words;
    const timer = this.#earliest();
    const threads = this.#ready();
    let options = threads;
    if (timer >= 0) {
      options |= 1 << (TIMEOUT + words[this.#wait(timer) + WAITER]);
    }
    if (this.#canInsist(current, threads)) {
      options |= 1 << current | 1 << (YIELDS + current);
    }
    if (options === 0) return this.#finishSchedule();
    const index = words[DECISIONS];
    if (index >= words[LIMIT]) return this.#fail(Outcome.ENDLESS);
    let choice = index < words[PLANNED] ? words[PLAN + index] : -1;
    if (choice >= 0 && (options & (1 << choice)) === 0) {
      if (words[IS_LOOSE] === 0) return this.#fail(Outcome.ASTRAY);
      choice = -1;
    }
    if (choice < 0) choice = this.#pick(current, threads, options);
    words[DECISIONS] = index + 1;
    if ((threads & (threads - 1)) !== 0) words[FORKS]++;
    this.#doubles[TIME] += STEP_MS;
    const thread = choice % TIMEOUT;
    const row = this.#row(thread);
    if ((options & 1 << (YIELDS + choice)) !== 0 && choice < TIMEOUT) {
      this.#insist(thread);
    }
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
    words[entry + 4] = this.#state();
    return thread;
  }

  /**
   * The threads that can go on. A thread that yields waits for another to change something.
   * So it goes on only if no other thread can, or if it insists. If all threads yield, the
   * one that was the first to yield insists.
   */
  #ready(): number {
    const words = this.#words;
    let eager = 0;
    let first = -1;
    for (let thread = 0; thread < words[THREADS]; thread++) {
      const row = this.#row(thread);
      if (words[row + STATE] !== State.READY) continue;
      if (words[row + YIELDED] === 0) eager |= 1 << thread;
      else if (
        first < 0 ||
        words[row + YIELDED] < words[this.#row(first) + YIELDED]
      ) first = thread;
    }
    if (eager !== 0 || first < 0) return eager;
    this.#insist(first);
    return 1 << first;
  }

  /** Whether the thread has made the same step at its last look. */
  #isAsBefore(step: number, yields: boolean): boolean {
    const at = this.#looked++;
    const isAsBefore = this.#look[at] === step;
    this.#look[at] = step;
    if (yields) this.#looked = 0;
    return isAsBefore;
  }

  /** Whether a thread that insists still does: it repeats its last look. */
  #goesOn(row: number, yields: boolean, isAsBefore: boolean): boolean {
    const words = this.#words;
    this.#doubles[TIME] += STEP_MS;
    if (yields) words[row + INSISTS]--;
    if (!isAsBefore) words[row + INSISTS] = 0;
    return words[row + INSISTS] > 0;
  }

  #insist(thread: number): void {
    const row = this.#row(thread);
    this.#words[row + YIELDED] = 0;
    this.#words[row + INSISTS] = MOST_INSISTENCE;
  }

  /**
   * Whether the thread that has the turn, and yields, may insist. That stands for a spin
   * that takes so long that the thread gives it up, and sleeps. The thread goes on alone as
   * long as it repeats its last look. All of that is one step.
   */
  #canInsist(current: number, threads: number): boolean {
    if (current >= MOST_THREADS || (threads & (1 << current)) !== 0) {
      return false;
    }
    const words = this.#words;
    const row = this.#row(current);
    return threads !== 0 && words[row + STATE] === State.READY &&
      words[row + YIELDED] !== 0;
  }

  /** A hash of all that the threads have done and seen. */
  #state(): number {
    const words = this.#words;
    let state = 0;
    for (let thread = 0; thread < words[THREADS]; thread++) {
      state += mix(words[this.#row(thread) + HISTORY] + thread * 0x9e3779b9);
    }
    return state | 0;
  }

  /** The wait with the earliest deadline; -1 if there is none. */
  #earliest(): number {
    const words = this.#words;
    let earliest = -1;
    for (let wait = 0; wait < words[WAITS]; wait++) {
      const at = this.#wait(wait);
      const deadline = this.#doubles[DEADLINES + wait];
      if (words[at + STATUS] !== Status.WAITS || deadline === Infinity) {
        continue;
      }
      // A thread that doesn't wait looks at its timers later.
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
  ): number {
    const words = this.#words;
    const timeout = options & ALL_TIMEOUTS;
    const others = threads & ~words[LAST];
    if (others !== 0) threads = others;
    if (threads === 0) return lowest(timeout);
    const canStay = current < MOST_THREADS && (threads & (1 << current)) !== 0;
    const pick = words[PICK];
    if (pick === Pick.FIRST) return canStay ? current : lowest(threads);
    const canInsist = options >> YIELDS !== 0;
    if (canInsist && this.#random(INSISTENCE_ODDS) === 0) return current;
    if (timeout !== 0 && this.#random(TIMEOUT_ODDS) === 0) {
      return lowest(timeout);
    }
    if (pick === Pick.RANDOM) {
      let left = this.#random(countBits(threads));
      for (let thread = 0;; thread++) {
        if ((threads & (1 << thread)) !== 0 && left-- === 0) return thread;
      }
    }
    if (canStay && this.#isChange(words[FORKS])) {
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

  #isChange(fork: number): boolean {
    for (let i = 0; i < this.#words[CHANGES]; i++) {
      if (this.#words[CHANGE_AT + i] === fork) return true;
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

  /** Ends the schedule: all threads have ended, or those that are left wait for ever. */
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
    return outcome === Outcome.STUCK ? EXPLORER : this.#nextToUnwind();
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

/** Whether the memory is one of the tables that all threads of a process share. */
function isTable(memory: number): boolean {
  return memory === WAITER_TABLE || memory === THREAD_TABLE;
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

/** Mixes the bits of a number, for hashes. */
function mix(value: number): number {
  value = Math.imul(value ^ value >>> 16, 0x85ebca6b);
  value = Math.imul(value ^ value >>> 13, 0xc2b2ae35);
  return value ^ value >>> 16;
}
