# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Run inside gdb: "T tid" and "F pc" for every thread and frame. Frames that
# gdb makes up out of debug information, inlined functions and tail calls,
# have no registers of their own and are left out.

import gdb

for thread in gdb.selected_inferior().threads():
    thread.switch()
    print("T %d" % (thread.ptid[1] or thread.ptid[0]))
    frame = gdb.newest_frame()
    while frame is not None:
        if frame.type() not in (gdb.INLINE_FRAME, gdb.TAILCALL_FRAME):
            print("F %x" % frame.pc())
        frame = frame.older()
