# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# The load of a C++ program, gdb: for SECONDS of the environment.
set pagination off
set width 0
python
import os, time
end = time.monotonic() + float(os.environ["SECONDS"])
def run(command):
	try:
		gdb.execute(command, to_string=True)
	except gdb.error:
		pass # an exception has come through C++
while time.monotonic() < end:
	for command in ("break make_name", "tbreak leaky.c:40", "info breakpoints",
			"info line serve", "list make_session", "delete",
			"print sizeof(struct timespec) * 3 + 'a'",
			"print no_such_symbol", "ptype struct sigaction",
			"info scope leak_aligned", "info functions ^leak",
			"disassemble serve", "whatis main", "info symbol main",
			"print (char)make_name == 3 ? 1 : 2", "nonsense"):
		run(command)
end
