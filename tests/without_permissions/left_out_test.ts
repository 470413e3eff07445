// Deno runs folders by their names, and so this one last.

import { leftOut } from "../support/threads.ts";

const count = leftOut();
if (count > 0) {
  Deno.test.ignore(
    `${count} tests were left out, which start threads or processes: ` +
      "`deno task test` grants them the permissions",
    () => {},
  );
}
