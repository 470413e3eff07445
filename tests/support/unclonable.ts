/** What a copy would leave nothing of. @module */

import { expose, Lock, RWLock, Semaphore } from "../../mod.ts";
import * as namespace from "./namespace.ts";

class Source extends EventTarget {
  visible = 1;
}

class Connection {
  #address = "localhost";

  [Symbol.dispose](): void {
    this.#address = "";
  }
}

export const unclonable: Record<string, () => unknown> = {
  URL: () => new URL("https://deno.com"),
  Headers: () => new Headers({ a: "1" }),
  "Headers with a property": () => Object.assign(new Headers(), { a: 1 }),
  Request: () => new Request("https://deno.com"),
  Response: () => new Response("body"),
  FormData: () => new FormData(),
  URLSearchParams: () => new URLSearchParams("a=1"),
  URLPattern: () => new URLPattern({ pathname: "/a" }),
  AbortController: () => new AbortController(),
  EventTarget: () => new EventTarget(),
  "a class that extends EventTarget": () => new Source(),
  Event: () => new Event("click"),
  CustomEvent: () => new CustomEvent("click", { detail: 1 }),
  TextEncoder: () => new TextEncoder(),
  "Deno.Command": () => new Deno.Command("none"),
  crypto: () => crypto,
  Math: () => Math,
  JSON: () => JSON,
  WeakMap: () => new WeakMap(),
  WeakRef: () => new WeakRef({}),
  Promise: () => Promise.resolve(),
  Proxy: () => new Proxy({ a: 1 }, {}),
  generator: () => (function* () {})(),
  iterator: () => [1].values(),
  Intl: () => new Intl.NumberFormat(),
  symbol: () => Symbol("s"),
  "an iterator over Headers": () => new Headers().entries(),
  "an iterator over FormData": () => new FormData().keys(),
  "Deno.stdin": () => Deno.stdin,
  "Deno.stderr": () => Deno.stderr,
  "what has to be closed": () => new Connection(),
  "a Lock's hold": () => new Lock().acquireSync(),
  "an RWLock's hold for reading": () => new RWLock().acquireReadSync(),
  "an RWLock's hold for writing": () => new RWLock().acquireWriteSync(),
  "a permit": () => new Semaphore().acquireSync(),
  "a module": () => namespace,
};

/** In a list, because some are promises, and what is in them would be sent. */
export function make(kind: string): unknown[] {
  return [unclonable[kind]()];
}
export function makeWithMemory(kind: string): unknown[] {
  return [{ inside: new Map([["a", unclonable[kind]()]]) }, memory()];
}
export function echo(value: unknown): unknown {
  return value;
}
export function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value);
}
export function nest(levels: number, isShared: boolean): unknown {
  let value: unknown = isShared ? memory() : [];
  for (let i = 1; i < levels; i++) value = [value];
  return value;
}
function memory(): SharedArrayBuffer {
  return new SharedArrayBuffer(8);
}

expose(import.meta, { echo, make, makeWithMemory, nest, tagOf });
