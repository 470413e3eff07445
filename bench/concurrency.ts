// Copyright 2026 the lab9 authors. MIT license.

/**
 * The library, under the name that the labs import it by: `bench/deno.json` maps
 * the name to this file, as `labs/deno.json` does to one of its own.
 *
 * @module
 */

export * from "../mod.ts";
