// Functions that leave something behind. Each says how often functions of this
// module were called in its worker, and marks what still goes on in shared memory.

import {
  type Event as Flag,
  expose,
  Local,
  type Queue,
  sleep,
} from "../../mod.ts";

let calls = 0;

export function plain(): number {
  return ++calls;
}
export function large(): string {
  return `${++calls}${" ".repeat(200_000)}`;
}
export async function timed(): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 1));
  clearTimeout(setTimeout(() => {}, 60_000));
  return ++calls;
}
export function timeout(ticks: Int32Array): number {
  setTimeout(() => Atomics.add(ticks, 0, 1), 1);
  return ++calls;
}
export function interval(ticks: Int32Array): number {
  setInterval(() => Atomics.add(ticks, 0, 1), 1);
  return ++calls;
}
export function port(ticks: Int32Array): number {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    Atomics.add(ticks, 0, 1);
    port2.postMessage("again");
  };
  port2.postMessage("first");
  return ++calls;
}
export function broadcast(ticks: Int32Array): number {
  const channel = new BroadcastChannel("lab9 leftovers");
  channel.onmessage = () => Atomics.add(ticks, 0, 1);
  return ++calls;
}
export function wait(ticks: Int32Array, queue: Queue<number>): number {
  queue.get().then(() => Atomics.add(ticks, 0, 1), () => {});
  sleep(0.001).then(() => Atomics.add(ticks, 0, 1), () => {});
  return ++calls;
}
export function listen(ticks: Int32Array): number {
  const count = () => Atomics.add(ticks, 0, 1);
  addEventListener("left", count);
  self.addEventListener("left", { handleEvent: count });
  Object.assign(self, { onmessage: count });
  return ++calls;
}
export function listenToSignal(ticks: Int32Array, signal: AbortSignal): number {
  signal.addEventListener("abort", () => Atomics.add(ticks, 0, 1));
  return ++calls;
}
/** Waits for the abort of a signal that another thread has listened to. */
export async function awaitAbort(
  isWaiting: Flag,
  signal: AbortSignal,
): Promise<number> {
  const aborted = new Promise((resolve) =>
    signal.addEventListener("abort", resolve)
  );
  isWaiting.set();
  await aborted;
  return ++calls;
}
/** How often what another thread listened to is told. */
export function dispatch(): number {
  dispatchEvent(new Event("left"));
  dispatchEvent(new MessageEvent("message", { data: {} }));
  return ++calls;
}

/** Dispatches messages that are none of the library's. */
export function dispatchMessages(): number {
  const own = [5, null, "text", {}, { port: 1 }, { requester: 1 }, { mail: 1 }];
  for (const data of own) dispatchEvent(new MessageEvent("message", { data }));
  return ++calls;
}

/** The handler that the thread finds, and how often its own is called. */
export function handle(): unknown[] {
  const scope = self as { onmessage?: unknown };
  const found = scope.onmessage;
  let called = 0;
  scope.onmessage = () => called++;
  dispatchEvent(new MessageEvent("message", { data: {} }));
  return [found, called, ++calls];
}

const local = new Local<{ name?: string; count?: number }>();

/** What the thread finds in its local object, and leaves there. */
export function useLocal(name: string): unknown[] {
  const found = [local.name, "name" in local, Object.keys(local)];
  local.name = name;
  local.count = (local.count ?? 0) + 1;
  delete local.count;
  return [...found, { ...local }, ++calls];
}

let begun = 0;
const counted = new Local(() => [++begun]);
const valueless = new Local<number>();

/** What the thread finds as the local values, and how often it was asked for. */
export function useLocalValues(): unknown[] {
  const before = begun;
  const found = [valueless.value, counted.value === counted.value];
  counted.value.push(0);
  valueless.value = 5;
  return [...found, begun - before, counted.value.length, valueless.value];
}

expose(import.meta, {
  awaitAbort,
  broadcast,
  dispatch,
  dispatchMessages,
  interval,
  large,
  handle,
  listen,
  listenToSignal,
  plain,
  port,
  timed,
  timeout,
  useLocal,
  useLocalValues,
  wait,
});
