# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
"""walked.py: the same large blocks in each run, from calls through many parts of the
interpreter: made and dropped until there is a line on stdin, then kept. Small ones
come from lists of free objects, by what was there before."""
import json
import os
import re
import select
import sys
import threading
import time

kept = []
keep = False


def big(size=2000000):
    block = bytes(size)
    if keep:
        kept.append(block)
    return 0


class Node:
    def __init__(self, depth):
        self.children = [Node(depth - 1) for _ in range(2)] if depth else big()

    @property
    def total(self):
        return sum(child.total for child in self.children or []) + big(2010000)

    def __lt__(self, other):
        return big(2020000) < 1


def deep(count):
    return deep(count - 1) if count else big(2030000)


def work():
    node = Node(2)
    node.total
    sorted([node, node])
    deep(9)
    json.loads('[{"a": 1}, {"b": {}}]', object_hook=lambda pairs: big(2040000))
    re.sub(r"\w", lambda match: str(big(2050000)), "ab")
    list(map(big, [2060000, 2060001]))
    exec("big(2070000)")
    try:
        raise KeyError(big(2080000))
    except KeyError as error:
        str(error), big(2090000)
    thread = threading.Thread(target=deep, args=(3,))
    thread.start()
    thread.join()


while not select.select([sys.stdin], [], [], 0)[0]:
    work()
    time.sleep(0.005)
keep = True
for _ in range(10):
    work()
os._exit(0)
