// Copyright 2026 the lab9 authors. MIT license.

/**
 * What the reader has set. Each value stands in the page's address, unless it is
 * the usual one, so that a link leads to the same state.
 *
 * @module
 */

import { effect, type Signal, signal } from "@preact/signals";
import type { CellContext } from "../../notebook/cells.ts";
import { SWITCH_INTERVAL } from "../../notebook/flags.ts";
import type { PageLab } from "./labs.ts";

/** Whether the gil lab has its lock. */
export const hasGil: Signal<boolean> = signal(true);
/** Milliseconds. */
export const switchInterval: Signal<number> = signal(SWITCH_INTERVAL * 1000);
/** How many workers labs have; 0 for as many as each has by itself. */
export const workers: Signal<number> = signal(0);
/** Whether sleeps are shorter and items fewer. */
export const isQuick: Signal<boolean> = signal(false);
/** How many seconds threads sleep; 0 for as many as the lab says. */
export const seconds: Signal<number> = signal(0);
/** How many items there are; 0 for as many as the lab says. */
export const items: Signal<number> = signal(0);
/** Whether cells that are compared have one time axis. */
export const hasSharedAxis: Signal<boolean> = signal(true);

const MOST_WORKERS = 64;
const LONGEST_SLEEP = 60;
const MOST_ITEMS = 100_000;
const LONGEST_INTERVAL = 60_000;

/** A number that the reader gave, or the usual one. */
export function clamped(text: string, most: number, usual: number): number {
  const number = Number(text);
  return text !== "" && number > 0 ? Math.min(number, most) : usual;
}

/** Reads the number of workers. */
export function readWorkers(text: string): number {
  return Math.ceil(clamped(text, MOST_WORKERS, 0));
}

/** Reads the switch interval. */
export function readInterval(text: string): number {
  return clamped(text, LONGEST_INTERVAL, SWITCH_INTERVAL * 1000);
}

/** Reads how long threads sleep. */
export function readSeconds(text: string): number {
  return clamped(text, LONGEST_SLEEP, 0);
}

/** Reads the number of items. */
export function readItems(text: string): number {
  return Math.ceil(clamped(text, MOST_ITEMS, 0));
}

function readAddress(): void {
  const found = new URLSearchParams(location.search);
  hasGil.value = found.get("gil") !== "off";
  switchInterval.value = readInterval(found.get("interval") ?? "");
  workers.value = readWorkers(found.get("workers") ?? "");
  seconds.value = readSeconds(found.get("sleep") ?? "");
  items.value = readItems(found.get("items") ?? "");
  isQuick.value = found.has("quick");
  hasSharedAxis.value = found.get("axis") !== "own";
}

function writeAddress(): void {
  const found = new URLSearchParams();
  if (!hasGil.value) found.set("gil", "off");
  if (switchInterval.value !== SWITCH_INTERVAL * 1000) {
    found.set("interval", `${switchInterval.value}`);
  }
  if (workers.value !== 0) found.set("workers", `${workers.value}`);
  if (seconds.value !== 0) found.set("sleep", `${seconds.value}`);
  if (items.value !== 0) found.set("items", `${items.value}`);
  if (isQuick.value) found.set("quick", "");
  if (!hasSharedAxis.value) found.set("axis", "own");
  const query = `${found}`.replace(/=(?=&|$)/g, "");
  const address = location.pathname + (query && `?${query}`) + location.hash;
  history.replaceState(null, "", address);
}

/** Keeps the settings and the address the same. */
export function followAddress(): void {
  readAddress();
  globalThis.addEventListener("popstate", readAddress);
  effect(writeAddress);
}

/** What a lab's cells are told. The number of workers is one that it runs with. */
export function contextFor(lab: PageLab): CellContext {
  const [least, most] = lab.workersRange;
  return {
    workers: workers.value === 0
      ? lab.workers
      : Math.min(Math.max(workers.value, least), most),
    quick: isQuick.value,
    switchInterval: hasGil.value ? switchInterval.value / 1000 : null,
    ...seconds.value === 0 ? {} : { seconds: seconds.value },
    ...items.value === 0 ? {} : { items: items.value },
  };
}
