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

/** How long a turn lasts in which a thread that is ordered to end may end. */
const GRACE_MS = 250;
/** How many turns a thread gets that shows a sign of life. */
const LONG_GRACE_TURNS = 12;
/** How many turns a thread gets that shows none, if other programs are busy. */
const CROWDED_GRACE_TURNS = 4;
/** A turn doesn't count if this thread is woken so long after the turn's end. */
const LATE_MS = 100;
/** How many threads have ended that were ordered to. */
let endings = 0;
/** How many threads are ordered to end and have not ended. */
let stopping = 0;

/** How long a thread that was given up may take to end after all. */
const LAST_MS = 60_000;

/** Options of {@linkcode Run}. */
export interface RunOptions extends Omit<SlotOptions, "waiter"> {
  /** The id of the exposed function. */
  target: number;
  args: Packed;
  worker: PooledWorker;
  /** The users' modules that its functions need; undefined if none. */
  needs: Needs | undefined;
  /** Whether the worker is kept for another thread afterwards. */
  isKept: boolean;
  /** Whether messages are sent to or from the thread while it runs. */
  hasMail?: boolean;
  /** How the thread's console is redirected. */
  output?: Output;
}

/** The outcome of a run, with the worker's answer as it came. */
export interface Unread {
  outcome: Outcome;
  answer: Answer | undefined;
  /** Why there is no answer. */
  error: Error | undefined;
  hasBegun: boolean;
}

/** The outcome of a run, with its result or its error. */
export type Settled =
  | { outcome: typeof Outcome.RETURNED; value: unknown }
  | { outcome: Exclude<Outcome, 1>; error: unknown };

/** A call of a function in a worker, seen from the main thread. */
export class Run {
  readonly slot!: Slot;
  #worker: PooledWorker;
  /** Why the worker broke down. */
  #brokeDown: Error | undefined;
  #settled: Settled | undefined;
  /** False if the worker hadn't begun the thread when the thread was given up. */
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
      // An argument can't be cloned, or there is no slot. Nothing was sent.
      this.slot?.end(Outcome.LOST);
      this.slot?.free();
      worker.release();
      throw error;
    }
  }

  /** Sends mail to the running thread. */
  sendMail(mail: Packed): void {
    this.#worker.sendMail(mail);
  }

  /** Takes the oldest mail from the thread; undefined if there is none. */
  takeMail(): Packed | undefined {
    return this.#worker.takeMail();
  }

  /** In a browser: resolves when mail from the thread has arrived. */
  mailArrives(): Promise<void> | undefined {
    return this.#worker.mailArrives();
  }

  /** Waits until the answer has arrived. The slot has ended before. */
  async collect(): Promise<void> {
    if (this.#hasAnswer) await this.#worker.collect();
  }

  /** Blocks until the answer has arrived; false if the deadline passed first. */
  collectSync(deadline: number): boolean {
    return !this.#hasAnswer || this.#worker.collectSync(deadline);
  }

  /** Reads the outcome of the run, whose answer has arrived. */
  settle(): Settled {
    return this.#settled ??= this.#conclude();
  }

  /**
   * Orders the thread to end, and waits for that. The thread ends at once if it waits,
   * else at its next wait. A thread that computes is given up after a moment.
   */
  async stop(): Promise<void> {
    // After the thread's end, the worker may run another thread.
    if (!this.slot.isAlive) return;
    const isParked = this.orderStop();
    if (await endsInTime(this.slot, isParked)) return;
    if (this.giveUp()) warnOfGivenUp(this.slot.name);
  }

  /**
   * Orders the thread to end.
   *
   * @returns Whether the thread blocks, so that it is sure to see the order.
   */
  orderStop(): boolean {
    if (!this.slot.isAlive) return false;
    this.#worker.setLast();
    const isParked = stopThread(this.slot.waiter);
    this.#worker.stop();
    return isParked;
  }

  /**
   * Gives up a thread that was ordered to end and didn't. It is ended by force if its
   * worker is isolated.
   *
   * @returns Whether the thread may go on.
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

  /** Handles the end of the worker. There is no reason if the user's code closed it. */
  #breakDown(reason: Error | undefined): void {
    // An answer from before still counts.
    if (!this.slot.isAlive) return;
    if (reason === undefined) this.slot.end(Outcome.CLOSED, true);
    else if (this.slot.end(Outcome.LOST, true)) this.#brokeDown = reason;
  }

  /** Whether the worker has an answer that wasn't read yet. */
  get #hasAnswer(): boolean {
    return this.#settled === undefined && isAnswered(this.slot.outcome);
  }

  /** Takes the answer, to be passed on to another thread, and releases the worker. */
  take(): Unread {
    const unread = this.#read();
    this.#releaseWorker(unread.outcome);
    return unread;
  }

  #conclude(): Settled {
    const unread = this.#read();
    const settled = readSettled(unread);
    if (settled.outcome === Outcome.LOST && settled.error instanceof Damaged) {
      this.#brokeDown = settled.error;
    }
    this.#releaseWorker(unread.outcome);
    return settled;
  }

  #read(): Unread {
    let { outcome } = this.slot;
    let answer: Answer | undefined;
    try {
      if (isAnswered(outcome)) answer = this.#worker.answer();
    } catch (error) {
      // The user's code has written into memory of the library's.
      this.#brokeDown = error as Error;
      outcome = Outcome.LOST;
    }
    // The worker closed itself while it held the answer.
    if (isAnswered(outcome) && answer === undefined) outcome = Outcome.CLOSED;
    return {
      outcome,
      answer,
      error: this.#brokeDown,
      hasBegun: this.#hasBegun,
    };
  }

  #releaseWorker(outcome: Outcome): void {
    if (this.#brokeDown !== undefined) {
      this.slot.free();
      this.#worker.discard();
    } else if (outcome === Outcome.LOST) {
      // The thread may still wait or end its slot, so no other thread may get its slot
      // or its waiter. A thread that hasn't begun never touches its slot.
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

/** Decodes the answer of a run. */
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
    // Otherwise the answer holds a function that this thread doesn't know.
    return error instanceof Damaged
      ? { outcome: Outcome.LOST, error }
      : { outcome: Outcome.THREW, error };
  }
}

/** Warns that a thread was given up that may go on. */
export function warnOfGivenUp(name: string): void {
  console.warn(
    `Thread ${name} seems to compute without ever waiting: it was ordered to ` +
      "end, but has neither waited nor called the library since. Its worker is " +
      "given up. If it computes, it keeps a core busy until the process ends; " +
      'call Deno.exit() to end it now, or use `isolation: "killable"`.',
  );
}

/**
 * Waits for the end of a thread that is ordered to end. It resolves to false when the
 * thread is to be given up.
 *
 * The wait is counted in turns of {@linkcode GRACE_MS}. A turn doesn't count
 *  - if another thread has ended in it that was ordered to, or this thread was woken
 *    late: then the machine is busy;
 *  - if the thread is parked: it will see the order as soon as it gets a core.
 *
 * A thread that has heeded the order, or awaits something, shows a sign of life and
 * gets many turns. A thread that does neither may compute for ever, or may not have
 * come to its next call because other programs keep it from running. It gets few
 * turns, but more if more threads are ending than there are cores.
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
 * Decodes an answer.
 *
 * @throws {Damaged} If it is not an answer.
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

/** Whether the worker gives an answer for that outcome. */
function isAnswered(outcome: Outcome): boolean {
  return isSound(outcome) || outcome === Outcome.BROKE_DOWN;
}

/** Whether the target has returned or thrown. */
function isSound(outcome: Outcome): boolean {
  return outcome === Outcome.RETURNED || outcome === Outcome.THREW;
}
