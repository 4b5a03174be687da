/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * A child sends this program 20,000 signals, which it counts; prints how many
 * came.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
static volatile sig_atomic_t seen;
static void on(int n)
{
	(void)n;
	seen++;
}
static void send(pid_t to)
{
	struct timespec pause = { 0, 20000 };
	union sigval value = { .sival_int = 0 };

	for (int i = 0; i < 20000; i++) {
		while (sigqueue(to, SIGRTMIN, value) && errno == EAGAIN)
			nanosleep(&pause, NULL);
	}
	kill(to, SIGTERM);
	_exit(0);
}
int main(void)
{
	struct sigaction action = { .sa_handler = on };
	struct timespec none = { 0, 0 };
	pid_t self = getpid();
	sigset_t term;

	alarm(600);
	sigaction(SIGRTMIN, &action, NULL);
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	if (!fork())
		send(self);
	while (sigtimedwait(&term, NULL, &none) != SIGTERM)
		;
	printf("%d\n", (int)seen);
	return 0;
}
