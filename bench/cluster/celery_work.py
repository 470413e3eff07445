"""The same work for Celery, in its own words: FILE URL for a worker, and

FILE URL COUNT to clock so many tasks from here. Prints seconds."""

import sys
import time

from celery import Celery, group

url = sys.argv[1]
app = Celery("celery_work", broker=url, backend=url)
app.conf.worker_prefetch_multiplier = 4


@app.task(name="increment")
def increment(x):
    return x + 1


def clock(count):
    start = time.perf_counter()
    results = group(increment.s(x) for x in range(count))().get(timeout=100)
    seconds = time.perf_counter() - start
    assert results == [x + 1 for x in range(count)]
    return seconds


if __name__ == "__main__":
    if len(sys.argv) == 2:
        app.worker_main(["worker", "--concurrency=2", "--loglevel=ERROR"])
    else:
        count = int(sys.argv[2])
        clock(count // 10)
        print(clock(count))
