import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { processTest } from "../support/threads.ts";
import { type Finished, runProcess } from "../support/thread_process.ts";

function scenario(
  name: string,
  title: string,
  check: (finished: Finished) => void,
): void {
  processTest(title, async () => {
    check(await runProcess("thread_scenarios.ts", [name]));
  });
}

/** It ends well, having printed this and no word of complaint. */
function quietly(out: string): (finished: Finished) => void {
  return (finished) => assertEquals(finished, { code: 0, out, err: "" });
}

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}

scenario("idleWorkers", "Idle workers let the process end", quietly(""));
scenario(
  "neverStarted",
  "A thread never started: the process ends",
  quietly(""),
);
scenario("blockedDaemons", "Blocked daemons let the process end", quietly(""));
scenario(
  "unjoined",
  "An unjoined thread that is no daemon is waited for",
  quietly("size 1"),
);
scenario(
  "awaitsQueue",
  "A main thread that only awaits Queue.get() isn't cut off",
  quietly("late"),
);
scenario(
  "awaitsJoin",
  "A main thread that only awaits Thread.join() isn't cut off",
  quietly("joined"),
);
scenario(
  "unclosedPool",
  "A pool never closed lets the process end",
  quietly("[ 2, 3 ]"),
);
scenario(
  "halfImapOfQueue",
  "Pool.imap() of a queue left half-way lets the process end",
  quietly("2"),
);
scenario(
  "timedSignals",
  "A signal with a timeout that was passed on lets the process end",
  quietly("false\nfalse\nfalse\nfalse"),
);
scenario("unusedPool", "A pool never used lets the process end", quietly(""));
scenario(
  "halfImap",
  "Pool.imap() left half-way lets the process end",
  quietly("{ value: 2, done: false }"),
);

scenario(
  "abandoned",
  "A thread that computes is given up, with one warning",
  ({ code, out, err }) => {
    assertEquals(code, 0);
    assertEquals(
      out,
      "WorkerLostError: spinner was terminated while it computed, and given up\n" +
        "other computed",
    );
    assertEquals(count(err, "spinner"), 1);
    assertStringIncludes(
      err,
      "If it computes, it keeps a core busy until the process ends; " +
        'call Deno.exit() to end it now, or use `isolation: "killable"`',
    );
  },
);
scenario(
  "abandonedForEver",
  "Deno.exit() ends a process with a thread that computes for ever",
  ({ code, err }) => {
    assertEquals(code, 5);
    assertEquals(count(err, "Deno.exit()"), 1);
  },
);
scenario(
  "unjoinedError",
  "An error in an unjoined thread is reported with its name",
  ({ code, err }) => {
    assertEquals(code, 0);
    assertMatch(
      err,
      /^Exception in thread thrower: \[RangeError \[OwnError\]: message\]/,
    );
    assertStringIncludes(err, "thread_errors.ts:");
  },
);
scenario(
  "joinedError",
  "An error that join() throws isn't reported",
  quietly(""),
);
scenario(
  "errorAfterTimeout",
  "An error after a join that timed out is reported",
  ({ code, err }) => {
    assertEquals(code, 0);
    assertMatch(err, /^Exception in thread thrower: \[RangeError: after all\]/);
  },
);
scenario(
  "unhandledRejection",
  "An unhandled rejection in a thread is reported and harms nobody",
  ({ code, out, err }) => {
    assertEquals([code, out], [0, "3"]);
    assertMatch(err, /^Exception in thread .*: RangeError: nobody awaits it/);
    assertEquals(count(err, "RangeError"), 1);
  },
);
scenario(
  "throwingTimer",
  "A throwing timer ends the thread that waits, and harms nobody",
  quietly("thrown in a timer\n3"),
);
scenario(
  "throwingAfterReturn",
  "What throws after a thread's end is reported under that thread's name",
  ({ code, out, err }) => {
    assertEquals([code, out], [0, "3"]);
    assertMatch(
      err,
      /^Exception in thread first: RangeError: thrown after the/,
    );
    assertEquals(count(err, "Exception in"), 1);
  },
);
const stopped = "main has ended <_MainThread(MainThread, stopped";
scenario(
  "joinsMain",
  "The main thread has ended when there are only threads to wait for",
  quietly(["the last timer", stopped, stopped, stopped, "the end"].join("\n")),
);
scenario(
  "daemonJoinsMain",
  "A daemon that joins the main thread lets the process end",
  quietly(""),
);
scenario(
  "awaitsWord",
  "A main thread that awaits what only a thread brings about isn't cut off",
  quietly("set"),
);
scenario(
  "awaitsWordLater",
  "A main thread whose script is done can go on when it is woken",
  quietly("set 3"),
);
scenario(
  "exits",
  "A thread that nobody joins ends in silence by Deno.exit()",
  quietly(""),
);

for (const length of ["0", "100000"]) {
  processTest(
    `A module that throws ${length} bytes in the worker fails thread and pool`,
    async () => {
      const { code, out, err } = await runProcess("thread_broken.ts", [length]);
      assertEquals(code, 0, err);
      const lines = out.split("\n");
      assertEquals(lines.length, 4);
      assertMatch(
        lines[0],
        /^thread: WorkerLostError: The worker of broken broke down: .*not in a worker/,
      );
      // The main thread's event loop stands still meanwhile.
      assertMatch(
        lines[1],
        /^blocking: WorkerLostError: The worker of broken again broke down: .*not in a worker/,
      );
      assertMatch(
        lines[2],
        /^pool: WorkerLostError: The worker of .* broke down: .*not in a worker/,
      );
      assertMatch(lines[3], /^again: WorkerLostError: .*not in a worker/);
      assertEquals(err, "");
    },
  );
}

processTest(
  "A module that exits in the worker while it loads fails the thread",
  async () => {
    const { code, out } = await runProcess("thread_unguarded.ts", []);
    assertEquals(code, 6);
    assertMatch(
      out,
      /^thread: WorkerLostError: .*(closed while its modules were loading|closed its worker, by self.close\(\) or Deno.exit\(\))/,
    );
  },
);
