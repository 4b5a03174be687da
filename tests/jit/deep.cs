/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Twenty calls deep, it waits. */
using System;
using System.Runtime.InteropServices;

class Deep {
	[DllImport("libc")]
	static extern int pause();

	static int Call(int n) {
		return n > 0 ? Call(n - 1) + 1 : Rest();
	}

	static int Rest() {
		Console.WriteLine("ready");
		return pause();
	}

	static void Main() {
		Call(20);
	}
}
