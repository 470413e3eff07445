/** What hosts do for the tests. */

import { AsyncLocalStorage } from "node:async_hooks";
import { expose } from "@lab9/concurrency";
import { helper } from "./helper.ts";

export function square(x: number): number {
  return x * x;
}

export async function squareLater(x: number): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 1));
  return x * x;
}

export async function squareSlowly(x: number): Promise<number> {
  await wait(0.01);
  return x * x;
}

export function power(base: number, exponent: number): number {
  return base ** exponent;
}

export function echo(value: unknown): unknown {
  return value;
}

export class Odd extends RangeError {
  override name = "Odd";
  constructor(readonly value: number) {
    super(`${value} is odd`);
  }
}

export function even(x: number): number {
  if (x % 2 === 1) throw new Odd(x);
  return x;
}

export function isError(value: unknown): boolean {
  return value instanceof Odd;
}

/** Calls a function that came along. */
export function call(fn: (x: number) => number, x: number): number {
  return fn(x);
}

export function give(): (x: number) => number {
  return square;
}

export const storage = new AsyncLocalStorage<string>();

export function held(): string | undefined {
  return storage.getStore();
}

export async function wait(seconds: number): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  return "waited";
}

export function compute(milliseconds: number): number {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
  return helper(milliseconds);
}

/** Says on the host's terminal that it has begun. */
export async function noteAndWait(
  [item, seconds]: readonly [item: number, seconds: number],
): Promise<number> {
  console.log(`begun ${item}`);
  await wait(seconds);
  return item;
}

/** Ends its worker, without a word. */
export function end(): never {
  self.close();
  throw new Error("not reached");
}

export function big(bytes: number): Uint8Array {
  return new Uint8Array(bytes);
}

export function size(bytes: Uint8Array): number {
  return bytes.length;
}

expose(import.meta, {
  square,
  squareLater,
  squareSlowly,
  power,
  echo,
  Odd,
  even,
  isError,
  call,
  give,
  storage,
  held,
  wait,
  noteAndWait,
  compute,
  end,
  big,
  size,
});
