import { prestartWorkers } from "../../lib/thread/thread.ts";
import { queueKinds } from "../support/queues.ts";
import { threadTest } from "../support/threads.ts";
import { planOf, queueRound } from "../support/queue_rounds.ts";
import { newSeed, Random } from "../support/shared_random.ts";

const ROUND_MS = 3500;
const WORKERS = 7;

for (const kind of queueKinds) {
  threadTest(
    `${kind.name} loses, repeats and reorders nothing, whoever puts and gets`,
    async () => {
      await prestartWorkers(WORKERS);
      const first = newSeed();
      const started = performance.now();
      for (let round = 0; performance.now() - started < ROUND_MS; round++) {
        const seed = (first + round) >>> 0;
        try {
          await queueRound(kind, new Random(seed));
        } catch (error) {
          const plan = Deno.inspect(planOf(new Random(seed)), { depth: 3 });
          console.error(`Replay with \`-- --all --seed=${seed}\`: ${plan}`);
          throw error;
        }
      }
    },
  );
}
