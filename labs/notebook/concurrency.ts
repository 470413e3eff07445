// Copyright 2026 the lab9 authors. MIT license.

/**
 * The library, under the name that the labs import it by. `labs/deno.json` maps
 * the name to this file, because Deno would link the whole package for a path to
 * `mod.ts` itself.
 *
 * @module
 */

export * from "../../mod.ts";
