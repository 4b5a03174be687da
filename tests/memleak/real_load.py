# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
"""real_load.py SECONDS: trees, JSON, patterns, sorting, exceptions, threads,
the same again and again, so that the same calls allocate."""
import gc
import io
import json
import re
import sys
import threading
import time


class Node:
    def __init__(self, depth):
        self.children = [Node(depth - 1) for _ in range(2)] if depth else []

    def total(self):
        return 1 + sum(map(Node.total, self.children))


def work():
    text = json.dumps({"names": [f"name {n}" for n in range(50)]}, indent=1)
    words = re.findall(r"(\w+) (\d+)", text)
    words.sort(key=lambda word: -int(word[1]))
    try:
        int("no number")
    except ValueError as error:
        words.append(str(error))
    out = io.StringIO()
    print(*words, Node(4).total(), json.loads(text), file=out)
    gc.collect(0)


end = time.monotonic() + float(sys.argv[1])
while time.monotonic() < end:
    work()
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
