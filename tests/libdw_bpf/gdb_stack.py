# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# gdb_stack.py - run by gdb on target.c: what its stack is. $STACK_WANTED:
#
#   bt CALL      gdb's own frames inside that system call, or at that function's
#                first instruction: needs call frame information all the way
#   steps CALL NUMBER TIMES  from libc's function of that name to its system
#                call of that number, the first or a later one, by single steps:
#                a call is what pushes the address behind it, and a frame ends
#                when the stack is popped
#   start        the same from the program's first instruction to main
#
# Prints "ips ADDRESS…", innermost first, by the rule of dwunw/libdw_bpf.h; for
# "start" "files NAME+OFFSET…", as the addresses are others in the next process.
import os
import struct

import gdb


def quiet(command):
    return gdb.execute(command, to_string=True)


def address(value):
    return int(value) & (1 << 64) - 1


def register(name):
    return address(gdb.parse_and_eval("$" + name))


def address_of(function):
    return int(gdb.parse_and_eval("(unsigned long)&" + function))


def memory(addr, size):
    return bytes(gdb.selected_inferior().read_memory(addr, size))


def word(addr):
    return struct.unpack("<Q", memory(addr, 8))[0]


def gdb_ips():
    """Not minus 1: where the thread is, was interrupted, or will return by."""
    ips, frame, exact = [], gdb.newest_frame(), True
    while frame and frame.is_valid():
        trampoline = frame.type() == gdb.SIGTRAMP_FRAME
        # others are made up from debug data: inlined calls, jumps to functions
        if frame.type() in (gdb.NORMAL_FRAME, gdb.SIGTRAMP_FRAME):
            behind = 0 if exact or trampoline else 1
            ips.append(address(frame.pc() - behind))
            exact = trampoline
        frame = frame.older()
    return ips


class Shadow:
    """Return addresses by the stack slots that hold them."""

    def __init__(self, slots):
        self.slots = slots

    def step(self):
        pc, sp = register("rip"), register("rsp")
        size = gdb.selected_frame().architecture().disassemble(pc)[0]["length"]
        quiet("stepi")
        now = register("rsp")
        while self.slots and self.slots[-1][0] < now:
            self.slots.pop()
        if now == sp - 8 and word(now) == pc + size:
            self.slots.append((now, pc + size))

    def returns(self):
        return [ra - 1 for _, ra in reversed(self.slots)]


def at_call(number):
    return memory(register("rip"), 2) == b"\x0f\x05" and (
        register("rax") == number
    )


def steps(function, number, times):
    quiet("tbreak *&" + function)
    quiet("continue")
    sp = register("rsp")
    shadow = Shadow([(sp, word(sp))])
    while True:
        times -= at_call(number)
        if not times:
            break
        shadow.step()
    return [register("rip") + 2] + shadow.returns()


def start():
    quiet("starti")
    first, main = (address_of(name) for name in ("_start", "main"))
    if register("rip") != first:  # the dynamic linker's instead
        quiet("tbreak *%d" % first)
        quiet("continue")
    shadow = Shadow([])
    while register("rip") != main:
        shadow.step()
    return shadow.returns()


def in_files(ips):
    found = {}
    pid = gdb.selected_inferior().pid
    for line in open("/proc/%d/maps" % pid):
        words = line.split()
        low, high = (int(part, 16) for part in words[0].split("-"))
        for ip in ips:
            if low <= ip < high:
                name = os.path.basename(words[-1])
                found[ip] = "%s+%x" % (name, ip - low + int(words[2], 16))
    return [found[ip] for ip in ips]


def main(how, *args):
    quiet("handle SIGUSR1 nostop noprint pass")
    quiet("handle SIGALRM nostop noprint pass")
    if how == "start":
        print("files", *in_files(start()))
        return
    if how == "steps":
        ips = steps(args[0], int(args[1]), int(args[2]))
    else:
        quiet(("tbreak *&" if args[0] == "probe_me" else "catch syscall ") +
              args[0])
        quiet("continue")
        ips = gdb_ips()
    print("ips", *("%x" % ip for ip in ips))


main(*os.environ["STACK_WANTED"].split())
