// Copyright 2026 the lab9 authors. MIT license.

import { now } from "../platform/platform.ts";
import { Waits } from "../pool/waits.ts";
import type { Pace } from "./pace.ts";
import { Pulse } from "./pulse.ts";
import {
  answersQueue,
  type HostEntry,
  Registry,
  SWEEP_BEATS,
} from "./registry.ts";
import type { Store } from "./store.ts";

/** A pool with tasks prints a warning if it has had no hosts for so long. */
export const NO_HOST_MS = 5000;
/** How long a pool's entry names a task that was called off. */
const CALLED_OFF_MS = 30_000;
/** The least time between two warnings of the same kind. */
const WARNING_MS = 60_000;

/** What a membership needs to know of its pool. */
export interface MembershipOptions {
  /** The name that the pool and its hosts have in common. */
  name: string;
  /** The pool's own id. */
  id: string;
  pace: Pace;
  /** Whether a task is pending. */
  hasTasks: () => boolean;
  /** The ids of the pool's jobs in the store. */
  jobIds: () => string[];
  /** Called at every beat, when the hosts are known. */
  onBeat: () => Promise<void>;
}

/**
 * A pool among the hosts of its name. At every beat it tells the hosts that it is
 * there and which tasks were called off, learns which hosts are there, and now and
 * then removes what members that are gone have left.
 */
export class Membership {
  #store: Store;
  #options: MembershipOptions;
  #registry: Registry;
  #pulse: Pulse | undefined;
  #beats = 0;
  #hosts: ReadonlyMap<string, HostEntry> = new Map();
  /** The tasks that were called off while a host may run them, and when. */
  #calledOff = new Map<number, number>();
  #changes = new Waits();
  #noHostSince = now();
  #lastTrouble = -Infinity;
  #hasStopped = false;

  constructor(store: Store, options: MembershipOptions) {
    const { name, id, pace } = options;
    this.#store = store;
    this.#options = options;
    this.#registry = new Registry(store, name, { kind: "pools", id, pace });
    store.onError = (message) => this.#warnOfTrouble(message);
  }

  /** How many workers the hosts have that are known. */
  get workers(): number {
    let sum = 0;
    for (const { workers } of this.#hosts.values()) sum += workers;
    return sum;
  }

  /** Enters the pool in the store, and learns which hosts are there. */
  async join(): Promise<void> {
    await this.#registry.beat({ calledOff: [] });
    this.#hosts = await this.#registry.hosts();
  }

  /** Begins to beat. */
  start(): void {
    this.#pulse = new Pulse(this.#options.pace.beat, () => this.#beat());
  }

  /** Beats no more. */
  stop(): void {
    this.#hasStopped = true;
    this.#pulse?.stop();
    this.#changes.wakeAll();
  }

  /** Removes the pool from the store, and everything of the name if it is the last. */
  async leave(): Promise<void> {
    const { name, id } = this.#options;
    // A beat that runs would enter the pool in the store once more.
    await this.#pulse?.ended;
    await this.#registry.leave();
    await this.#store.queue(answersQueue(name, id)).obliterate({ force: true });
    await this.#registry.clearIfLast();
  }

  /** Tells the hosts at once that a task was called off. */
  callOff(task: number): void {
    this.#calledOff.set(task, now());
    this.#pulse?.now();
  }

  /**
   * Resolves when a host is there.
   *
   * @param check Throws if the pool has ended.
   */
  async ready(check: () => void): Promise<void> {
    await this.#changes.until(
      () => {
        check();
        return this.workers > 0;
      },
      { action: "wait for pool", state: "it had no workers" },
    );
  }

  async #beat(): Promise<void> {
    try {
      await this.#store.check();
      this.#forgetCalledOff();
      await this.#registry.beat({ calledOff: [...this.#calledOff.keys()] });
      this.#hosts = await this.#registry.hosts();
      this.#onHosts();
      await this.#options.onBeat();
      if (++this.#beats % SWEEP_BEATS === 0) await this.#sweep();
    } catch (error) {
      if (!this.#hasStopped) this.#warnOfTrouble(String(error));
    }
  }

  #onHosts(): void {
    if (this.workers > 0) {
      this.#noHostSince = Infinity;
      return this.#changes.wakeAll();
    }
    if (this.#noHostSince === Infinity) this.#noHostSince = now();
    if (!this.#options.hasTasks()) return;
    if (now() - this.#noHostSince < NO_HOST_MS) return;
    this.#noHostSince = now() + WARNING_MS;
    const { name } = this.#options;
    console.warn(
      `The pool '${name}' waits for workers: no host has joined it yet`,
    );
  }

  async #sweep(): Promise<void> {
    const { name, id, jobIds } = this.#options;
    await this.#store.keep([answersQueue(name, id)], jobIds());
    await this.#registry.sweep();
  }

  #forgetCalledOff(): void {
    for (const [task, time] of this.#calledOff) {
      if (now() - time > CALLED_OFF_MS) this.#calledOff.delete(task);
    }
  }

  #warnOfTrouble(message: string): void {
    if (now() - this.#lastTrouble < WARNING_MS) return;
    this.#lastTrouble = now();
    const { name } = this.#options;
    const text = this.#store.redact(message);
    console.warn(`The pool '${name}' has trouble with its store: ${text}`);
  }
}
