// Copyright 2026 the lab9 authors. MIT license.

/**
 * The two ends of a channel by hand: the first message brings the port, each
 * other says how many items to send or to receive.
 *
 * @module
 */

import { itemMaker, type Kind, now, weigherOf } from "../../work.ts";

/** In a worker, the global scope is its end of the channel. */
declare const self: Worker;

interface End {
  role: "produce" | "consume";
  port: MessagePort;
  kind: Kind;
  size: number;
}

self.onmessage = ({ data }: MessageEvent<End>) => {
  if (data.role === "produce") produce(data);
  else consume(data);
};

function produce({ port, kind, size }: End): void {
  const make = itemMaker(kind, size);
  self.onmessage = ({ data: count }: MessageEvent<number>) => {
    const start = now();
    for (let i = 0; i < count; i++) port.postMessage(make(i));
    self.postMessage(start);
  };
}

function consume({ port, kind }: End): void {
  const weigh = weigherOf(kind);
  let weight = 0;
  let left = 0;
  port.onmessage = ({ data }) => {
    weight += weigh(data);
    if (--left === 0) self.postMessage([now(), weight]);
  };
  self.onmessage = ({ data: count }: MessageEvent<number>) => {
    [weight, left] = [0, count];
    self.postMessage("ready");
  };
}
