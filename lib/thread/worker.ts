// Copyright 2026 the lab9 authors. MIT license.

import {
  allocateCell,
  desertCell,
  hasWaits,
  isWornOut,
  parkingLot,
  releaseCell,
} from "../sync/waiters.ts";
import {
  bringsMemory,
  type Packed,
  post,
  transferList,
} from "../codec/packing.ts";
import { recordingBuffer } from "../sync/recorder.ts";
import { modulesToKnow, ownModules } from "../codec/references.ts";
import { Form, Handover } from "./handover.ts";
import { notCapable, type WorkerPermissions } from "./permissions.ts";
import { threadTable } from "./thread_table.ts";
import { serveKey, serverUrl, WORKER_NAME } from "./worker_server.ts";

/** What a worker is told first. */
export interface Setup {
  lot: SharedArrayBuffer;
  cell: number;
  table: SharedArrayBuffer;
  recording: SharedArrayBuffer | undefined;
  handover: SharedArrayBuffer;
}

/** What a worker is told to run. */
export interface Job {
  /** The id of the exposed function. */
  target: number;
  args: Packed;
}

/** A job that goes by message. */
export interface PostedJob extends Job {
  /**
   * Where the answer and what comes before it go. The thread can send them
   * without a turn of its event loop, which what it left behind may block.
   */
  port: MessagePort;
}

/** Asks for an answer that the worker holds. */
export interface Request {
  /** Where to send the port that the answer is in. */
  requester: MessagePort;
}

/** What a worker answers, before it ends the slot. */
export type Answer = { value: Packed } | { thrown: Packed };

/**
 * What goes through the port, under the key "message". Deno's
 * `receiveMessageOnPort` looks for ports in a message, element by element of
 * every array; into a Map it doesn't look.
 */
export type Envelope = Map<"message", Answer | Mail | MessagePort>;

/** What is sent to or from a thread while it runs. */
export interface Mail {
  mail: Packed;
}

/** More idle workers than these aren't kept. */
const MAX_IDLE = 32;
/** How long a worker may take to leave that has nothing more to do. */
const LEAVE_MS = 2000;

const idle: PooledWorker[] = [];

/**
 * `Worker` has no public `unref`. Its own one, which Deno's `node:worker_threads`
 * stands on, is the method under its one symbol that isn't for inspection.
 * Where it can't be found, idle workers are ended instead of kept.
 */
const setRef = Object.getOwnPropertySymbols(Worker.prototype)
  .filter((symbol) => !/inspect/i.test(symbol.description ?? ""))
  .map((symbol) => (Worker.prototype as never)[symbol] as unknown)
  .find((method): method is (this: Worker, ref: boolean) => void =>
    typeof method === "function" && method.length === 1
  );

/**
 * A worker that runs one thread after another. It never keeps the process from
 * ending; whoever waits for a thread does.
 */
export class PooledWorker {
  /** The cell that its threads block on. */
  readonly cell: number;
  readonly #modules: Set<string>;
  readonly #permissions: string;
  readonly #worker: Worker;
  /** Open while a thread runs whose job went by message, or to get an answer. */
  #port: MessagePort | undefined;
  readonly #handover: Handover;
  #onLost: ((reason: Error) => void) | undefined;

  constructor(permissions: WorkerPermissions, modules: Set<string>) {
    this.#modules = modules;
    this.#permissions = keyOf(permissions);
    this.#worker = newWorker(bootstrap(this.#modules), permissions);
    // What takes time comes now: the worker loads its modules meanwhile.
    this.#handover = new Handover();
    this.cell = allocateCell();
    setRef?.call(this.#worker, false);
    this.#worker.onerror = (event) => {
      // Unhandled, it would end the main thread.
      event.preventDefault();
      // The URL of the worker's first module is its whole text.
      const message = event.message.replaceAll(
        /data:text\/javascript,\S+/g,
        "",
      );
      this.#onLost?.(new Error(message));
    };
    const setup: Setup = {
      lot: parkingLot(),
      cell: this.cell,
      table: threadTable(),
      recording: recordingBuffer(),
      handover: this.#handover.buffer,
    };
    this.#worker.postMessage(setup);
  }

  /** An idle worker that knows the modules and has the permissions, or a new one. */
  static acquire(
    permissions: WorkerPermissions,
    modules: Set<string>,
  ): PooledWorker {
    const wanted = keyOf(permissions);
    for (;;) {
      const at = idle.findLastIndex((worker) =>
        worker.#permissions === wanted && modules.isSubsetOf(worker.#modules)
      );
      if (at < 0) return new PooledWorker(permissions, modules);
      const [worker] = idle.splice(at, 1);
      // It may have closed itself since, by a timer that was left.
      if (!worker.#handover.isGone) return worker;
      worker.#bury();
    }
  }

  /** Has a worker at hand that {@linkcode acquire} will give. */
  static prestart(permissions: WorkerPermissions): void {
    idle.push(PooledWorker.acquire(permissions, modulesToKnow()));
  }

  /**
   * Has the worker run the job, for the thread that has the slot; `onLost` is
   * told if the worker breaks down. Only with mail, or what can't go in shared
   * memory, is there a port between them.
   *
   * @returns False if the worker has closed itself just now.
   */
  run(
    slot: number,
    job: Job,
    hasMail: boolean,
    onLost: (reason: Error) => void,
  ): boolean {
    const transfer = transferList(job.args);
    const isPosted = hasMail || transfer.length > 0 || bringsMemory(job.args);
    if (isPosted || !this.#handover.put(job)) {
      const port = this.#connect();
      try {
        this.#worker.postMessage(
          { ...job, port } satisfies PostedJob,
          [port, ...transfer],
        );
      } catch (error) {
        port.close();
        throw error;
      }
      this.#handover.form = Form.POSTED;
    }
    this.#onLost = onLost;
    return this.#handover.assign(slot);
  }

  /** Tells a worker that awaits something to end its thread. */
  stop(): void {
    this.#worker.postMessage("stop");
  }

  /** Sends something to the thread that runs. */
  sendMail(mail: Packed): void {
    post(this.#worker, { mail } satisfies Mail, transferList(mail));
  }

  /** What the thread sent first of what was not taken yet. */
  takeMail(): Packed | undefined {
    const message = this.#receive();
    return message && "mail" in message ? message.mail : undefined;
  }

  /** Gets the answer here if the worker holds it, once its slot has ended. */
  async collect(): Promise<void> {
    if (this.#ask()) await this.#handover.handedOut();
  }

  /** The same, blocking; false if the deadline passed first. */
  collectSync(deadline: number): boolean {
    return !this.#ask() || this.#handover.handedOutSync(deadline);
  }

  /** The answer to the job, once it was collected; undefined if it got lost. */
  answer(): Answer | undefined {
    if (this.#handover.form === Form.BYTES) {
      return this.#handover.take() as Answer;
    }
    for (;;) {
      const message = this.#receive();
      if (message instanceof MessagePort) {
        this.#port!.close();
        this.#port = message;
      } else if (message === undefined || !("mail" in message)) {
        return message;
      }
    }
  }

  /** Asks for the answer, once, if the worker holds it. */
  #ask(): boolean {
    if (this.#handover.form !== Form.HELD) return false;
    if (this.#port === undefined) {
      const requester = this.#connect();
      this.#worker.postMessage({ requester } satisfies Request, [requester]);
    }
    return true;
  }

  /** Opens a port to this thread; returns the worker's end. */
  #connect(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    return port2;
  }

  #receive(): Answer | Mail | MessagePort | undefined {
    if (this.#port === undefined) return undefined;
    // Not imported: every program would start later for it.
    const { receiveMessageOnPort } = globalThis.process.getBuiltinModule(
      "node:worker_threads",
    );
    const received = receiveMessageOnPort(this.#port as never);
    return (received?.message as Envelope | undefined)?.get("message");
  }

  /** Has the worker run no other thread after the one that it runs. */
  setLast(): void {
    this.#handover.setLast();
  }

  /** Keeps the worker for another thread, if it can have one. */
  release(): void {
    this.#disconnect();
    if (this.#handover.isGone) return this.#bury();
    const isLast = this.#handover.isLast || isWornOut(this.cell);
    const most = setRef === undefined ? 0 : MAX_IDLE;
    if (!isLast && most > 0) idle.push(this);
    // The oldest may be one that nobody wants, for want of a module.
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
    if (await this.#handover.left(performance.now() + ms)) {
      this.#bury();
      return true;
    }
    desertCell(this.cell);
    this.#worker.terminate();
    return false;
  }

  /** Ends a worker that has broken down: it can't have left. */
  discard(): void {
    this.#disconnect();
    this.#worker.terminate();
    if (hasWaits(this.cell)) desertCell(this.cell);
    else releaseCell(this.cell);
  }

  /** Ends a worker that has left; its waiter can be another's. */
  #bury(): void {
    this.#disconnect();
    this.#worker.terminate();
    releaseCell(this.cell);
  }

  #disconnect(): void {
    this.#onLost = undefined;
    this.#port?.close();
    this.#port = undefined;
  }
}

/** Permissions as text; by entries, because an object may have its own text. */
function keyOf(permissions: WorkerPermissions): string {
  return JSON.stringify(Object.entries(permissions));
}

function newWorker(url: string, permissions: WorkerPermissions): Worker {
  try {
    return new Worker(url, {
      type: "module",
      name: WORKER_NAME,
      deno: { permissions },
    } as WorkerOptions);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    throw notCapable(permissions, error);
  }
}

/**
 * The worker's first module. The library comes first, so that it is in place
 * before any user's module runs. What is imported by a literal is read with the
 * parent's permissions, as long as it stands in the first module: the worker
 * needs none of its own. Users' modules are imported so that what they throw can
 * be caught, and told by shared memory: the main thread may block.
 */
function bootstrap(modules: Set<string>): string {
  const own = [serverUrl, ...modules.intersection(ownModules)].map((url) =>
    `import ${JSON.stringify(url)};`
  );
  const imports = [...modules.difference(ownModules)].map((url) =>
    `await import(${JSON.stringify(url)});`
  );
  const source = `${own.join("\n")}
globalThis[Symbol.for(${JSON.stringify(serveKey)})](async () => {
${imports.join("\n")}
});`;
  return `data:text/javascript,${encodeURIComponent(source)}`;
}
