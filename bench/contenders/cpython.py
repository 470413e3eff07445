# Copyright 2026 the lab9 authors. MIT license.
"""CPython: queue.Queue, multiprocessing.Queue and Pool, and the notebook's loops.

Says in Python what contend.ts and work.ts say in TypeScript.
"""

import json
import math
import multiprocessing
import queue
import sys
import threading
import time

try:
    import numpy as np
except ImportError:
    # The bench asks for g only where there is numpy.
    np = None

# What the notebook's taylor_exp returns for the numbers from 0 to 9.
TAYLOR_EXP = [
    1.0,
    2.7182818284590455,
    7.389056098930649,
    20.08553692318766,
    54.598150033144265,
    148.41315910257657,
    403.4287934927351,
    1096.6331584284578,
    2980.957987041728,
    8103.083927575384,
]


class WrongResult(Exception):
    pass


def check(what, actual, expected):
    if actual != expected:
        raise WrongResult(f"{what} is {actual} and must be {expected}")


# In seconds, as in contend.ts.
WARM_UP = 1.0


def clock(bursts, burst):
    def clock_one():
        start = time.monotonic()
        told = burst()
        return time.monotonic() - start if told is None else told

    begin = time.monotonic()
    first = clock_one()
    while time.monotonic() - begin < WARM_UP:
        burst()
    return {"first": first, "steady": [clock_one() for _ in range(bursts)]}


# --- queues -----------------------------------------------------------------


def produce(q, count, kind, out):
    start = time.monotonic()
    if kind == "number":
        for i in range(count):
            q.put(i)
    else:
        for i in range(count):
            q.put({"id": i, "name": "item"})
    out.put(start)


def consume(q, count, kind, out):
    weight = 0
    if kind == "number":
        for _ in range(count):
            weight += q.get()
    else:
        for _ in range(count):
            item = q.get()
            weight += item["id"] + len(item["name"])
    out.put((time.monotonic(), weight))


def obey(work, orders, q, kind, out):
    while True:
        work(q, orders.get(), kind, out)


def move_items(context, make_queue, s):
    q, starts, ends = make_queue(), make_queue(), make_queue()
    orders = [make_queue(), make_queue()]
    for work, order, out in [(produce, orders[0], starts), (consume, orders[1], ends)]:
        context(target=obey, args=(work, order, q, s["kind"], out), daemon=True).start()

    count = s["count"]
    weight = count * (count - 1) // 2 + (4 * count if s["kind"] == "object" else 0)

    def burst(count=count, weight=weight):
        for order in reversed(orders):
            order.put(count)
        start = starts.get()
        end, actual = ends.get()
        check("What the items weigh together", actual, weight)
        return end - start

    # Both ends are there before the clock is.
    burst(1, 4 if s["kind"] == "object" else 0)
    return clock(s["bursts"], burst)


# --- pools ------------------------------------------------------------------


def tiny_task(x):
    if x < 0:
        end = time.monotonic() - x / 1000
        while time.monotonic() < end:
            pass
    return x + 1


def affine(x):
    return x * 3 + 1


def warm_pool(workers):
    pool = multiprocessing.Pool(workers)
    for _ in range(2):
        pool.map(tiny_task, [-50] * workers, chunksize=1)
    return pool


def apply(s):
    pool = warm_pool(s["workers"])

    def burst():
        start = time.monotonic()
        tasks = [pool.apply_async(tiny_task, (i,)) for i in range(s["count"])]
        results = [task.get() for task in tasks]
        seconds = time.monotonic() - start
        check("The results", results == list(range(1, s["count"] + 1)), True)
        return seconds

    return clock(s["bursts"], burst)


def pool_map(s):
    pool = warm_pool(s["workers"])
    items = list(range(s["count"]))

    def burst():
        start = time.monotonic()
        results = pool.map(affine, items)
        seconds = time.monotonic() - start
        check("The results", results == [affine(x) for x in items], True)
        return seconds

    return clock(s["bursts"], burst)


# --- the notebook's loops ---------------------------------------------------


def factorial_upto(n):
    res = [1]
    for i in range(1, n + 1):
        res.append(res[-1] * i)
    return res


def taylor_exp(x, n=1000):
    factorials = factorial_upto(n)
    res = 0
    for i in range(n):
        res += x**i / factorials[i]
    return res


def exp(s):
    items = [i % 10 for i in range(s["count"])]

    def burst():
        start = time.monotonic()
        results = [taylor_exp(x) for x in items]
        seconds = time.monotonic() - start
        check("The results", results == [TAYLOR_EXP[x] for x in items], True)
        return seconds

    return clock(s["bursts"], burst)


def f(x):
    print(x)
    y = [1] * 5000000
    [math.exp(i) for i in y]


def g(x):
    print(x)
    y = np.ones(5000000)
    np.exp(y)


ROLES = {
    "queue": lambda s: move_items(threading.Thread, queue.Queue, s),
    "processQueue": lambda s: move_items(
        multiprocessing.Process, multiprocessing.Queue, s
    ),
    "apply": apply,
    "map": pool_map,
    "exp": exp,
    "f": lambda s: clock(s["bursts"], lambda: f(0)),
    "g": lambda s: clock(s["bursts"], lambda: g(0)),
}

if __name__ == "__main__":
    try:
        outcome = ROLES[sys.argv[1]](json.loads(sys.argv[2]))
    except WrongResult as error:
        outcome = {"failure": "wrong result", "message": str(error)}
    except Exception as error:
        outcome = {"failure": "error", "message": repr(error)}
    print("\x1e" + json.dumps(outcome), flush=True)
