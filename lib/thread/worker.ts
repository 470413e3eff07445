// Copyright 2026 the lab9 authors. MIT license.

import {
  areMessagesLate,
  isOnTerminal,
  MessageChannel,
  messageIn,
  MessagePort,
  now,
  setRef,
  type Worker,
} from "../platform/platform.ts";
import { setAlarm } from "../sync/alarms.ts";
import {
  allocateWaiter,
  assignWaiter,
  desertWaiter,
  hasWaits,
  isWornOut,
  releaseWaiter,
  waiterTable,
} from "../sync/waiters.ts";
import {
  bringsMemory,
  type Packed,
  post,
  transferList,
} from "../codec/packing.ts";
import { recordingBuffer } from "../sync/recorder.ts";
import { currentRegistry, type Registry } from "../codec/references.ts";
import { checkRequirements } from "../platform/requirements.ts";
import {
  addCorrespondent,
  type Correspondent,
  putAway,
  readLines,
  receive,
  receiveOn,
  removeCorrespondent,
} from "./line.ts";
import { Death, Form, Handover } from "./handover.ts";
import type {
  Answer,
  Delivery,
  Envelope,
  Job,
  Letter,
  LineRequest,
  Mail,
  PostedJob,
  Request,
  Setup,
} from "./messages.ts";
import { keyOfNeeds, type Needs, withoutDataUrls } from "./modules.ts";
import { type Inbox, newWorker, RelayedInbox } from "./new_worker.ts";
import type { Output } from "./output.ts";
import { threadTable } from "./thread_table.ts";
import {
  keyOf,
  type WorkerKind,
  type WorkerPermissions,
} from "./worker_kind.ts";
import { serverUrl, WORKER_NAME } from "./worker_server.ts";

/** How a worker is to run a job. */
export interface RunningOptions {
  /** Whether it sends or receives anything while it runs. */
  hasMail?: boolean;
  output?: Output;
  /** Called if the worker breaks down, or without a reason if it was closed. */
  onLost: (reason?: Error) => void;
}

/** More idle workers than these aren't kept. */
const MAX_IDLE = 32;
/** How long a worker may take to leave that has nothing more to do. */
const LEAVE_MS = 2000;

/**
 * Workers that were started ahead and have loaded none of users' modules, and
 * those that have run a thread and are kept for others like it.
 */
const idle: PooledWorker[] = [];

/**
 * A worker that runs one thread after another. It never keeps the process from
 * ending. A wait for a thread does.
 */
export class PooledWorker implements Correspondent {
  /** The waiter that its threads block on. */
  readonly waiter: number;
  /** What its threads may do. */
  readonly permissions: WorkerPermissions;
  readonly #kind: string;
  readonly #isolation: WorkerKind["isolation"];
  /** What the worker can load. */
  readonly #registry: Registry;
  /** What it has loaded; undefined as long as that is the library alone. */
  #loaded: string | undefined;
  readonly #worker: Worker;
  /** Where messages for the worker are posted. */
  readonly #inbox: Inbox;
  /** Open while a thread runs whose job went by message, or to get an answer. */
  #port: MessagePort | undefined;
  /** What was taken out of it already. */
  #next: Letter | undefined;
  /** Unless it is put away; see `line.ts`. */
  #line: MessagePort | undefined;
  #received = 0;
  /** See `line.ts`. */
  readonly requests: LineRequest[] = [];
  readonly #handover: Handover;
  #isTerminated = false;
  #onLost: ((reason?: Error) => void) | undefined;

  private constructor(kind: WorkerKind, registry: Registry) {
    this.permissions = kind.permissions;
    this.#isolation = kind.isolation;
    this.#kind = keyOf(kind);
    this.#registry = registry;
    checkRequirements([
      serverUrl,
      ...registry.own,
      ...registry.exposing.keys(),
    ]);
    this.#worker = newWorker(kind, registry);
    this.#inbox = kind.isolation === undefined
      ? this.#worker
      : new RelayedInbox(this.#worker);
    // What takes time comes now: the worker loads its modules meanwhile.
    this.#handover = new Handover();
    this.waiter = allocateWaiter();
    // What its modules take while they load is the worker's.
    assignWaiter(this.waiter, WORKER_NAME);
    setRef?.call(this.#worker, false);
    this.#worker.onerror = (event) => {
      // Unhandled, it would end the main thread.
      event.preventDefault();
      this.#onLost?.(new Error(withoutDataUrls(event.message)));
    };
    const { port1, port2 } = new MessageChannel();
    addCorrespondent(this);
    putAway(this, port1);
    const setup: Setup = {
      waiterTable: waiterTable(),
      waiter: this.waiter,
      table: threadTable(),
      recording: recordingBuffer(),
      handover: this.#handover.buffer,
      line: port2,
      mayAsk: mayAsk(),
      isKillable: kind.isolation !== undefined,
    };
    this.#inbox.postMessage(setup, [port2]);
  }

  /**
   * A worker for a thread: one of the kind that was kept after a thread with the
   * same modules, or a fresh one.
   */
  static acquire(kind: WorkerKind, needs: Needs): PooledWorker {
    const registry = currentRegistry();
    return PooledWorker.#take(kind, registry, keyOfNeeds(needs)) ??
      PooledWorker.fresh(kind, registry);
  }

  /** A worker that has run nobody's code. */
  static fresh(
    kind: WorkerKind,
    registry: Registry = currentRegistry(),
  ): PooledWorker {
    return PooledWorker.#take(kind, registry, undefined) ??
      new PooledWorker(kind, registry);
  }

  /** Has a worker at hand that {@linkcode fresh} will give. */
  static prestart(kind: WorkerKind): void {
    idle.push(PooledWorker.fresh(kind));
  }

  /** Has one worker more at hand, as long as nobody takes it. */
  static spare(kind: WorkerKind, registry: Registry): PooledWorker {
    const spare = new PooledWorker(kind, registry);
    idle.push(spare);
    return spare;
  }

  /** Whether nobody has taken the worker. */
  static isIdle(worker: PooledWorker): boolean {
    return idle.includes(worker);
  }

  /** Ends a worker unless somebody has taken it. */
  static drop(worker: PooledWorker): void {
    const at = idle.indexOf(worker);
    if (at < 0) return;
    idle.splice(at, 1);
    worker.#handover.dismiss();
    worker.giveUp(LEAVE_MS);
  }

  static #take(
    kind: WorkerKind,
    registry: Registry,
    loaded: string | undefined,
  ): PooledWorker | undefined {
    const wanted = keyOf(kind);
    for (let at = idle.length - 1; at >= 0; at--) {
      const worker = idle[at];
      if (
        worker.#kind !== wanted || worker.#registry !== registry ||
        worker.#loaded !== loaded
      ) continue;
      idle.splice(at, 1);
      // It may have closed itself since, by a timer that was left.
      if (!worker.#handover.isGone) return worker;
      worker.#bury();
    }
  }

  /**
   * Has the worker run the job, for the thread that has the slot. `onLost` is
   * called if the worker breaks down. Only with mail, or what can't go in
   * shared memory, is there a port between them.
   *
   * @returns False if the worker has closed itself just now.
   */
  run(
    slot: number,
    target: number,
    args: Packed,
    needs: Needs | undefined,
    { hasMail = false, output, onLost }: RunningOptions,
  ): boolean {
    const job: Job = { target, args };
    if (output !== undefined) job.output = output;
    const isFirst = needs !== undefined && this.#loaded === undefined;
    if (isFirst) Object.assign(job, needs);
    const transfer = transferList(job.args);
    const isPosted = hasMail || transfer.length > 0 ||
      output?.to !== undefined || bringsMemory(job.args);
    if (isPosted || !this.#handover.put(job)) {
      const port = this.#connect();
      try {
        this.#inbox.postMessage(
          { ...job, port } satisfies PostedJob,
          [port, ...transfer],
        );
      } catch (error) {
        port.close();
        throw error;
      }
      this.#handover.form = Form.POSTED;
    }
    if (isFirst) this.#loaded = keyOfNeeds(needs);
    this.#onLost = onLost;
    return this.#handover.assign(slot);
  }

  /** Takes the job back if the worker has not begun it; whether it has not. */
  takeBack(slot: number): boolean {
    return this.#handover.takeBack(slot);
  }

  /** Tells a worker that awaits something to end its thread. */
  stop(): void {
    this.#inbox.postMessage("stop");
  }

  /** Sends something to the thread that runs. */
  sendMail(mail: Packed): void {
    post(this.#inbox, { mail } satisfies Mail, transferList(mail));
  }

  /** What the thread sent first of what was not taken yet. */
  takeMail(): Packed | undefined {
    const message = this.#receive();
    return message && "mail" in message ? message.mail : undefined;
  }

  /** In a browser: awaits what the thread has sent. */
  mailArrives(): Promise<void> | undefined {
    const port = this.#port;
    return areMessagesLate && port !== undefined ? messageIn(port) : undefined;
  }

  /** Gets the answer here if the worker holds it, once its slot has ended. */
  async collect(): Promise<void> {
    if (this.#ask()) await this.#handover.handedOut();
    if (areMessagesLate) await this.#answerArrived();
  }

  /** In a browser: awaits the message that the worker has answered by. */
  async #answerArrived(): Promise<void> {
    while (this.#handover.form === Form.POSTED && this.#port !== undefined) {
      await messageIn(this.#port);
      this.#next = this.#receive();
      if (this.#next instanceof MessagePort) this.#follow(this.#next);
      else if (this.#next === undefined || !("mail" in this.#next)) return;
      this.#next = undefined;
    }
  }

  /** The same, blocking; false if the deadline passed first. */
  collectSync(deadline: number): boolean {
    if (areMessagesLate && this.#handover.form !== Form.BYTES) {
      throw new Error(
        "Cannot join thread: its result comes by message, which a browser gives " +
          "to no thread that blocks, use join()",
      );
    }
    return !this.#ask() || this.#handover.handedOutSync(deadline);
  }

  /** The answer to the job, once it was collected; undefined if it got lost. */
  answer(): Answer | undefined {
    if (this.#handover.form === Form.BYTES) {
      return this.#handover.take() as Answer;
    }
    for (;;) {
      const message = this.#receive();
      if (message instanceof MessagePort) this.#follow(message);
      else if (message === undefined || !("mail" in message)) {
        return message;
      }
    }
  }

  /** The answer comes by another port. */
  #follow(port: MessagePort): void {
    this.#port!.close();
    this.#port = port;
  }

  /** Asks for the answer, once, if the worker holds it. */
  #ask(): boolean {
    if (this.#handover.form !== Form.HELD) return false;
    if (this.#port === undefined) {
      const requester = this.#connect();
      this.#inbox.postMessage({ requester } satisfies Request, [requester]);
    }
    return true;
  }

  /** Opens a port to this thread; returns the worker's end. */
  #connect(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    return port2;
  }

  /** The next letter in the port. */
  #receive(): Letter | undefined {
    const next = this.#next;
    this.#next = undefined;
    if (next !== undefined) return next;
    return this.#port && receiveOn(this.#port) as Letter | undefined;
  }

  get hasNews(): boolean {
    // What was sent may come later.
    return areMessagesLate || this.#handover.sent !== this.#received;
  }

  takeLine(line: MessagePort): void {
    this.#line = line;
  }

  readLine(): void {
    this.#received = this.#handover.sent;
    if (this.#handover.death !== Death.NONE) this.#die();
    while (this.#line !== undefined) {
      const message = receiveOn(this.#line);
      if (message === undefined) return;
      receive(this, message);
    }
  }

  deliver(delivery: Delivery, transfer: Transferable[] = []): void {
    if (this.#line === undefined) return;
    post(
      this.#line,
      new Map([["message", delivery]]) satisfies Envelope,
      transfer,
    );
    this.#handover.deliver();
  }

  /** The slot of the thread that runs; 0 if none does. */
  get slot(): number {
    return this.#handover.slot;
  }

  /** Has the worker run no other thread after the one that it runs. */
  setLast(): void {
    this.#handover.setLast();
  }

  /** Keeps the worker for another thread, if it can have one. */
  release(): void {
    this.#disconnect();
    if (this.#handover.isGone) return this.#bury();
    // What the user was asked for is taken back in a worker that has no
    // permissions. In others it looks the same as what they were given.
    const mayHaveMore = this.permissions !== "none" && mayAsk();
    const isLast = this.#handover.isLast || isWornOut(this.waiter) ||
      mayHaveMore;
    const most = setRef === undefined ? 0 : MAX_IDLE;
    if (!isLast && most > 0) idle.push(this);
    // The oldest may lack a module that every new thread needs.
    const surplus = isLast || most === 0
      ? this
      : idle.length > most
      ? idle.shift()
      : undefined;
    if (surplus === undefined) return;
    surplus.#handover.dismiss();
    surplus.giveUp(LEAVE_MS);
  }

  /**
   * Ends the worker once it has left, and then gives its waiter back. One that
   * doesn't leave in time is ended as far as a worker can be ended: its waiter
   * stays its own, and nobody wakes it.
   *
   * @returns Whether it has left.
   */
  async giveUp(ms: number): Promise<boolean> {
    this.#disconnect();
    if (await this.#handover.left(now() + ms)) {
      this.#bury();
      return true;
    }
    desertWaiter(this.waiter);
    this.#terminate();
    return false;
  }

  /** Ends a worker that has broken down: it can't have left. */
  discard(): void {
    this.#disconnect();
    this.#terminate();
    if (hasWaits(this.waiter)) desertWaiter(this.waiter);
    else releaseWaiter(this.waiter);
  }

  /**
   * Ends the worker whatever it does, so that none of its code runs any more.
   *
   * @returns False if that can't be done.
   */
  kill(): boolean {
    if (this.#isolation === undefined) return false;
    this.#handover.keepFromMutexes();
    this.#cutOff();
    return true;
  }

  /** The worker has died without leaving. */
  #die(): void {
    if (this.#isTerminated) return;
    const { death } = this.#handover;
    this.#cutOff();
    this.#onLost?.(death === Death.EXHAUSTED ? this.#exhausted() : undefined);
  }

  #cutOff(): void {
    this.#terminate();
    // Who waits for it to leave waits no longer.
    this.#handover.leave();
  }

  #exhausted(): Error {
    const { memoryLimit } = this.#isolation!;
    const limit = memoryLimit === undefined
      ? "as large as Deno lets it be"
      : `limited to ${memoryLimit} MB by memoryLimit`;
    return new Error(`it ran out of memory, its heap is ${limit}`);
  }

  /** Ends a worker that has left; its waiter can be another's. */
  #bury(): void {
    // One that was ended by force may be in lists.
    if (this.#isTerminated) return this.discard();
    this.#disconnect();
    // What an isolated one still does, who waits for its end depends on: it ends by
    // itself.
    const ms = this.#isolation === undefined ? 0 : LEAVE_MS;
    this.#terminate(ms);
    releaseWaiter(this.waiter);
  }

  #disconnect(): void {
    this.#onLost = undefined;
    this.#port?.close();
    this.#port = undefined;
    if (this.hasNews) readLines();
    if (this.#line === undefined) return;
    putAway(this, this.#line);
    this.#line = undefined;
  }

  /** Ends the worker's thread, as far as Deno can, and its line. */
  #terminate(afterMs = 0): void {
    if (this.#isTerminated) return;
    this.#isTerminated = true;
    removeCorrespondent(this);
    if (afterMs === 0) this.#worker.terminate();
    else setAlarm(now() + afterMs, () => this.#worker.terminate());
  }
}

let isTerminal: boolean | undefined;

/** Whether the user may be asked for a permission that a worker lacks. */
function mayAsk(): boolean {
  return isTerminal ??= isOnTerminal();
}
