# Runs the notebook's cells in this Python, in their order and in one namespace,
# and tells what came of each by lines that begin with a key. Standard input has
# one line of JSON: the key and the cells.
import ast
import json
import multiprocessing
import os
import platform
import sys
import threading
import time
import traceback
import warnings
from queue import Queue


class Lines:
    """Writes whole lines at once: the rules know how to take glued ones apart,
    but only where one side has them whole."""

    def __init__(self):
        self.local = threading.local()

    def write(self, text):
        *lines, rest = (getattr(self.local, "rest", "") + text).split("\n")
        for line in lines:
            os.write(1, (line + "\n").encode())
        self.local.rest = rest
        return len(text)

    def flush(self):
        pass

    def fileno(self):
        return 1


def display(value):
    """Prints what a cell ends with, as IPython does."""
    if value is None:
        return
    text = repr(value)
    if isinstance(value, list) and len(text) > 79:
        items = [repr(item) for item in value[:1000]]
        if len(value) > 1000:
            items.append("...")
        text = "[" + ",\n ".join(items) + "]"
    print(text)


def run(source, namespace):
    tree = ast.parse(source)
    last = None
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        last = ast.Expression(tree.body.pop().value)
    exec(compile(tree, "<cell>", "exec"), namespace)
    if last is not None:
        display(eval(compile(last, "<cell>", "eval"), namespace))


def settle(namespace):
    """Waits as the notebook's reader did, until its threads are done."""
    queue = namespace.get("q")
    deadline = time.time() + 60
    while queue is not None and queue.unfinished_tasks and time.time() < deadline:
        time.sleep(0.01)
    time.sleep(0.3)


def main():
    request = json.loads(sys.stdin.readline())
    mark = "\x1e" + request["key"]

    def tell(**event):
        os.write(1, (mark + json.dumps(event) + "\n").encode())

    warnings.simplefilter("ignore")
    # What Linux did before Python 3.14: the notebook's functions have no module.
    multiprocessing.set_start_method("fork")
    # The imports above are the notebook's: a lab may run without the lab that
    # has them.
    namespace = sys.modules["__main__"].__dict__
    namespace["mp"] = multiprocessing
    numpy = None
    try:
        import numpy

        namespace["np"] = numpy
    except ImportError:
        pass
    tell(
        type="python",
        version=platform.python_version(),
        numpy=numpy and numpy.__version__,
    )
    sys.stdout = Lines()
    for cell in request["cells"]:
        tell(type="start", id=cell["id"], title="")
        try:
            run(cell["source"], namespace)
            if cell["settles"]:
                settle(namespace)
            tell(type="end", id=cell["id"])
        except Exception as error:
            reason = traceback.format_exception_only(type(error), error)[-1].strip()
            # Without numpy, what it would have made is missing, too.
            if numpy is None and isinstance(error, (NameError, ImportError)):
                reason = "this Python has no numpy"
            tell(type="failed", id=cell["id"], reason=reason)
    sys.stdout.flush()
    # Threads are left that wait for ever.
    os._exit(0)


if __name__ == "__main__":
    main()
