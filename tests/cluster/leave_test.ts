/** Who leaves a store leaves nothing in it, whatever was on its way. */

import { assertEquals, assertRejects } from "@std/assert";
import { ClusterPool } from "../../lib/cluster/cluster_pool.ts";
import { connect } from "../../lib/cluster/connect.ts";
import { Host } from "../../lib/cluster/host.ts";
import { square } from "./support/functions.ts";
import { leftIn } from "./support/left.ts";
import { QUICK } from "./support/quick.ts";
import { storeTest } from "./support/stores.ts";

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
