// Copyright 2026 the lab9 authors. MIT license.

/**
 * The library. The labs import it by its name, which `labs/deno.json` maps to this file.
 * If the name were mapped to `mod.ts` itself, Deno would link the whole package.
 *
 * @module
 */

export * from "../../mod.ts";
