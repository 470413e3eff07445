// Copyright 2026 the lab9 authors. MIT license.

/**
 * The line of a thread of a schedule. The explorer answers in place of the main thread; see
 * `service.ts`. To the library it looks like the line of any worker (see `thread/line.ts`),
 * but the answer is there at once.
 *
 * Each message is sent with the numbers of the memory in it.
 *
 * @module
 */

import {
  callExplorer,
  isActive,
  learnMemory,
  memoryOf,
  unwatched,
} from "./instrument.ts";
import { Unwound } from "./board.ts";
import { findMemory, type NumberedMemory } from "./memories.ts";
import type { Packed } from "../codec/packing.ts";
import { nextMessage, watchMessages } from "../platform/platform.ts";
import { desertWaiter, stopThread } from "../sync/waiters.ts";
import type { Handover } from "../thread/handover.ts";
import type {
  Answer,
  Ask,
  LineRequest,
  Note,
  StartRequest,
} from "../thread/messages.ts";
import { aliveSlots, Outcome } from "../thread/thread_table.ts";

/** A request of a thread that only the explorer can answer. */
export type OwnAsk = "mail" | "orphans" | { stopped: number[] };

/** A message of a thread. */
export type Sent =
  | Note
  | { answer: Answer }
  | { number: number; ask: Ask; done?: boolean }
  | { asks: OwnAsk };

/** A message to a thread, which it reads in one of its turns. */
export type Letter = "stop" | { mail: Packed };

/** A thread's line. */
export class ThreadLine {
  /** The port, whose `postMessage` is replaced. */
  readonly port: MessagePort;
  readonly #post: MessagePort["postMessage"];
  /** Whether the thread has started workers of pools. */
  hasPools = false;
  /** Replaces the handover, in which the library counts answers. */
  readonly handover: Handover;

  constructor(port: MessagePort) {
    this.port = port;
    this.#post = port.postMessage.bind(port);
    Object.defineProperty(port, "postMessage", {
      value: (message: Map<"message", Note | LineRequest>, transfer = []) =>
        this.#sendOn(message.get("message")!, transfer),
    });
    watchMessages(learnFrom);
    let deliveries = 0;
    this.handover = {
      get deliveries() {
        return deliveries;
      },
      deliveredSync: (before: number) => deliveries !== before,
      noteSent() {
        callExplorer();
        deliveries++;
      },
    } as unknown as Handover;
  }

  /** Sends the thread's report. */
  report(report: object): void {
    this.#post(new Map([["message", report]]));
  }

  /**
   * Sends something, with the memory in it.
   *
   * @throws {Unwound} If no schedule runs here, so that there would be no answer.
   */
  send(message: Sent, transfer: Transferable[] = []): void {
    if (!isActive()) throw new Unwound();
    const plain = unwatched(message);
    const memories = new Map<SharedArrayBuffer, number>();
    findMemory(plain, memories, memoryOf);
    const envelope = new Map<string, unknown>([
      ["message", plain],
      ["memories", [...memories]],
    ]);
    // Even for an empty list, Deno loads its streams.
    if (transfer.length === 0) this.#post(envelope);
    else this.#post(envelope, transfer);
  }

  /** Asks the explorer for something that a main thread couldn't answer. */
  ask(asks: OwnAsk): unknown {
    this.send({ asks });
    callExplorer();
    for (;;) {
      const { message } = nextMessage(this.port) as {
        message: Map<string, unknown>;
      };
      // Answers before it are for a thread that has ended.
      if (message.has("own")) return message.get("own");
    }
  }

  /** Ends the workers of the thread's pools, when the thread has ended. */
  leavePools(): void {
    if (!this.hasPools) return;
    this.hasPools = false;
    const orphans = this.ask("orphans") as [ident: number, waiter: number][];
    for (const [, waiter] of orphans) stopThread(waiter);
    if (orphans.length === 0) return;
    this.ask({ stopped: orphans.map(([ident]) => ident) });
  }

  #sendOn(message: Note | LineRequest, transfer: Transferable[]): void {
    if (!("ask" in message)) return this.send(message, transfer);
    const { number, ask } = message;
    if ("starts" in ask && ask.starts.isPools) this.hasPools = true;
    const done = "does" in ask ? carryOut(ask) : undefined;
    this.send({ number, ask, done }, transfer);
  }
}

function learnFrom(message: unknown): void {
  if (!(message instanceof Map)) return;
  const memories = message.get("memories") as NumberedMemory[] | undefined;
  if (memories !== undefined) learnMemory(memories);
}

/**
 * Changes shared memory as the main thread would. In the main thread, the change would be
 * no step of the schedule.
 */
function carryOut(
  { does, of }: Exclude<StartRequest, { starts: unknown }>,
): boolean | undefined {
  if (does !== "stop" && does !== "give up") return undefined;
  const slot = aliveSlots().find(({ ident }) => ident === of);
  if (slot === undefined) return false;
  if (does === "stop") return stopThread(slot.waiter);
  if (!slot.end(Outcome.LOST)) return false;
  desertWaiter(slot.waiter);
  return true;
}
