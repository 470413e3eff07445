// Copyright 2026 the lab9 authors. MIT license.

import type { Options } from "../cli.ts";
import type { LabResult } from "../result.ts";
import { UsageError } from "../usage_error.ts";
import { toJunit } from "./junit.ts";
import { markOf } from "./mark.ts";
import { sourcesOf } from "./source.ts";
import { reportText, svgFiles, traceText } from "./pictures.ts";

/** The flags that name a file. */
const FLAGS = ["junit", "trace", "report"] as const;

type Flag = (typeof FLAGS)[number] | "svg";

/** How many bytes are read to find out whether a file is an earlier output. */
const BEGINNING = 400;

/**
 * Checks before any lab runs that the files can be written, and that no other file would
 * be overwritten.
 *
 * @param options The flags.
 * @param ids The chosen cells.
 * @throws {UsageError} If a file can't be written, or holds something else.
 */
export async function checkFiles(
  options: Options,
  ids: string[],
): Promise<void> {
  const { svg, force } = options;
  const flags = new Map<string, Flag>();
  for (const flag of FLAGS) {
    const path = options[flag];
    if (path === undefined) continue;
    await check(flag, path, force);
    await attempt(flag, path, () => tryToWrite(path));
    const file = await realFile(path);
    const other = flags.get(file);
    if (other !== undefined) refuse(flag, path, `--${other} writes it, too`);
    flags.set(file, flag);
  }
  if (svg === undefined) return;
  await checkPlace("svg", svg, svg);
  const info = await Deno.stat(svg).catch(() => undefined);
  if (info?.isDirectory === false) refuse("svg", svg, "it isn't a folder");
  await attempt("svg", svg, () => Deno.mkdir(svg, { recursive: true }));
  for await (const { name } of Deno.readDir(svg)) {
    const [, id] = /^([a-z]+-\w+?)(?:-\d{1,9})?\.svg$/.exec(name) ?? [];
    const isMeant = ids.some((known) => known.replace(":", "-") === id);
    if (isMeant) await check("svg", `${svg}/${name}`, force);
  }
}

/**
 * Writes the files of the flags.
 *
 * @param options The flags.
 * @param results The runs of the labs.
 * @throws {UsageError} If a file can't be written.
 */
export async function writeFiles(
  { junit, svg, trace, report, force }: Options,
  results: LabResult[],
): Promise<void> {
  const write = async (flag: Flag, path: string, text: string) => {
    await check(flag, path, force);
    await attempt(flag, path, () => replace(path, text));
  };
  if (junit !== undefined) await write("junit", junit, toJunit(results));
  if (trace !== undefined) await write("trace", trace, traceText(results));
  if (report !== undefined) {
    const text = reportText(results, await codesOf(results));
    await write("report", report, text);
  }
  if (svg === undefined) return;
  for (const { path, text } of svgFiles(svg, results)) {
    await write("svg", path, text);
  }
}

/** The code of the cells, if the lab is a module of this project. */
async function codesOf(results: LabResult[]): Promise<Map<string, string>> {
  const codes = new Map<string, string>();
  for (const { lab } of new Set(results.map(({ lab }) => lab))) {
    const module = new URL(`../../${lab}.ts`, import.meta.url);
    const text = await Deno.readTextFile(module).catch(() => "");
    for (const [number, code] of sourcesOf(text)) {
      codes.set(`${lab}:${number}`, code);
    }
  }
  return codes;
}

/** Refuses a file outside the project, and one that holds something else. */
async function check(flag: Flag, path: string, force: boolean): Promise<void> {
  await checkPlace(flag, parentOf(path), path);
  const info = await infoOf(flag, path, path);
  if (info === undefined) return;
  if (!info.isFile) refuse(flag, path, "it isn't a file");
  if (force || info.size === 0) return;
  if ((await beginningOf(path)).includes(markOf(flag))) return;
  refuse(flag, path, "it holds something else; --force overwrites it");
}

const OUTSIDE = "it is outside this project";

/** Refuses a path whose folder is outside the project, also through a link. */
async function checkPlace(
  flag: Flag,
  folder: string,
  path: string,
): Promise<void> {
  // If the folder doesn't exist yet, its parent is checked.
  let existing = folder;
  while (await infoOf(flag, existing, path) === undefined) {
    if (flag !== "svg") refuse(flag, folder, "there is no such folder");
    existing = parentOf(existing);
  }
  const project = slashed(await Deno.realPath("."));
  const real = await Deno.realPath(existing).then(slashed, () => undefined);
  if (real === project || real?.startsWith(`${project}/`)) return;
  refuse(flag, path, OUTSIDE);
}

/** On Windows, both slashes separate folders. */
function slashed(path: string): string {
  return Deno.build.os === "windows" ? path.replaceAll("\\", "/") : path;
}

function parentOf(path: string): string {
  const slash = slashed(path).lastIndexOf("/");
  if (slash < 0) return ".";
  return path.slice(0, slash) || "/";
}

/** A file's path without links: two paths may lead to one file. */
async function realFile(path: string): Promise<string> {
  const folder = slashed(await Deno.realPath(parentOf(path)));
  return `${folder}/${slashed(path).split("/").at(-1)}`;
}

/** Information about the file at a path; undefined if there is none. */
async function infoOf(
  flag: Flag,
  path: string,
  shown: string,
): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    refuse(flag, shown, OUTSIDE);
  }
}

async function beginningOf(path: string): Promise<string> {
  using file = await Deno.open(path);
  const bytes = new Uint8Array(BEGINNING);
  const length = await file.read(bytes) ?? 0;
  return new TextDecoder().decode(bytes.subarray(0, length));
}

async function tryToWrite(path: string): Promise<void> {
  const made = temporary(path);
  await Deno.writeTextFile(made, "");
  await Deno.remove(made);
}

/** Replaces a file in one step, without following a link. So there is never half a file. */
async function replace(path: string, text: string): Promise<void> {
  const made = temporary(path);
  try {
    await Deno.writeTextFile(made, text);
    await Deno.rename(made, path);
  } catch (error) {
    await Deno.remove(made).catch(() => {});
    throw error;
  }
}

function temporary(path: string): string {
  return `${path}.${crypto.randomUUID()}.tmp`;
}

async function attempt(
  flag: Flag,
  path: string,
  action: () => Promise<void>,
): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    refuse(flag, path, error.message);
  }
}

function refuse(flag: Flag, path: string, why: string): never {
  throw new UsageError(`Cannot write --${flag} '${path}': ${why}`);
}
