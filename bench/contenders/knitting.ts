// Copyright 2026 the lab9 authors. MIT license.

/**
 * knitting, from a checkout of it: the last argument names its folder. Its workers
 * load this module, too, and find the functions by their exports.
 *
 * @module
 */

import { contend, poolRoles, type TaskPool } from "../contend.ts";
import {
  affineChunk,
  type Chunk,
  echo as give,
  tinyTask as task,
} from "../work.ts";

export const tinyTask = (x: number): number => task(x);
export const echo = (value: unknown): unknown => give(value);
export const runChunk = (chunk: Chunk): Chunk => affineChunk(chunk);

const folder = Deno.args[2];
const { createPool, isMain } = await import(
  new URL(`${folder}/knitting.ts`, `file://${Deno.cwd()}/`).href
);

if (isMain) {
  await contend(poolRoles((workers): TaskPool => {
    const { call } = createPool({ threads: workers })({
      tinyTask,
      runChunk,
      echo,
    });
    return { run: call.tinyTask, runChunk: call.runChunk, echo: call.echo };
  }));
}
