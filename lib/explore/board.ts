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
 * thread are no decisions. Where all that are left wait, the explorer has the turn
 * before: it can look at what they wait for.
 *
 * The explorer stands in for the main thread, too. A thread that asks it for
 * something gives it the turn, and gets the turn back with the answer. So a thread
 * is started in the middle of a schedule: there is a row more from then on.
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
  /** It has started a thread for which there is no worker yet. */
  CROWDED: 5,
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

/** The numbers of the library's own memory. */
export const WAITER_TABLE = 0;
export const THREAD_TABLE = 1;
/** That of what stands in the threads' arguments begins with this. */
export const FIRST_MEMORY = 2;

/** The memory of what threads ask the explorer for. */
export const LINE = -2;
/** That of what is sent to threads: the place is the thread's number. */
const INBOX = -3;

/** Set in a decision that lets a timeout pass: the thread's bit is above. */
export const TIMEOUT = MOST_THREADS;
/** Above those, the bits of threads that could go on but yield. */
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
/** The bit of a thread that isn't picked as long as others can go on, or 0. */
const LAST = 15;
/** How many decisions there were at which several threads could go on. */
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
/** How often the thread is yet to go on where it would yield. */
const INSISTS = 6;
/** A number made of all that the thread has done and seen. */
const HISTORY = 7;
/** Whether something was sent to the thread that it hasn't read. */
const MAIL = 8;
/** Whether the thread has sent the explorer a report of itself. */
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
/** How often a thread looks whether it has the turn before it sleeps. */
const LOOKS = 300;
/** How far a step moves the clock, in milliseconds. */
const STEP_MS = 0.001;
/** One decision in so many lets a timeout pass although threads can go on. */
const TIMEOUT_ODDS = 8;
/** One decision in so many has a thread insist that yields. */
const INSISTENCE_ODDS = 4;
/** How many steps a look of a thread that spins may have. */
const LONGEST_LOOK = 8;
/** The greatest number that counts something, and names no thread. */
const LARGEST_COUNT = 1 << 16;
/** The longest spin that a thread gives up by insisting, in looks. */
const MOST_INSISTENCE = 128;
/** An unwinding thread that makes so many steps is in a loop: one throws. */
const LAST_STEPS = 5000;

/** What the waits of a thread throw once its schedule has failed. */
export class Unwound extends Error {
  override name = "Unwound";
}

/** What closing the worker throws in a thread of a schedule: it ends alone. */
export class Closed extends Error {
  override name = "Closed";
}

/** A decision, as the log has it. */
export interface Decision {
  /**
   * A bit for each thread that could go on; above them for each timeout that could
   * pass, and for each of the threads that yields.
   */
  options: number;
  /** The number of the bit that was picked. */
  choice: number;
  /** What the thread that goes on does first. */
  memory: number;
  place: number;
  access: Access;
  /** A number made of all that the threads had done and seen until then. */
  state: number;
}

/** What a schedule is to be. */
export interface Orders {
  /** The choices to begin with. */
  plan: readonly number[];
  /** Whether what the plan picks may be impossible. */
  isLoose: boolean;
  pick: Pick;
  /** Whether the last thread isn't picked as long as others can go on. */
  hasLast: boolean;
  seed: number;
  maxSteps: number;
  /** Forks at which the running thread's priority becomes the lowest. */
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
  /** The steps of the thread's last look, as far as this one hasn't come. */
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

  /** At how many of them several threads could go on. */
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

  // The explorer's.

  /** Lays out a schedule for so many threads, none of which runs yet. */
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

  /** Has one thread more take part, which the one that asks has started. */
  start(): void {
    const words = this.#words;
    const thread = words[THREADS]++;
    this.#layRow(thread, this.#random(thread) + 1);
    this.change();
  }

  /** There is no worker for a thread that is to be started. */
  crowd(): void {
    this.#fail(Outcome.CROWDED);
  }

  /** Something was sent to a thread. */
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

  /** Has the threads unwind that are left, all of which wait. */
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

  // A thread's.

  /** The thread's number. */
  get me(): number {
    return this.#me;
  }

  /** Has the explorer answer what the thread has sent to it. */
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

  /** Notes that the thread awaits what is sent to it; the wait's number. */
  enterInbox(): number {
    return this.enter(INBOX, this.#me, Infinity);
  }

  /** Whether something was sent to the thread since it was last asked. */
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
   * Notes what the thread has seen at its step. Ids of threads are others in each
   * schedule, as are counts of the library's that go on.
   */
  see(memory: number, place: number, value: number): void {
    const isTold = !isTable(memory) && Math.abs(value) <= LARGEST_COUNT;
    if (!isTold) value = 0;
    const history = this.#row(this.#me) + HISTORY;
    this.#words[history] = mix(mix(this.#words[history] ^ place) ^ value);
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
    words[row + INSISTS] = 0;
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
    if (isLoop || !isTable(memory) && !this.#hasThrown) {
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
   * The threads that can go on. One that yields has seen all there is, and waits
   * for something to change: it doesn't as long as others can, unless it insists.
   * Where all yield, the one insists that has yielded first.
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

  /** Whether the step is what the thread has done at its last look, too. */
  #isAsBefore(step: number, yields: boolean): boolean {
    const at = this.#looked++;
    const isAsBefore = this.#look[at] === step;
    this.#look[at] = step;
    if (yields) this.#looked = 0;
    return isAsBefore;
  }

  /** Whether a thread that insists still does: it looks as it has looked. */
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
   * Whether the thread that has the turn, and yields, may go on all the same: it
   * has spun for so long that it gives up, and sleeps. It then goes on alone as long
   * as it looks as it has looked before, all of which is one step.
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

  /** A number for what all threads have done and seen. */
  #state(): number {
    const words = this.#words;
    let state = 0;
    for (let thread = 0; thread < words[THREADS]; thread++) {
      state += mix(words[this.#row(thread) + HISTORY] + thread * 0x9e3779b9);
    }
    return state | 0;
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
export function isTable(memory: number): boolean {
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

/** Scatters the bits of a number. */
function mix(value: number): number {
  value = Math.imul(value ^ value >>> 16, 0x85ebca6b);
  value = Math.imul(value ^ value >>> 13, 0xc2b2ae35);
  return value ^ value >>> 16;
}
