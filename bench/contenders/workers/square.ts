// Copyright 2026 the lab9 authors. MIT license.

/** In a worker, the global scope is its end of the channel. */
declare const self: Worker;

self.onmessage = ({ data }) => self.postMessage(data * data);

export {};
