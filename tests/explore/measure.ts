/**
 * Prints of the library's own scenarios how many schedules a second the explorer
 * runs, how many steps they have, and how many states they come to.
 *
 *     deno run --no-prompt --allow-read tests/explore/measure.ts
 *
 * A number as an argument is how many schedules each scenario has, 1000 otherwise;
 * a second one is how many preemptions are gone through, 2 otherwise. Last it tells
 * what a program pays that doesn't explore.
 *
 * @module
 */

import { Crew } from "../../lib/explore/crew.ts";
import { exploreWith } from "../../lib/explore/explore.ts";
import { LONGEST_TIMEOUT } from "../support/explore_all.ts";
import { scenarios } from "../support/explore_scenarios.ts";

const [schedules = 1000, preemptions = 2] = Deno.args.map(Number);

/** Goes through each scenario's schedules depth first. */
async function measureScenarios(): Promise<void> {
  using crew = new Crew();
  console.log(
    `${"".padEnd(58)} schedules  all  a second  steps each   states`,
  );
  for (const [name, scenario] of Object.entries(scenarios)) {
    const found = await exploreWith(crew, scenario, {
      schedules,
      preemptions,
      seed: 1,
      longestTimeout: LONGEST_TIMEOUT,
    });
    console.log(
      name.padEnd(58),
      `${found.schedules}`.padStart(9),
      found.isComplete ? " yes" : "  no",
      `${Math.round(found.schedules / found.seconds)}`.padStart(9),
      (found.steps / found.schedules).toFixed(1).padStart(11),
      `${found.states}`.padStart(8),
    );
  }
}

/** Whether a module that the program loads by that name knows of the explorer. */
async function loadsExplorer(name: string): Promise<boolean> {
  const url = new URL(`../../${name}`, import.meta.url);
  const seen = new Set([url.href]);
  for (const href of seen) {
    const text = await Deno.readTextFile(new URL(href));
    for (const [, from] of text.matchAll(/(?:from|import) "(\.[^"]+)";/g)) {
      seen.add(new URL(from, href).href);
    }
  }
  return [...seen].some((href) => /\/explore(\/|\.)/.test(href));
}

if (import.meta.main) {
  await measureScenarios();
  const loads = await loadsExplorer("mod.ts");
  console.log(`\nmod.ts loads ${loads ? "some" : "nothing"} of the explorer`);
}
