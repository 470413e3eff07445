// Copyright 2026 the lab9 authors. MIT license.

import { now } from "../platform/platform.ts";
import type { Pace } from "./pace.ts";
import type { Store } from "./store.ts";

/** What a host tells the others. */
export interface HostEntry {
  /** How many chunks it does at a time. */
  workers: number;
}

/** What a pool tells the hosts. */
export interface PoolEntry {
  /** Tasks that hosts may be at, and that nobody wants any more. */
  calledOff: number[];
}

interface Entry {
  /** Counts on, so that others see that it is alive, whatever their clocks say. */
  beat: number;
}

/** The queue whose fields are the hosts. Those of the main queue are the pools. */
export function hostsQueue(name: string): string {
  return `${name}.hosts`;
}

/** The queue that a pool's answers come through. */
export function answersQueue(name: string, pool: string): string {
  return `${name}.${pool}`;
}

/** The id of a task's job. */
export function jobId(pool: string, id: number): string {
  return `${pool}-${id}`;
}

/** After so many beats without a word a member may be gone. */
const SILENT_BEATS = 3;

const FIELDS = { pools: "lab9.pool.", hosts: "lab9.host." } as const;
type Kind = keyof typeof FIELDS;

/**
 * Who is there: pools and hosts of one name, as fields in the store. Each writes
 * its own field again and again. One whose field hasn't changed for a while is
 * gone; whoever sees that removes what it has left.
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

  /** Writes the own field. */
  async beat(entry: HostEntry | PoolEntry): Promise<void> {
    const text = JSON.stringify({ beat: ++this.#beat, ...entry });
    await this.#backend(this.#kind).setQueueMeta({ [this.#field]: text });
  }

  /** Removes the own field. */
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

  /** Removes what pools and hosts that are gone have left. */
  async sweep(): Promise<void> {
    await this.#store.keep([this.#name, hostsQueue(this.#name)]);
    const hosts = await this.#read("hosts");
    await this.#remove("hosts", hosts.gone);
    const pools = await this.#read("pools");
    await this.#removePools(pools.gone);
  }

  /**
   * Removes everything of the name, if nobody is there. Nobody may come later who
   * does, so that who has been silent for a while counts as gone. If that is
   * wrong, the pools put their jobs into the store again.
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
