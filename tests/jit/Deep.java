/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Twenty calls deep, it waits for a byte. */
public class Deep {
	static int deep(int n) throws Exception {
		return n > 0 ? deep(n - 1) + 1 : rest();
	}

	static int rest() throws Exception {
		System.out.println("ready");
		System.out.flush();
		return System.in.read();
	}

	public static void main(String[] args) throws Exception {
		deep(20);
	}
}
