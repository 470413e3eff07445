// Copyright 2026 the lab9 authors. MIT license.

/** The flags of a program. */
export interface FlagNames {
  /** The flags with a value. */
  string: string[];
  /** The flags without a value. */
  boolean: string[];
}

/**
 * Finds a mistake in a command line, before it is parsed: an unknown flag, a flag that
 * stands twice, one without its value, or one with a value that takes none.
 *
 * @param args The command line.
 * @param names The flags.
 * @returns The mistake, as a sentence; undefined if there is none.
 */
export function mistakeIn(
  args: string[],
  { string, boolean }: FlagNames,
): string | undefined {
  const seen = new Set<string>();
  for (let i = 0; i < args.length && args[i] !== "--"; i++) {
    const arg = args[i];
    if (!arg.startsWith("-") || arg === "-") continue;
    const [, name, value] = /^--([^=]+)(?:=(.*))?$/s.exec(arg) ??
      (arg === "-h" ? ["", "help"] : []);
    const takes = name !== undefined && string.includes(name);
    if (name === undefined || !takes && !boolean.includes(name)) {
      const all = [...string, ...boolean].map((name) => `--${name}`);
      const others = all.slice(0, -1).join(", ");
      return `Unknown flag '${arg}': the ` +
        (others ? `flags are ${others} and ` : "only flag is ") + all.at(-1);
    }
    if (seen.has(name)) return `Cannot take --${name} twice`;
    seen.add(name);
    if (!takes && value !== undefined) {
      return `Cannot take --${name} with '${value}': it has no value`;
    }
    if (!takes) continue;
    // The next word is the value, unless it looks like a flag.
    const isNext = value === undefined && !args[i + 1]?.startsWith("-");
    const given = isNext ? args[++i] : value;
    if (!given) return `Cannot take --${name} without a value`;
  }
}

/** A word as it is written in a shell, in quotes if it needs them. */
export function quoted(word: string): string {
  if (/^[\w./,=+@%:-]+$/.test(word)) return word;
  return `"${word.replace(/["\\$`]/g, "\\$&")}"`;
}

/** A file in the folder that a command runs in, as a word of the command. */
export function fileWord(file: string): string {
  // Deno would take it for a flag, or for a URL.
  return quoted(/^-|:/.test(file) ? `./${file}` : file);
}

/** The command that runs a file which runs itself in threads. */
export function threadCommand(file: string): string {
  // Deno reads a comma as the end of a path.
  const path = file.includes(",") ? "." : file;
  const read = quoted(`--allow-read=${path}`);
  return `deno run --no-prompt --unstable-worker-options ${read} ${
    fileWord(file)
  }`;
}

/** Python's switch interval, in seconds. */
export const SWITCH_INTERVAL = 0.005;

/** A mistake in a flag's value. */
export class FlagError extends Error {}

/** Reads `--workers`: from 1 to 64, or within the range of a lab. */
export function readWorkers(text: string, [least, most] = [1, 64]): number {
  const workers = Number(text);
  if (/^\d{1,9}$/.test(text) && workers >= least && workers <= most) {
    return workers;
  }
  throw new FlagError(
    `Cannot run with --workers '${text}': it must be a number from ${least} ` +
      `to ${most}`,
  );
}

/** Reads `--switch-interval`, in seconds. */
export function readSwitchInterval(text: string): number {
  const seconds = Number(text);
  if (/^\d{0,9}\.?\d{1,9}$/.test(text) && seconds > 0 && seconds <= 60) {
    return seconds;
  }
  throw new FlagError(
    `Cannot run with --switch-interval '${text}': it must be seconds, more ` +
      "than 0 and up to 60",
  );
}
