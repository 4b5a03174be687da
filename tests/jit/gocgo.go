// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
// Twenty calls deep, it waits in a C function.
package main

/*
#include <stdio.h>
#include <unistd.h>

static __attribute__((noinline)) int rest(int n)
{
	printf("ready\n");
	fflush(stdout);
	return pause() + n;
}
*/
import "C"

//go:noinline
func deep(n int) int {
	if n > 0 {
		return deep(n-1) + 1
	}
	return int(C.rest(3))
}

func main() {
	deep(20)
}
