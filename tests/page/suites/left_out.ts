// Which of the library's tests don't run in a browser, and why.

/** Why tests are left out. The table in docs/browser.md has the same words. */
export const reasons = {
  deno: "They use what only Deno has: `Deno.exit()`, its errors, its files",
  process: "They start `deno` as a process",
  isolation: "They isolate workers or limit their memory",
  permissions: "They give workers permissions",
  context: "They follow async calls, with Node's `AsyncLocalStorage`",
  nested: "Their threads start threads",
  blocks: "Their main thread blocks where only a message can help it",
  types:
    "They look for what a browser can't tell: a Proxy, a changed prototype",
  stack: "They need a stack as large as Deno's",
  words: "They expect the words of Deno's own errors and of its console",
  leftovers: "They look for ports that a thread has left open",
  policy: "They compile WebAssembly, which the page's policy forbids",
  long: "They take minutes, in Deno as well",
} as const;
export type Reason = keyof typeof reasons;

/** Files of which all tests are left out. */
export const files: Record<string, Reason> = {
  "locks/stack_test.ts": "process",
  "locks/stress_test.ts": "long",
  "pool/context_test.ts": "context",
  "pool/isolation_test.ts": "isolation",
  "pool/several_tasks_test.ts": "context",
  "queue/shared_items_test.ts": "blocks",
  "store/heap_property_test.ts": "process",
  "sync/keep_alive_test.ts": "process",
  "thread/ended_loops_test.ts": "long",
  "thread/handover_test.ts": "blocks",
  "thread/isolation_test.ts": "isolation",
  "thread/loading_test.ts": "process",
  "thread/permissions_test.ts": "permissions",
  "thread/process_test.ts": "process",
  "thread/starts_test.ts": "nested",
};

/** Files that take long, and are run with `--all` alone. */
export const slow: readonly string[] = [
  "locks/deadlock_test.ts",
  "locks/permits_test.ts",
  "locks/poison_test.ts",
  "pool/called_off_test.ts",
  "pool/current_task_test.ts",
  "pool/faults_test.ts",
  "pool/imap_test.ts",
  "pool/lifecycle_test.ts",
  "pool/limits_test.ts",
  "pool/pool_test.ts",
  "pool/seen_test.ts",
  "pool/settled_test.ts",
  "pool/worker_life_test.ts",
  "queue/capacity_test.ts",
  "queue/interleavings_test.ts",
  "queue/model_test.ts",
  "store/stack_test.ts",
  "sync/wait_list_stress_test.ts",
  "thread/cache_test.ts",
  "thread/copies_test.ts",
  "thread/terminate_test.ts",
];

/** Tests that are left out, by parts of their names. */
export const tests: Record<string, [part: string, Reason][]> = {
  "codec/codec_test.ts": [
    ["Encoder refuses what structuredClone refuses", "types"],
    ["Encoder sees what an object is, whatever its prototype", "types"],
    ["Encoder refuses what belongs to one thread or needs its class", "policy"],
    ["Queue: a getter of an item may use queues", "types"],
    ["Encoder refuses values that are nested too deep", "stack"],
  ],
  "codec/errors_test.ts": [
    ["Errors that are thrown arrive as what they are", "deno"],
    ["Errors that are values arrive as what they are", "deno"],
  ],
  "codec/forged_test.ts": [
    ["A record is refused that holds a box in a box, too deep", "stack"],
  ],
  "codec/packing_test.ts": [
    ["pack() leaves it to the platform what can't be cloned", "types"],
  ],
  "codec/unclonable_test.ts": [
    ["What would arrive empty is refused", "deno"],
    ["What a copy keeps still arrives", "deno"],
    ["How deep a value may be is the same everywhere", "stack"],
  ],
  "pool/current_task_test.ts": [
    ["currentTask().signal has the call's reason", "words"],
  ],
  "pool/faults_test.ts": [
    ["Pool: a worker that closes itself takes only its task along", "deno"],
  ],
  "pool/imap_test.ts": [
    ["Pool.imapUnordered() keeps no result while one chunk is slow", "process"],
  ],
  "pool/lifecycle_test.ts": [
    ["A Pool that is dropped ", "process"],
    ["A Pool that has ended is garbage", "process"],
  ],
  "pool/limits_test.ts": [
    ["Pool: an abandoned iterator's timeout keeps nothing alive", "process"],
  ],
  "pool/settled_test.ts": [
    ["settled: what can't be sent leaves its chunk alone", "words"],
  ],
  "queue/priority_queue_test.ts": [
    ["PriorityQueue refuses a priority that can't be compared", "words"],
  ],
  "queue/queue_test.ts": [["Queue prints as Python prints it", "words"]],
  "queue/values_test.ts": [
    ["Queue refuses what can't travel with a DataCloneError", "types"],
  ],
  "sync/deadline_test.ts": [["WaitList.wait() ", "process"]],
  "sync/waits_with_limits_test.ts": [
    ["A wait that is over leaves nothing of its long timeout", "process"],
  ],
  "thread/copies_test.ts": [
    ["A global counter under a global lock is warned of", "process"],
  ],
  "thread/errors_test.ts": [
    ["Thread: what is no Error is thrown as it is", "words"],
    ["Pool: what is no Error is thrown as it is", "words"],
    ["Thread.join() rejects when the worker closes itself", "deno"],
  ],
  "thread/left_behind_test.ts": [["ends the thread that is pending", "blocks"]],
  "thread/leftovers_test.ts": [
    ["A thread that leaves nothing shares its worker", "leftovers"],
    ["What a thread leaves behind ends with it: port", "leftovers"],
    ["What a thread leaves behind ends with it: broadcast", "leftovers"],
  ],
  "thread/output_test.ts": [
    ["A thread's console goes to its queue", "words"],
    ["A thread waits for room in the queue it prints to", "words"],
    ["Lines of different threads don't mix", "process"],
  ],
  "thread/terminate_test.ts": [
    ["Threads that wait are ended at once, on a busy machine", "process"],
    ["Idle pools are ended at once, on a busy machine", "process"],
    ["A loop that comes late to its next call isn't given up", "process"],
  ],
};
