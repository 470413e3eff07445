// The labs' page in Chromium. Nothing here depends on how long anything takes:
// other programs may use the machine.

import axe from "axe-core";
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { writeSite } from "../../labs/page/site.ts";
import {
  type Browser,
  chromiumTest,
  openPage,
  type Page,
} from "./support/chromium.ts";
import {
  edit,
  host,
  LABS,
  outputOf,
  runToEnd,
  servePage,
  statusOf,
  verdictOf,
  waitForStatus,
} from "./support/page.ts";

chromiumTest("The page runs every lab to its end", async (browser, t) => {
  await using server = await servePage();
  const page = await openPage(browser, `${server.url}?quick`);
  for (const { lab, cells: count, sure } of LABS) {
    await t.step(lab, async () => {
      await runToEnd(page, `Run lab ${lab}`);
      assertEquals(await statusOf(page), `Lab ${lab} has run`);
      const verdicts = await page.locator(`#${lab} .cell .verdict`)
        .allTextContents();
      assertEquals(verdicts.length, count, verdicts.join());
      for (const verdict of verdicts) {
        assertMatch(verdict, /^(reproduced|inconclusive|skipped|differs)/);
      }
      for (const id of sure) {
        assertMatch(await verdictOf(page, id), /^reproduced/, id);
      }
      const rows = await page.locator(`#${lab} table tbody tr`).count();
      assertEquals(rows, count);
    });
  }
  await t.step("the explorer tells a race step by step", async () => {
    const printed = async (cell: string) =>
      (await outputOf(page, `cell-race-${cell}`).textContent())!;
    const race = await printed("race");
    assertMatch(race, /^The check threw Error: 2 increments came to 1\n/);
    assertMatch(race, /^1 +read → 0\n2 +read → 0\n3 +write → 1\n4 +ends/m);
    assertMatch(race, /fails in the same way: true$/);
    assertMatch(await printed("fix"), /^nothing lost in all \d+ schedules$/);
  });
  await t.step("what is recorded stands beside what was printed", async () => {
    const outputs = page.locator("#cell-pool-13 [aria-label^='Output']");
    const [recorded, here] = await outputs.allTextContents();
    assertEquals(here.slice(0, 300), recorded.slice(0, 300));
  });
  await t.step(
    "axe-core finds nothing, at any width, light or dark",
    async () => {
      const game = replayer(page, "deadlock");
      await game.button("Replay deadlock:deadlock").click();
      await game.button("Step forward").click();
      // The page's policy lets no script in that isn't its own, but for this.
      await page.evaluate(axe.source);
      for (
        const [width, colorScheme] of [
          [360, "light"],
          [1000, "dark"],
          [2000, "light"],
        ] as const
      ) {
        await page.setViewportSize({ width, height: 900 });
        const wide = await page.evaluate(
          "document.documentElement.scrollWidth - innerWidth",
        );
        assert(wide as number <= 0, `too wide at ${width}`);
        await page.emulateMedia({ colorScheme });
        const found = await page.evaluate(`axe.run().then(({ violations }) =>
        violations.map(({ id, nodes }) =>
          id + ": " + nodes.map(({ html }) => html).join()))`);
        assertEquals(found, [], `${width} ${colorScheme}`);
      }
    },
  );
  await page.close();
});

chromiumTest("A lab has as many workers as it runs with", async (browser) => {
  await using server = await servePage();
  const printed = async (cell: string, workers: number) => {
    const page = await openPage(browser, `${server.url}?workers=${workers}`);
    await runToEnd(page, `Run race:${cell}`);
    const text = await outputOf(page, `cell-race-${cell}`).textContent();
    await page.close();
    return text!;
  };
  assertStringIncludes(await printed("race", 1), "2 increments came to");
  // Each of the 6 may lose what others have counted, but there is no seventh.
  assertMatch(await printed("luck", 9), /counted to:(?: [1-6]){10}$/);
});

/** What a cell's picture says in words. */
function summaryOf(browserPage: Awaited<ReturnType<Browser["newPage"]>>) {
  return browserPage.locator("#cell-gil-35 svg desc").textContent();
}

chromiumTest(
  "The address holds the state, and the lock changes the picture",
  async (browser, t) => {
    await using server = await servePage();
    const address =
      `${server.url}?gil=off&interval=20&workers=3&sleep=0.1&items=6&quick&axis=own`;
    const page = await openPage(browser, address);
    const settings = page.locator(".settings");
    const lock = settings.getByLabel("Interpreter lock (GIL)");

    await t.step("a link leads to its state", async () => {
      assertEquals(await lock.isChecked(), false);
      assertEquals(
        await settings.getByLabel("Workers").inputValue(),
        "3",
      );
      assertEquals(
        await settings.getByLabel("Switch interval").inputValue(),
        "20",
      );
      assertEquals(await settings.getByLabel("Sleep, s").inputValue(), "0.1");
      assertEquals(
        await settings.getByLabel("Items", { exact: true }).inputValue(),
        "6",
      );
      assert(await settings.getByLabel("Short sleeps").isChecked());
      assert(!await settings.getByLabel("One time axis").isChecked());
      assertEquals(page.url(), address);
    });
    await t.step("without the lock, no thread waits for it", async () => {
      await runToEnd(page, "Run gil:35");
      const summary = await summaryOf(page) ?? "";
      assertEquals(summary.match(/doWork/g)?.length, 3);
      const here = await page.getByLabel("Output, Here").filter({
        hasText: "Finished in",
      }).last().textContent();
      assertEquals(here?.match(/^\d$/gm)?.toSorted().join(""), "012345");
      assert(!summary.includes("GIL"), summary);
      const title = await page.locator("#cell-gil-35 h3").textContent();
      assertMatch(title!, /without the lock/);
      // The notebook has no such run to compare it with.
      assertMatch(await verdictOf(page, "gil:35"), /^skipped .*was changed/);
    });
    await t.step("with the lock, threads wait for it", async () => {
      await lock.check();
      await settings.getByLabel("Workers").fill("2");
      await settings.getByLabel("Workers").press("Enter");
      const { search } = new URL(page.url());
      assertEquals(
        search,
        "?interval=20&workers=2&sleep=0.1&items=6&quick&axis=own",
      );
      await runToEnd(page, "Run gil:35");
      const summary = await summaryOf(page) ?? "";
      assertEquals(summary.match(/doWork/g)?.length, 2);
      assertMatch(summary, /wait for GIL/);
    });
    await page.close();
  },
);

chromiumTest("The reader foresees, and schedules", async (browser, t) => {
  await using server = await servePage();
  const page = await openPage(browser, `${server.url}?quick`);
  await t.step("what was foreseen is told when the cell has run", async () => {
    const cell = page.locator("#cell-queue-13");
    await cell.getByLabel(/Which one comes out first/).fill("3");
    await cell.getByText("Run it to see").waitFor();
    await runToEnd(page, "Run queue:13");
    await cell.getByText("you said 3, it was 1").waitFor();
    await cell.getByLabel(/Which one comes out first/).fill("1");
    await cell.locator(".prediction .reproduced").waitFor();
  });
  await t.step("a player finds the deadlock, and goes back", async () => {
    const game = page.getByRole("region", { name: /opposite order/ });
    const step = (name: string) =>
      game.getByRole("button", { name, exact: true });
    await step("acquire account-1 by move-1").click();
    await step("acquire account-2 by move-2").click();
    await game.getByText(
      "Nobody can go on, after 2 steps. The shortest way takes 2",
    ).waitFor();
    assert(await step("acquire account-2 by move-1").isDisabled());
    await step("Back").click();
    await step("acquire account-2 by move-1").click();
    await game.getByText("account-2: held by move-1").waitFor();
    assertEquals(await game.getByRole("listitem").count(), 2 + 2 + 2);
  });
  await page.close();
});

/** The recordings of a lab, in the game. */
function replayer(page: Page, lab: string) {
  const game = page.locator(`[aria-labelledby="replay-${lab}"]`);
  const button = (name: string) =>
    game.getByRole("button", { name, exact: true });
  const texts = (list: string) => game.locator(`.${list} li`).allTextContents();
  return {
    button,
    taken: () => texts("taken"),
    state: async () => [...await texts("threads"), ...await texts("shared")],
    /** Goes to the end; all states on the way. */
    async forward(): Promise<string[][]> {
      const states = [await this.state()];
      while (await button("Step forward").isEnabled()) {
        await button("Step forward").click();
        states.push(await this.state());
      }
      return states;
    },
    /** Goes to the start; all states on the way. */
    async back(): Promise<string[][]> {
      const states = [await this.state()];
      while (await button("Step back").isEnabled()) {
        await button("Step back").click();
        states.push(await this.state());
      }
      return states;
    },
  };
}

chromiumTest("A player goes through what threads did", async (browser, t) => {
  await using server = await servePage();
  const page = await openPage(browser, `${server.url}?quick`);
  await t.step("the deadlock, in both directions", async () => {
    const game = replayer(page, "deadlock");
    await runToEnd(page, "Run deadlock:deadlock");
    await game.button("Replay deadlock:deadlock").click();
    const states = await game.forward();
    const isDeadlock = (state: string[]) =>
      [1, 2].every((one) =>
        state.some((line) => line.endsWith(`waits for account-${one}`)) &&
        state.some((line) => line.startsWith(`account-${one}: held by Thread-`))
      );
    assert(states.some(isDeadlock), JSON.stringify(states));
    const end = states.at(-1)!;
    assertEquals(end.slice(-2), ["account-1: free", "account-2: free"]);
    assertEquals(end.filter((line) => line.endsWith("has ended")).length, 2);
    const steps = await game.taken();
    assert(
      steps.some((step) => / no longer waits for account-\d$/.test(step)),
      `${steps}`,
    );
    assertEquals(await game.back(), states.toReversed());
  });
  await t.step("what was in the queue after each step", async () => {
    const game = replayer(page, "queue");
    await runToEnd(page, "Run queue:13");
    await game.button("Replay queue:13").click();
    const states = await game.forward();
    assertEquals(states.map((state) => state.at(-1)), [
      "queue 1: empty",
      "queue 1: item 1",
      "queue 1: item 1, item 2",
      "queue 1: item 1, item 2, item 3",
      "queue 1: item 2, item 3",
      "queue 1: item 3",
    ]);
    await runToEnd(page, "Run queue:24");
    await game.button("Replay queue:24").click();
    const after = await game.forward();
    assertMatch(after.join("\n"), /Thread-\d \(worker\) waits for queue 1/);
    assertEquals(after.at(-1)!.at(-1), "queue 1: empty");
    const got = (await game.taken()).filter((step) => / gets item/.test(step));
    assertEquals(got.length, 3);
  });
  await page.close();
});

chromiumTest("Stop ends what runs, and what computes", async (browser) => {
  await using server = await servePage();
  const page = await openPage(browser, server.url);
  for (
    const [run, cell] of [["gil:37", "gil:37"], ["threads:10", "threads:10"]]
  ) {
    await page.getByRole("button", { name: `Run ${run}`, exact: true }).click();
    await waitForStatus(page, new RegExp(`^${cell} runs$`));
    await page.locator(".settings").getByRole("button", { name: "Stop" })
      .click();
    assertMatch(await statusOf(page) ?? "", /was stopped/);
  }
  // Its workers are gone: nothing prints any more, and another lab can run.
  await runToEnd(page, "Run queue:13");
  assertMatch(await verdictOf(page, "queue:13"), /^reproduced/);
  await page.close();
});

chromiumTest("The site runs from any host, and offline", async (browser) => {
  const folder = Deno.makeTempDirSync();
  try {
    await writeSite(folder);
    const context = await browser.newContext();
    const page = await context.newPage();
    page.setDefaultTimeout(120_000);
    {
      await using server = host(folder);
      await page.goto(server.url);
      // It loads again once its service worker is there.
      await page.locator(".settings").waitFor();
      assert(await page.evaluate("crossOriginIsolated"));
    }
    // The host is gone.
    await context.setOffline(true);
    await page.reload();
    await page.locator(".settings").waitFor();
    await runToEnd(page, "Run queue:13");
    assertMatch(await verdictOf(page, "queue:13"), /^reproduced/);
    // The editor is there, too, and so is what edited code imports.
    await edit(
      page,
      "pool-2",
      (text) => text.replace(/pool\.map\(.*\);/, "pool.starmap(power, pairs);"),
    );
    await page.getByRole("button", { name: "Check pool-2" }).click();
    await page.locator("#exercise-pool-2").getByText("does what it should")
      .waitFor();
    await context.close();
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
