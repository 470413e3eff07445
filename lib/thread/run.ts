// Copyright 2026 the lab9 authors. MIT license.

import { now, processors } from "../platform/platform.ts";
import { isCrowded } from "../sync/spin.ts";
import type { Packed } from "../codec/packing.ts";
import { unpack } from "../codec/packing.ts";
import {
  assignWaiter,
  desertWaiter,
  hasWaits,
  isStopHeeded,
  stopThread,
} from "../sync/waiters.ts";
import { Damaged } from "../codec/tags.ts";
import { recordName } from "../sync/recorder.ts";
import { textOf, unpackThrown } from "../codec/portable_error.ts";
import type { Output } from "./output.ts";
import {
  allocateSlot,
  Outcome,
  Slot,
  type SlotOptions,
  Status,
} from "./thread_table.ts";
import type { Answer } from "./messages.ts";
import type { Needs } from "./modules.ts";
import type { PooledWorker } from "./worker.ts";

/** How long a thread may take to end before it is given up. */
const GRACE_MS = 250;
/**
 * So many times that long has one that shows a sign of life. Where the machine is
 * busy, each takes longer.
 */
const LONG_GRACE_TURNS = 12;
/** And so many times one that shows none, where others keep it from running. */
const CROWDED_GRACE_TURNS = 4;
/** This thread is late if it is woken so long after its time. */
const LATE_MS = 100;
/** How many threads have ended when asked, and how many are still to. */
let endings = 0;
let stopping = 0;

/** How long the worker of a thread that was given up may yet take to leave. */
const LAST_MS = 60_000;

/** What a run needs to know. */
export interface RunOptions extends Omit<SlotOptions, "waiter"> {
  /** The id of the exposed function. */
  target: number;
  args: Packed;
  worker: PooledWorker;
  /** What its functions need; undefined if none of them is a user's. */
  needs: Needs | undefined;
  /** Whether the worker is kept for another thread afterwards. */
  isKept: boolean;
  /** Whether it sends or receives anything while it runs. */
  hasMail?: boolean;
  /** Where its console goes, if that is elsewhere. */
  output?: Output;
}

/** What came of a run, as its worker has told it. */
export interface Unread {
  outcome: Outcome;
  answer: Answer | undefined;
  /** Why there is none. */
  error: Error | undefined;
  hasBegun: boolean;
}

/** What came of a run. */
export type Settled =
  | { outcome: typeof Outcome.RETURNED; value: unknown }
  | { outcome: Exclude<Outcome, 1>; error: unknown };

/** One function running in a worker, seen from the thread that started it. */
export class Run {
  readonly slot!: Slot;
  #worker: PooledWorker;
  #brokeDown: Error | undefined;
  #settled: Settled | undefined;
  #hasBegun = true;

  constructor(
    {
      target,
      args,
      worker,
      needs,
      isKept,
      name,
      daemon,
      hasMail,
      output,
    }: RunOptions,
  ) {
    this.#worker = worker;
    try {
      assignWaiter(worker.waiter, name);
      const slot = allocateSlot({ name, daemon, waiter: worker.waiter });
      this.slot = new Slot(slot);
      recordName(this.slot.ident, name);
      const onLost = (reason?: Error) => this.#breakDown(reason);
      const how = { hasMail, output, onLost };
      if (!worker.run(slot, target, args, needs, how)) {
        this.slot.end(Outcome.CLOSED);
      }
      if (!isKept) worker.setLast();
    } catch (error) {
      // An argument that can't be cloned, or no slot: nothing was sent.
      this.slot?.end(Outcome.LOST);
      this.slot?.free();
      worker.release();
      throw error;
    }
  }

  /** Sends something to the running thread. */
  sendMail(mail: Packed): void {
    this.#worker.sendMail(mail);
  }

  /** What the running thread sent first of what was not taken yet. */
  takeMail(): Packed | undefined {
    return this.#worker.takeMail();
  }

  /** In a browser: awaits what the running thread has sent. */
  mailArrives(): Promise<void> | undefined {
    return this.#worker.mailArrives();
  }

  /** Gets the answer here, once the slot has ended. */
  async collect(): Promise<void> {
    if (this.#hasAnswer) await this.#worker.collect();
  }

  /** The same, blocking; false if the deadline passed first. */
  collectSync(deadline: number): boolean {
    return !this.#hasAnswer || this.#worker.collectSync(deadline);
  }

  /** What came of the run, once its answer was collected. */
  settle(): Settled {
    return this.#settled ??= this.#conclude();
  }

  /**
   * Tells the thread to end, at its next wait or at once if it waits now. One
   * that computes is given up after a moment.
   */
  async stop(): Promise<void> {
    // A worker that was given back may run another thread by now.
    if (!this.slot.isAlive) return;
    const isParked = this.orderStop();
    if (await endsInTime(this.slot, isParked)) return;
    if (this.giveUp()) warnOfGivenUp(this.slot.name);
  }

  /** Tells the thread to end; whether it blocks, and will heed that. */
  orderStop(): boolean {
    if (!this.slot.isAlive) return false;
    this.#worker.setLast();
    const isParked = stopThread(this.slot.waiter);
    this.#worker.stop();
    return isParked;
  }

  /**
   * Ends the thread, which was told to end, by force where that can be done, or
   * gives it up; whether it goes on.
   */
  giveUp(): boolean {
    if (!this.slot.isAlive) return false;
    this.#hasBegun = !this.#worker.takeBack(this.slot.index);
    const isKilled = this.#worker.kill();
    const outcome = isKilled ? Outcome.TERMINATED : Outcome.LOST;
    if (!this.slot.end(outcome, isKilled)) return false;
    desertWaiter(this.slot.waiter);
    return this.#hasBegun && !isKilled;
  }

  /** The worker has ended, without a reason if its code has closed it. */
  #breakDown(reason: Error | undefined): void {
    // What it answered before is an answer.
    if (!this.slot.isAlive) return;
    if (reason === undefined) this.slot.end(Outcome.CLOSED, true);
    else if (this.slot.end(Outcome.LOST, true)) this.#brokeDown = reason;
  }

  /** Whether the worker, still this run's, has answered. */
  get #hasAnswer(): boolean {
    return this.#settled === undefined && isAnswered(this.slot.outcome);
  }

  /** What the worker has told, to be sent on. The worker is given back. */
  take(): Unread {
    const unread = this.#read();
    this.#giveBack(unread.outcome);
    return unread;
  }

  #conclude(): Settled {
    const unread = this.#read();
    const settled = readSettled(unread);
    if (settled.outcome === Outcome.LOST && settled.error instanceof Damaged) {
      this.#brokeDown = settled.error;
    }
    this.#giveBack(unread.outcome);
    return settled;
  }

  #read(): Unread {
    let { outcome } = this.slot;
    let answer: Answer | undefined;
    try {
      if (isAnswered(outcome)) answer = this.#worker.answer();
    } catch (error) {
      // The worker's code has written where only the library writes.
      this.#brokeDown = error as Error;
      outcome = Outcome.LOST;
    }
    // It closed itself with the answer in its hands.
    if (isAnswered(outcome) && answer === undefined) outcome = Outcome.CLOSED;
    return {
      outcome,
      answer,
      error: this.#brokeDown,
      hasBegun: this.#hasBegun,
    };
  }

  #giveBack(outcome: Outcome): void {
    if (this.#brokeDown !== undefined) {
      this.slot.free();
      this.#worker.discard();
    } else if (outcome === Outcome.LOST) {
      // It may yet come to wait, or to end its slot: nobody else may have them.
      // A thread that hasn't begun never gets at its slot.
      if (!this.#hasBegun) this.slot.free();
      this.#worker.giveUp(LAST_MS).then((hasLeft) => {
        if (hasLeft && this.#hasBegun) this.slot.free();
      });
    } else {
      this.slot.free();
      this.#worker.release();
    }
  }
}

/** What came of a run. */
export function readSettled(
  { outcome, answer, error, hasBegun }: Unread,
): Settled {
  if (!isAnswered(outcome)) {
    const isStopped = outcome === Outcome.LOST && !error && !hasBegun;
    return {
      outcome: isStopped ? Outcome.TERMINATED : outcome as Exclude<Outcome, 1>,
      error,
    };
  }
  try {
    return readAnswer(outcome, answer);
  } catch (error) {
    // Else it holds a function that this thread doesn't know.
    return error instanceof Damaged
      ? { outcome: Outcome.LOST, error }
      : { outcome: Outcome.THREW, error };
  }
}

/** Says that a thread was given up that had begun. */
export function warnOfGivenUp(name: string): void {
  console.warn(
    `Thread ${name} seems to compute without ever waiting: told to ` +
      "end, it has neither waited nor called the library since. Its worker " +
      "is given up; if it computes, it keeps a core busy until the process " +
      "ends, only Deno.exit() ends it sooner",
  );
}

/**
 * Whether the thread ends before it is to be given up. Time doesn't count in
 * which this thread is late itself, or others end that were told to; and where
 * there are more of them than cores, each has to wait for its turn. One that is
 * parked will see the order as soon as it gets a core; one that awaits or has
 * heeded it shows a sign of life. One that does neither may be a loop that has
 * not come to its next call: other programs may keep it from running.
 */
export async function endsInTime(
  slot: Slot,
  isParked: boolean,
): Promise<boolean> {
  stopping++;
  const hasEnded = await endsInTurns(slot, isParked);
  stopping--;
  return hasEnded;
}

async function endsInTurns(slot: Slot, isParked: boolean): Promise<boolean> {
  for (let turn = 0; turn < LONG_GRACE_TURNS;) {
    const before = endings;
    const deadline = now() + GRACE_MS;
    if (await slot.reached(Status.ENDED, deadline, true)) {
      endings++;
      return true;
    }
    const isBusy = endings !== before || now() > deadline + LATE_MS;
    const isHeeded = isStopHeeded(slot.waiter);
    if (isBusy || isParked && !isHeeded) continue;
    turn++;
    const isSilent = !isHeeded && !hasWaits(slot.waiter);
    if (!isSilent || turn < stopping / processors()) continue;
    if (turn >= CROWDED_GRACE_TURNS || !isCrowded()) break;
  }
  return false;
}

/**
 * What an answer says.
 *
 * @throws {Damaged} If it is none.
 */
function readAnswer(outcome: Outcome, answer: unknown): Settled {
  const { value, thrown, brokeDown } = Object(answer) as Record<
    string,
    unknown
  >;
  if (outcome === Outcome.RETURNED) return { outcome, value: unpack(value) };
  const error = unpackThrown(thrown);
  if (outcome === Outcome.THREW) return { outcome, error };
  const reason = typeof brokeDown === "string" ? brokeDown : textOf(error);
  return { outcome: Outcome.LOST, error: new Error(reason, { cause: error }) };
}

/** Whether the worker tells what came of it. */
function isAnswered(outcome: Outcome): boolean {
  return isSound(outcome) || outcome === Outcome.BROKE_DOWN;
}

/** Whether the target has come to its end. */
function isSound(outcome: Outcome): boolean {
  return outcome === Outcome.RETURNED || outcome === Outcome.THREW;
}
