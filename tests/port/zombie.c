/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Prints the pid of a child that has ended and is not waited for; waits. */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	int child = fork();
	siginfo_t info;

	if (!child)
		return 0;
	if (waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT))
		return 1;
	printf("%d\n", child);
	fflush(stdout);
	return (int)read(0, &child, 1);
}
