/**
 * The program behind `deno task soak`: the tests' rounds of faults, all kinds at
 * once, for minutes.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { assertLess } from "@std/assert";
import { activeCount } from "../../mod.ts";
import { newSeed } from "../support/shared_random.ts";
import { fuzz } from "../support/fuzz.ts";
import { soakRound, Tally } from "../support/soak_rounds.ts";

const HELP = `Makes queues, locks, pools and threads fail under load, in every
way there is, and checks that nothing is lost, doubled, hung or left.

Usage: deno task soak [flags]

  --minutes N  How long: 1 by default, may be a fraction
  --seed N     Begin with the round of that seed
  --fuzz       Forge records and answers instead of making things fail
  --explore    Go through the schedules of the library's protocols instead
  --all        With --explore: go through all schedules of each scenario that
               have few preemptions, depth first, and print how far it came
  --seconds N  How long each scenario may take then: 10 by default
  --preemptions N
               How many preemptions the schedules have then: 3 by default
  --only TEXT  The scenarios then whose names match this regular expression
  --help       This text

Exit codes: 0 everything held, 1 something didn't, 2 a mistake in the command
line.`;

/** Rounds after which memory has come to what it needs. */
const WARM_ROUNDS = 5;
const MOST_GROWTH_MB = 500;

class UsageError extends Error {}

interface Options {
  fuzz: boolean;
  explore: boolean;
  all: boolean;
  seconds: number;
  preemptions: number;
  only: RegExp;
  minutes: number;
  seed: number;
}

function readOptions(args: string[]): Options | undefined {
  const given = parseArgs(args, {
    boolean: ["help", "fuzz", "explore", "all"],
    string: ["minutes", "seconds", "preemptions", "only", "seed"],
    unknown: (arg) => {
      throw new UsageError(
        `Unknown '${arg}': the flags are --minutes, --seed, --fuzz, ` +
          "--explore, --all, --seconds, --preemptions, --only and --help",
      );
    },
  });
  const { help, fuzz, explore, all } = given;
  if (help) return undefined;
  if (fuzz && explore) {
    throw new UsageError("Cannot take --fuzz and --explore together");
  }
  if (all && !explore) {
    throw new UsageError("Cannot take --all without --explore");
  }
  for (const flag of ["seconds", "preemptions", "only"] as const) {
    if (all || given[flag] === undefined) continue;
    throw new UsageError(`Cannot take --${flag} without --explore --all`);
  }
  const {
    minutes = "1",
    seconds = "10",
    preemptions = "3",
    only = "",
    seed = String(newSeed()),
  } = given;
  for (const [flag, value] of Object.entries({ minutes, seconds })) {
    if (Number(value) > 0 && Number(value) <= 1e6) continue;
    throw new UsageError(
      `Cannot run with --${flag} '${value}': it must be more than 0`,
    );
  }
  if (!/^\d{1,2}$/.test(preemptions)) {
    throw new UsageError(
      `Cannot run with --preemptions '${preemptions}': it must be a number`,
    );
  }
  if (!/^\d{1,10}$/.test(seed)) {
    throw new UsageError(
      `Cannot run with --seed '${seed}': it must be a number`,
    );
  }
  return {
    minutes: Number(minutes),
    seconds: Number(seconds),
    preemptions: Number(preemptions),
    only: patternOf(only),
    seed: Number(seed),
    fuzz,
    explore,
    all,
  };
}

function patternOf(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch {
    throw new UsageError(
      `Cannot run with --only '${text}': it must be a regular expression`,
    );
  }
}

const megabytes = () => Math.round(Deno.memoryUsage().rss / 2 ** 20);

/** Runs rounds until the time is over; false if one fails. */
async function soak({ minutes, seed }: Options): Promise<boolean> {
  const end = performance.now() + minutes * 60_000;
  const tally = new Tally();
  let warm = megabytes();
  let rounds = 0;
  // First, for who has to end it by force.
  console.log(`Seed             ${seed}`);
  do {
    const current = (seed + rounds) >>> 0;
    try {
      await soakRound(current, tally);
      if (++rounds <= WARM_ROUNDS) warm = megabytes();
      assertLess(megabytes() - warm, MOST_GROWTH_MB, "memory grows, in MB");
    } catch (error) {
      console.error(error);
      console.error(`Replay with: deno task soak --seed ${current}`);
      return false;
    }
    tell(rounds, tally, end);
  } while (performance.now() < end);
  report(rounds, tally, megabytes() - warm);
  return true;
}

/** Explores the library's protocols until the time is over, ever further. */
async function exploreProtocols({ minutes, seed }: Options): Promise<boolean> {
  // Its threads' modules are for it alone.
  const { exploreAll } = await import("../support/explore_all.ts");
  const end = performance.now() + minutes * 60_000;
  let total = 0;
  console.log(`Seed             ${seed}`);
  for (let round = 0; round === 0 || performance.now() < end; round++) {
    try {
      await exploreAll({
        schedules: 100 * 2 ** round,
        deathSchedules: 100 * 2 ** round,
        everyDeath: true,
        preemptions: 2 + round % 2,
        seed: (seed + round) >>> 1,
        until: end,
        onDone(name, found) {
          const schedules = sum(found.map(({ schedules }) => schedules));
          const seconds = sum(found.map(({ seconds }) => seconds));
          total += schedules;
          const speed = Math.round(schedules / seconds);
          console.log(`${name.padEnd(64)} ${schedules}, ${speed} a second`);
        },
      });
    } catch (error) {
      console.error((error as Error).message);
      return false;
    }
  }
  console.log(`Schedules        ${total}`);
  return true;
}

/** Goes through all schedules of each scenario, and tells how far it came. */
async function exploreAllOfEach(
  { seconds, preemptions, only }: Options,
): Promise<boolean> {
  const { exploreExhaustively } = await import("../support/explore_all.ts");
  const columns = (name: string, ...rest: string[]) =>
    [
      name.padEnd(58),
      ...rest.map((text, i) => text.padStart([9, 9, 9, 7][i])),
    ].join(" ");
  console.log(columns("", "schedules", "a second", "states", "all to"));
  try {
    await exploreExhaustively({
      seconds,
      preemptions,
      only,
      onDone(name, { schedules, seconds, states, covered }) {
        console.log(columns(
          name,
          schedules.toLocaleString("en"),
          Math.round(schedules / seconds).toLocaleString("en"),
          states.toLocaleString("en"),
          covered < 0 ? "-" : `${covered}`,
        ));
      },
    });
  } catch (error) {
    console.error((error as Error).message);
    return false;
  }
  console.log(
    `\n"all to" is the number of preemptions up to which all were run`,
  );
  return true;
}

const sum = (numbers: number[]) => numbers.reduce((sum, one) => sum + one, 0);

/** Says on a terminal how far it is. */
function tell(rounds: number, { operations }: Tally, end: number): void {
  if (!Deno.stdout.isTerminal()) return;
  const left = Math.max(0, Math.ceil((end - performance.now()) / 1000));
  console.log(`${rounds} rounds, ${operations} operations, ${left} s left`);
}

function report(
  rounds: number,
  { operations, faults }: Tally,
  growth: number,
): void {
  const injected = Object.entries(faults).sort(([a], [b]) => a < b ? -1 : 1);
  const total = injected.reduce((sum, [, times]) => sum + times, 0);
  console.log(`Rounds           ${rounds}`);
  console.log(`Operations       ${operations}`);
  console.log(`Faults injected  ${total}`);
  for (const [fault, times] of injected) {
    console.log(`  ${fault.padEnd(34)} ${times}`);
  }
  console.log("Lost             0");
  console.log("Doubled          0");
  console.log(`Threads left     ${activeCount() - 1}`);
  console.log(`Memory growth    ${growth} MB`);
}

async function main(): Promise<number> {
  try {
    const options = readOptions(Deno.args);
    if (options === undefined) {
      console.log(HELP);
      return 0;
    }
    if (options.fuzz) {
      console.log(`Seed             ${options.seed}`);
      const rounds = fuzz(options.seed, options.minutes * 60);
      console.log(`Records forged   ${rounds}`);
      return 0;
    }
    if (options.explore) {
      const explore = options.all ? exploreAllOfEach : exploreProtocols;
      return await explore(options) ? 0 : 1;
    }
    // Some threads can't end in time while so much goes on.
    console.warn = () => {};
    return await soak(options) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\nSee deno task soak --help`);
    return 2;
  }
}

if (import.meta.main) Deno.exit(await main());
