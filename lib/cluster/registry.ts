// Copyright 2026 the lab9 authors. MIT license.

import { now } from "../platform/platform.ts";
import type { Pace } from "./pace.ts";
import type { Store } from "./store.ts";

/** What a host writes for the pools. */
export interface HostEntry {
  /** How many chunks it runs at a time. */
  workers: number;
}

/** What a pool writes for the hosts. */
export interface PoolEntry {
  /** The ids of tasks that were called off while a host may run them. */
  calledOff: number[];
}

interface Entry {
  /** A counter. While it grows, the member is alive, whatever its clock says. */
  beat: number;
}

/** The queue whose fields are the hosts. The main queue's fields are the pools. */
function hostsQueue(name: string): string {
  return `${name}.hosts`;
}

/** The queue of a pool's answers. */
export function answersQueue(name: string, pool: string): string {
  return `${name}.${pool}`;
}

/** The id of a task's job. */
export function jobId(pool: string, id: number): string {
  return `${pool}-${id}`;
}

/** After so many beats a member removes what members that are gone have left. */
export const SWEEP_BEATS = 5;
/** A member that has missed so many beats may be gone. */
const SILENT_BEATS = 3;

const FIELDS = { pools: "lab9.pool.", hosts: "lab9.host." } as const;
type Kind = keyof typeof FIELDS;

/**
 * The members of one name, which are pools and hosts, as fields in the store. Each
 * member writes its own field at each beat. A member whose field hasn't changed for
 * a while is gone. The member that sees this removes what the other has left.
 */
export class Registry {
  #store: Store;
  #name: string;
  #field: string;
  #kind: Kind;
  #pace: Pace;
  #beat = 0;
  /** When each member's field was last seen to change. */
  #seen = new Map<string, { beat: number; at: number }>();

  constructor(
    store: Store,
    name: string,
    { kind, id, pace }: { kind: Kind; id: string; pace: Pace },
  ) {
    this.#store = store;
    this.#pace = pace;
    this.#name = name;
    this.#kind = kind;
    this.#field = FIELDS[kind] + id;
  }

  /** Writes this member's field. */
  async beat(entry: HostEntry | PoolEntry): Promise<void> {
    const text = JSON.stringify({ beat: ++this.#beat, ...entry });
    await this.#backend(this.#kind).setQueueMeta({ [this.#field]: text });
  }

  /** Removes this member's field. */
  async leave(): Promise<void> {
    await this.#backend(this.#kind).removeQueueMetaFields([this.#field]);
  }

  /** The hosts that are there, by their ids. */
  async hosts(): Promise<Map<string, HostEntry>> {
    return (await this.#read<HostEntry>("hosts")).alive;
  }

  /** The pools that are there, by their ids. */
  async pools(): Promise<Map<string, PoolEntry>> {
    return (await this.#read<PoolEntry>("pools")).alive;
  }

  /** Keeps the queues of the name, and removes what members that are gone have left. */
  async sweep(): Promise<void> {
    await this.#store.keep([this.#name, hostsQueue(this.#name)]);
    const hosts = await this.#read("hosts");
    await this.#remove("hosts", hosts.gone);
    const pools = await this.#read("pools");
    await this.#removePools(pools.gone);
  }

  /**
   * Removes everything of the name from the store if there are no other members. No
   * member may come later that would do it. So a member that has missed a few beats
   * counts as gone. If it isn't gone, it puts its jobs into the store again.
   */
  async clearIfLast(): Promise<void> {
    const patience = this.#pace.beat * SILENT_BEATS;
    const pools = await this.#read("pools", patience);
    const hosts = await this.#read("hosts", patience);
    if (pools.alive.size + hosts.alive.size > 0) return;
    await this.#removePools(pools.gone);
    await this.#remove("hosts", hosts.gone);
    await this.#store.jobs.obliterate({ force: true });
  }

  async #removePools(pools: string[]): Promise<void> {
    for (const pool of pools) await this.#clear(pool);
    await this.#remove("pools", pools);
  }

  async #clear(pool: string): Promise<void> {
    const answers = this.#store.queue(answersQueue(this.#name, pool));
    await answers.obliterate({ force: true });
    const { jobs } = this.#store;
    for (const job of await jobs.getJobs(["waiting", "failed"])) {
      if (job?.id?.startsWith(`${pool}-`)) await jobs.remove(job.id);
    }
  }

  async #remove(kind: Kind, ids: string[]): Promise<void> {
    if (ids.length === 0) return;
    const fields = ids.map((id) => FIELDS[kind] + id);
    for (const field of fields) this.#seen.delete(field);
    await this.#backend(kind).removeQueueMetaFields(fields);
  }

  async #read<E>(
    kind: Kind,
    patience = this.#pace.gone,
  ): Promise<{ alive: Map<string, E>; gone: string[] }> {
    const fields = await this.#backend(kind).getQueueMeta();
    const alive = new Map<string, E>();
    const gone: string[] = [];
    for (const [field, text] of Object.entries(fields)) {
      if (!field.startsWith(FIELDS[kind])) continue;
      const id = field.slice(FIELDS[kind].length);
      const entry = parse<E & Entry>(text);
      if (entry === undefined || this.#isGone(field, entry, patience)) {
        gone.push(id);
      } else alive.set(id, entry);
    }
    return { alive, gone };
  }

  #isGone(field: string, { beat }: Entry, patience: number): boolean {
    if (field === this.#field) return false;
    const seen = this.#seen.get(field);
    if (seen?.beat === beat) return now() - seen.at > patience;
    this.#seen.set(field, { beat, at: now() });
    return false;
  }

  #backend(kind: Kind) {
    const { jobs } = this.#store;
    return kind === "pools"
      ? jobs.backend
      : jobs.backend.forQueue(hostsQueue(this.#name));
  }
}

function parse<E extends Entry>(text: string): E | undefined {
  try {
    const entry = JSON.parse(text);
    return Number.isSafeInteger(entry?.beat) ? entry : undefined;
  } catch {
    return undefined;
  }
}
