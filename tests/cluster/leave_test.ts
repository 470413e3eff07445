/** Who leaves a store leaves nothing in it, whatever was on its way. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { delay } from "@std/async/delay";
import { ClusterPool } from "../../lib/cluster/cluster_pool.ts";
import { connect } from "../../lib/cluster/connect.ts";
import { Host } from "../../lib/cluster/host.ts";
import { square, wait } from "./support/functions.ts";
import { leftIn } from "./support/left.ts";
import { QUICK } from "./support/quick.ts";
import { type Server, storeTest } from "./support/stores.ts";
import { until } from "../support/until.ts";

/** Whether the answers vanish from a store within a minute. */
async function answersVanish(server: Server): Promise<boolean> {
  for (let i = 0; i < 1200; i++) {
    const left = await leftIn(server);
    if (!left.some((line) => line.includes("answer"))) return true;
    await delay(50);
  }
  return false;
}

/** A beat follows another, so that one is always on its way. */
const pace = { ...QUICK, beat: 0 };
const ROUNDS = 10;

storeTest("a pool's last beat doesn't enter it again", async (server) => {
  for (let i = 0; i < ROUNDS; i++) {
    {
      const dispatcher = await connect(server.url, { name: "leave" }, pace);
      await using _pool = new ClusterPool(dispatcher);
    }
    assertEquals(await leftIn(server), []);
  }
});

storeTest("a host's last beat doesn't enter it again", async (server) => {
  for (let i = 0; i < ROUNDS; i++) {
    const host = await Host.open(server.url, {
      name: "leave",
      title: "here",
      pace,
      workers: 1,
      onError: () => {},
    });
    await host.close();
    assertEquals(await leftIn(server), []);
  }
});

for (const stays of [false, true]) {
  const when = stays ? "stays" : "leaves";
  storeTest(
    `an answer comes when its pool is gone, and the host ${when}`,
    async (server) => {
      const host = await Host.open(server.url, {
        name: "late",
        title: "here",
        // The beats are so far apart that the host doesn't see that the pool has gone.
        pace: { ...QUICK, beat: stays ? 1000 : 600_000 },
        workers: 1,
        onError: () => {},
      });
      const dispatcher = await connect(server.url, { name: "late" }, QUICK);
      const pool = new ClusterPool(dispatcher);
      const call = assertRejects(() => pool.apply(wait, [0.3]), DOMException);
      await until(() => host.metrics.running === 1);
      await pool.terminate();
      await call;
      await until(() => host.metrics.running === 0);
      if (stays) assert(await answersVanish(server));
      await host.close();
      assertEquals(await leftIn(server), []);
    },
  );
}

storeTest("tasks on their way to the store are called off", async (server) => {
  for (let i = 0; i < ROUNDS; i++) {
    const dispatcher = await connect(server.url, { name: "leave" }, QUICK);
    const pool = new ClusterPool(dispatcher);
    // No host takes them. In some rounds they are in the store already.
    const calls = [1, 2, 3].map((x) =>
      assertRejects(() => pool.apply(square, [x]), DOMException, "was closed")
    );
    if (i % 2 === 1) await new Promise((resolve) => setTimeout(resolve, i));
    pool.close({ immediate: true });
    await Promise.all(calls);
    await pool.join();
    assertEquals(await leftIn(server), []);
  }
});

storeTest("a getter of an argument ends the pool", async (server) => {
  for (const end of ["close", "terminate"] as const) {
    const pool = await ClusterPool.connect(server.url, { name: "leave" });
    const item = {
      get x(): number {
        pool[end]();
        return 2;
      },
    };
    const call = pool.apply(square as (x: unknown) => number, [item]);
    await assertRejects(() => call, Error);
    await pool.join();
    assertEquals(await leftIn(server), []);
  }
});
