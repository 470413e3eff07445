// Copyright 2026 the lab9 authors. MIT license.

/**
 * Names all modules that a pool needs. A program or a worker that begins with this
 * module loads them sooner: Deno parses the source map of each module that is the first
 * to import another one, and this module has hardly any. `deno task check` fails if a
 * module is missing here.
 *
 * @module
 */

import "../checks.ts";
import "../platform/platform.ts";
import "../platform/requirements.ts";
import "../sync/deadline.ts";
import "../sync/memory.ts";
import "../sync/keep_alive.ts";
import "../sync/mutex.ts";
import "../sync/recorder.ts";
import "../sync/signals.ts";
import "../sync/alarms.ts";
import "../sync/reserve_stack.ts";
import "../sync/waiters.ts";
import "../sync/wait_list.ts";
import "../sync/spin.ts";
import "../sync/iterators.ts";
import "../codec/tags.ts";
import "../codec/texts.ts";
import "../codec/references.ts";
import "../codec/brand.ts";
import "../codec/errors.ts";
import "../codec/marks.ts";
import "../codec/packing.ts";
import "../codec/left_memory.ts";
import "../codec/cargo.ts";
import "../codec/shapes.ts";
import "../codec/decoder.ts";
import "../codec/encoder.ts";
import "../codec/portable_error.ts";
import "../codec/abort_signals.ts";
import "../expose.ts";
import "../store/store.ts";
import "../store/ring.ts";
import "../locks/errors.ts";
import "../locks/wait_graph.ts";
import "../locks/ownership.ts";
import "../queue/queue.ts";
import "../thread/context.ts";
import "../thread/output.ts";
import "../thread/worker_kind.ts";
import "../thread/thread_table.ts";
import "../thread/line.ts";
import "../thread/handover.ts";
import "../thread/modules.ts";
import "../thread/leftovers.ts";
import "../thread/worker_server.ts";
import "../thread/new_worker.ts";
import "../thread/worker.ts";
import "../thread/errors.ts";
import "../thread/main_end.ts";
import "../thread/run.ts";
import "../thread/starts.ts";
import "./call.ts";
import "./options.ts";
import "./stats.ts";
import "./claim.ts";
import "./current_task.ts";
import "./task.ts";
import "./chunks.ts";
import "./stream.ts";
import "./calls.ts";
import "./any_pool.ts";
import "./lookout.ts";
import "./channel.ts";
import "./answers.ts";
import "./task_table.ts";
import "./outbox.ts";
import "./waits.ts";
import "./run_task.ts";
import "./pace.ts";
import "./worker_loop.ts";
import "./workers.ts";
import "./dispatcher.ts";
import "./own_tasks.ts";
import { setEntry } from "../thread/new_worker.ts";

setEntry(import.meta);
