# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
"""The stacks that gdb sees at the allocator's functions of a running process.

Run by gdb, attached to it. The environment says:
WANTED   a file of stacks, one a line: addresses in hex, from the allocator's
         caller outwards. gdb goes on until it has seen them all,
SECONDS  but no longer than that.
PROBES   where uprobes are or may be, in other processes too: malloc+0x0 ...:
         the kernel takes a breakpoint there for one of its own, and removes it.
SEEN     the file for those that it has seen, each with its number of times.
"""
import os
import time

import gdb

FUNCTIONS = ("malloc calloc realloc mmap mremap posix_memalign memalign "
             "aligned_alloc valloc pvalloc").split()

with open(os.environ["WANTED"]) as file:
    wanted = set(file.read().splitlines())
deadline = time.monotonic() + float(os.environ["SECONDS"])
probes = os.environ["PROBES"].split()
seen = {}


def real(frame):
    """An inlined function has no frame of its own on the stack."""
    while frame and frame.type() == gdb.INLINE_FRAME:
        frame = frame.older()
    return frame


class Allocator(gdb.Breakpoint):
    def stop(self):
        addresses = []
        frame = real(real(gdb.newest_frame()).older())
        while frame:
            addresses.append("%x" % frame.pc())
            frame = real(frame.older())
        stack = " ".join(addresses)
        seen[stack] = seen.get(stack, 0) + 1
        wanted.discard(stack)
        return not wanted or time.monotonic() > deadline


def place(name):
    """The first instruction without a probe; each call comes to it."""
    start = int(gdb.parse_and_eval("(unsigned long)&" + name))
    for at in gdb.selected_frame().architecture().disassemble(start, count=9):
        probe = "%s+0x%x" % (name, at["addr"] - start)
        if at["addr"] != start and probe not in probes:
            return at["addr"]
        if at["asm"].split()[0][0] == "j":
            break
    raise gdb.error(name + " branches at once")


for name in FUNCTIONS:
    try:
        Allocator("*0x%x" % place(name))
    except gdb.error as error:
        print(error)  # there is none in this program
gdb.execute("handle all nostop noprint pass")
while wanted and time.monotonic() < deadline:
    gdb.execute("continue")
with open(os.environ["SEEN"], "w") as file:
    for stack, count in seen.items():
        file.write("%d %s\n" % (count, stack))
