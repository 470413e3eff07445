// Copyright 2026 the lab9 authors. MIT license.

import { now } from "../../work.ts";

/** In a worker, the global scope is its end of the channel. */
declare const self: Worker;

self.postMessage(now());
