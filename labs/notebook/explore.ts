// Copyright 2026 the lab9 authors. MIT license.

/**
 * The explorer. The labs import it by its name; see `concurrency.ts`.
 *
 * @module
 */

export * from "../../lib/explore.ts";
