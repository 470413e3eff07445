// Copyright 2026 the lab9 authors. MIT license.

/**
 * The explorer, under the name that the labs import it by; see `concurrency.ts`.
 *
 * @module
 */

export * from "../../lib/explore.ts";
