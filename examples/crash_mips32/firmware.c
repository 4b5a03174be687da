/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* A program that goes wrong, six calls and more below its start. */
#include "firmware.h"

#include <dwunw/dwunw_api.h>

static volatile int counter;

typedef int (*write_fn)(int *where, int value);

FRAME static int write_register(int *where, int value)
{
	*(volatile int *)where = value;
	counter++;
	return value;
}

/* Where the last call goes is not known when this is compiled. */
static write_fn volatile driver = write_register;

FRAME static int set_led(int *where, int value)
{
	int result = driver(where, value + 1);

	counter++;
	return result + 1;
}

/* A frame that needs more than a few words, and saved registers. */
FRAME static int parse_packet(int *where, int size)
{
	volatile int packet[64];
	int i, sum = 0;

	for (i = 0; i < 64; i++)
		packet[i] = size + i;
	sum = set_led(where, packet[size & 63]);
	for (i = 0; i < 64; i++)
		sum += packet[i];
	return sum;
}

FRAME static int dispatch(int *where, int depth)
{
	int result = parse_packet(where, depth + 7);

	counter++;
	return result + depth;
}

FRAME static int poll_device(int *where)
{
	int result = dispatch(where, counter);

	counter++;
	return result + 1;
}

FRAME static int crash(void)
{
	int result = poll_device((int *)0);

	counter++;
	return result;
}

FRAME void usr1_siginfo(int32_t signal, const void *info, const void *context)
{
	(void)signal;
	(void)info;
	(void)context;
	(void)crash();
	counter++;
}

FRAME void usr1_plain(int32_t signal, const void *info, const void *context)
{
	(void)signal;
	(void)info;
	(void)context;
	(void)crash();
	counter++;
}

FRAME static int raise_usr1(dwunw_mips32_handler_fn handler, uint32_t flags)
{
	(void)dwunw_mips32_sigaction(DWUNW_MIPS32_SIGUSR1, handler, flags);
	(void)dwunw_mips32_kill(dwunw_mips32_getpid(), DWUNW_MIPS32_SIGUSR1);
	counter++;
	return counter;
}

/* The bug of this one is that `counter` never is what ends it. */
FRAME static int recurse(int depth)
{
	volatile int filler[16];

	filler[depth & 15] = depth;
	if (counter < 0)
		return depth;
	return recurse(depth + 1) + filler[depth & 15];
}

/* Jumps to where there is no code: frame 0 has no module. */
FRAME static int wild_call(void)
{
	int (*volatile nowhere)(void) = (int (*)(void))(uintptr_t)0x10;
	int result = nowhere();

	counter++;
	return result + 1;
}

FRAME static int run_mode(char mode)
{
	switch (mode) {
	case 's':
		return raise_usr1(usr1_siginfo, DWUNW_MIPS32_SA_SIGINFO) + 1;
	case 'p':
		return raise_usr1(usr1_plain, 0) + 2;
	case 'o':
		return recurse(0) + 3;
	case 'w':
		return wild_call() + 4;
	default:
		return crash() + 5;
	}
}

FRAME int firmware_run(const char *mode)
{
	int result = run_mode(mode ? mode[0] : 'n');

	counter++;
	return result;
}

/* Whatever its argument is not: help, to stdout or, wrong, to stderr. */
static const char help[] =
	"usage: crash_mips32 [null | signal | plain | overflow | wild]\n"
	"       -h, --help, -V, --version\n"
	"Crashes, by a store to 0, in a signal handler, by a stack that is used "
	"up,\nor by a call of nowhere, and prints its stack.\n";
static const char version[] = "crash_mips32 " DWUNW_VERSION "\n";
static const char wrong[] = ": no way to crash; Try 'crash_mips32 --help'.\n";

static uint32_t length(const char *text)
{
	uint32_t size = 0;

	while (text[size])
		size++;
	return size;
}

static bool is_word(const char *text, const char *word)
{
	while (*text && *text == *word) {
		text++;
		word++;
	}
	return *text == *word;
}

/* The exit status, or -1: it is to crash. */
static int answer(const char *word)
{
	if (is_word(word, "-h") || is_word(word, "--help")) {
		(void)dwunw_mips32_write(1, help, sizeof(help) - 1);
		return 0;
	}
	if (is_word(word, "-V") || is_word(word, "--version")) {
		(void)dwunw_mips32_write(1, version, sizeof(version) - 1);
		return 0;
	}
	if (is_word(word, "null") || is_word(word, "signal") ||
	    is_word(word, "plain") || is_word(word, "overflow") ||
	    is_word(word, "wild"))
		return -1;
	(void)dwunw_mips32_write(2, word, length(word));
	(void)dwunw_mips32_write(2, wrong, sizeof(wrong) - 1);
	return 2;
}

FRAME int crash_main(int argc, char **argv)
{
	int status = argc > 1 ? answer(argv[1]) : -1;

	if (status >= 0)
		return status;
	trace_install();
	counter = argc;
	return firmware_run(argc > 1 ? argv[1] : NULL) & 1;
}
