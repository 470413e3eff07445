// Copyright 2026 the lab9 authors. MIT license.

import {
  areMessagesLate,
  isBrowser,
  isOnTerminal,
  MessageChannel,
  messageIn,
  MessagePort,
  now,
  setRef,
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

/** Options of {@linkcode PooledWorker.run}. */
export interface RunningOptions {
  /** Whether messages are sent to or from the thread while it runs. */
  hasMail?: boolean;
  /** How the thread's console is redirected. */
  output?: Output;
  /** Called with the reason if the worker breaks down, without one if it is closed. */
  onLost: (reason?: Error) => void;
}

/** How many idle workers are kept at most. */
const MAX_IDLE = 32;
/** How long a worker with nothing to do may take to close itself. */
const LEAVE_MS = 2000;

/**
 * The idle workers: those that were started ahead and have loaded no module of the
 * user's, and those that have run a thread and are kept for similar ones.
 */
const idle: PooledWorker[] = [];

/**
 * A worker that runs one thread after another. A worker doesn't keep the process
 * alive, but a wait for one of its threads does.
 */
export class PooledWorker implements Correspondent {
  /** The waiter that its threads block on. */
  readonly waiter: number;
  /** The permissions of its threads. */
  readonly permissions: WorkerPermissions;
  /** Its kind as text: see {@linkcode keyOf}. */
  readonly #kind: string;
  readonly #isolation: WorkerKind["isolation"];
  /** The users' modules that the worker can load. */
  readonly #registry: Registry;
  /** Those that it has loaded, as text; undefined while it has loaded none. */
  #loaded: string | undefined;
  readonly #worker: Worker;
  /** The way by which messages are posted to the worker. */
  readonly #inbox: Inbox;
  /** Open while a thread runs whose job was posted, or to get a held answer. */
  #port: MessagePort | undefined;
  /** The next letter, if it was taken out of the port already. */
  #next: Letter | undefined;
  /** The worker's line; undefined while it is put away. See `line.ts`. */
  #line: MessagePort | undefined;
  /** How many of the messages in the line were read. */
  #received = 0;
  /** See {@linkcode Correspondent}. */
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
    // The rest is done while the worker loads its modules.
    this.#handover = new Handover();
    this.waiter = allocateWaiter();
    // Locks that its modules acquire while they load are held by the worker.
    assignWaiter(this.waiter, WORKER_NAME);
    setRef?.call(this.#worker, false);
    this.#worker.onerror = (event) => {
      // If it isn't handled, it ends the main thread.
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
   * Takes a worker for a thread: one of the kind that was kept after a thread with
   * the same modules, or else a fresh one.
   */
  static acquire(kind: WorkerKind, needs: Needs): PooledWorker {
    const registry = currentRegistry();
    return PooledWorker.#take(kind, registry, keyOfNeeds(needs)) ??
      PooledWorker.fresh(kind, registry);
  }

  /** Takes a worker that has run no code of the user's. */
  static fresh(
    kind: WorkerKind,
    registry: Registry = currentRegistry(),
  ): PooledWorker {
    return PooledWorker.#take(kind, registry, undefined) ??
      new PooledWorker(kind, registry);
  }

  /** Starts a worker ahead, for the next {@linkcode fresh}. */
  static prestart(kind: WorkerKind): void {
    idle.push(PooledWorker.fresh(kind));
  }

  /** Starts one worker more ahead, and returns it. It stays idle until it is taken. */
  static spare(kind: WorkerKind, registry: Registry): PooledWorker {
    const spare = new PooledWorker(kind, registry);
    idle.push(spare);
    return spare;
  }

  /** Whether the worker is idle. */
  static isIdle(worker: PooledWorker): boolean {
    return idle.includes(worker);
  }

  /** Ends the worker if it is idle. */
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
      // A timer that a thread left behind may have closed it since.
      if (!worker.#handover.isGone) return worker;
      worker.#bury();
    }
  }

  /**
   * Runs a job in the worker. A port is opened only if there will be mail, or if the
   * job can't be written into shared memory.
   *
   * @param slot The slot of the job's thread.
   * @param needs The users' modules that the job needs; undefined if none.
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

  /** Takes the job back; false if the worker has begun it. */
  takeBack(slot: number): boolean {
    return this.#handover.takeBack(slot);
  }

  /** Sends the order to end, for a thread that awaits something. */
  stop(): void {
    this.#inbox.postMessage("stop");
  }

  /** Sends mail to the running thread. */
  sendMail(mail: Packed): void {
    post(this.#inbox, { mail } satisfies Mail, transferList(mail));
  }

  /** Takes the oldest mail from the thread; undefined if there is none. */
  takeMail(): Packed | undefined {
    const message = this.#receive();
    return message && "mail" in message ? message.mail : undefined;
  }

  /** In a browser: resolves when mail from the thread has arrived. */
  mailArrives(): Promise<void> | undefined {
    const port = this.#port;
    return areMessagesLate && port !== undefined ? messageIn(port) : undefined;
  }

  /**
   * Waits until the answer has arrived. The thread's slot has ended before, but the
   * worker may hold the answer.
   */
  async collect(): Promise<void> {
    if (this.#ask()) await this.#handover.handedOut();
    if (areMessagesLate) await this.#answerArrived();
  }

  /** In a browser: waits for the message with the answer. */
  async #answerArrived(): Promise<void> {
    while (this.#handover.form === Form.POSTED && this.#port !== undefined) {
      await messageIn(this.#port);
      this.#next = this.#receive();
      if (this.#next instanceof MessagePort) this.#follow(this.#next);
      else if (this.#next === undefined || !("mail" in this.#next)) return;
      this.#next = undefined;
    }
  }

  /** Blocks until the answer has arrived; false if the deadline passed first. */
  collectSync(deadline: number): boolean {
    if (areMessagesLate && this.#handover.form !== Form.BYTES) {
      throw new Error(
        "Cannot join thread: its result comes in a message, and a browser " +
          "delivers no messages to a thread that blocks, use join()",
      );
    }
    return !this.#ask() || this.#handover.handedOutSync(deadline);
  }

  /** Takes the answer, which has arrived; undefined if it got lost. */
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

  /** Goes on with another port, by which the answer comes. */
  #follow(port: MessagePort): void {
    this.#port!.close();
    this.#port = port;
  }

  /** Asks for the answer, once. It returns false if the worker doesn't hold it. */
  #ask(): boolean {
    if (this.#handover.form !== Form.HELD) return false;
    if (this.#port === undefined) {
      const requester = this.#connect();
      this.#inbox.postMessage({ requester } satisfies Request, [requester]);
    }
    return true;
  }

  /** Opens the port to the worker. It returns the worker's end. */
  #connect(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    return port2;
  }

  /** Takes the next letter out of the port; undefined if there is none. */
  #receive(): Letter | undefined {
    const next = this.#next;
    this.#next = undefined;
    if (next !== undefined) return next;
    return this.#port && receiveOn(this.#port) as Letter | undefined;
  }

  get hasNews(): boolean {
    // In a browser a message may arrive after it was counted.
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

  /** The slot of the running thread; 0 if none runs. */
  get slot(): number {
    return this.#handover.slot;
  }

  /** Orders the worker to run no other thread after the one that it runs. */
  setLast(): void {
    this.#handover.setLast();
  }

  /** Keeps the worker for another thread if that is possible, else ends it. */
  release(): void {
    this.#disconnect();
    if (this.#handover.isGone) return this.#bury();
    // What the user grants on a terminal is revoked in a worker without permissions.
    // In other workers it can't be told from what they were given.
    const mayHaveMore = this.permissions !== "none" && mayAsk();
    const isLast = this.#handover.isLast || isWornOut(this.waiter) ||
      mayHaveMore;
    const most = setRef === undefined ? 0 : MAX_IDLE;
    if (!isLast && most > 0) idle.push(this);
    // The oldest goes first: it may lack a module that all new threads need.
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
   * Waits until the worker has closed itself, and then frees its waiter. A worker
   * that doesn't close itself in time is terminated, as far as Deno can do that. Its
   * waiter is never given to another worker then, and is woken no more.
   *
   * @returns Whether the worker has closed itself.
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

  /** Ends a worker that has broken down, so that it can't close itself. */
  discard(): void {
    this.#disconnect();
    this.#terminate();
    if (hasWaits(this.waiter)) desertWaiter(this.waiter);
    else releaseWaiter(this.waiter);
  }

  /**
   * Ends the worker at once, even if it computes. None of its code runs any more.
   *
   * @returns False if the worker isn't isolated: it can't be ended so.
   */
  kill(): boolean {
    if (this.#isolation === undefined) return false;
    this.#handover.keepFromMutexes();
    this.#cutOff();
    return true;
  }

  /** Handles the death of an isolated worker. */
  #die(): void {
    if (this.#isTerminated) return;
    const { death } = this.#handover;
    this.#cutOff();
    this.#onLost?.(death === Death.EXHAUSTED ? this.#exhausted() : undefined);
  }

  /** Ends the worker and records that it has ended, which it can't do itself. */
  #cutOff(): void {
    this.#terminate();
    this.#handover.leave();
  }

  #exhausted(): Error {
    const { memoryLimit } = this.#isolation!;
    const limit = memoryLimit === undefined
      ? "as large as Deno lets it be"
      : `limited to ${memoryLimit} MB by memoryLimit`;
    return new Error(`it ran out of memory, its heap is ${limit}`);
  }

  /** Releases what a worker that has closed itself used. */
  #bury(): void {
    // A worker that was ended by force may still be in wait lists.
    if (this.#isTerminated) return this.discard();
    this.#disconnect();
    // A worker that has closed itself may still be running its last steps, which
    // others wait for. Where it would be ended in the middle of them, as an isolated
    // one and any in a browser, it gets time to end by itself.
    const isEndedAtOnce = isBrowser || this.#isolation !== undefined;
    const ms = isEndedAtOnce ? LEAVE_MS : 0;
    this.#terminate(ms);
    releaseWaiter(this.waiter);
  }

  /** Closes the port and puts the line away. */
  #disconnect(): void {
    this.#onLost = undefined;
    this.#port?.close();
    this.#port = undefined;
    if (this.hasNews) readLines();
    if (this.#line === undefined) return;
    putAway(this, this.#line);
    this.#line = undefined;
  }

  /** Terminates the worker, as far as Deno can, and its line. */
  #terminate(afterMs = 0): void {
    if (this.#isTerminated) return;
    this.#isTerminated = true;
    removeCorrespondent(this);
    if (afterMs === 0) this.#worker.terminate();
    else setAlarm(now() + afterMs, () => this.#worker.terminate());
  }
}

let isTerminal: boolean | undefined;

/** Whether Deno may ask the user for permissions that a thread lacks. */
function mayAsk(): boolean {
  return isTerminal ??= isOnTerminal();
}
