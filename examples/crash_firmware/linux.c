/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* The machine is Linux with a libc, and the program a static one. */
#include "program.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <dwunw/dwunw_api.h>

#define PAGE 4096u
#define HOW_NONE 0x7fff /* none of SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK */

/* The ELF header of this program in memory; the linker knows where. */
extern const char __ehdr_start[] __attribute__((visibility("hidden")));

static uint8_t handler_stack[4 * DWUNW_FIRMWARE_STACK_SIZE];

/* The kernel reads a signal set at the page, or says EFAULT, before it says that
 * there is no such `how`. */
static bool is_readable(uint64_t page)
{
	return syscall(SYS_rt_sigprocmask, HOW_NONE, (uintptr_t)page, NULL,
		       _NSIG / 8) == -1 &&
	       errno != EFAULT;
}

dwunw_status_t machine_read(void *ctx, uint64_t addr, void *dst, size_t size)
{
	uint64_t page = addr - addr % PAGE;

	(void)ctx;
	if (addr < PAGE || addr + size < addr || addr + size > UINTPTR_MAX)
		return DWUNW_ERR_INVALID_ARG;
	for (; page < addr + size; page += PAGE)
		if (!is_readable(page))
			return DWUNW_ERR_INVALID_ARG;
	memcpy(dst, (const void *)(uintptr_t)addr, size);
	return DWUNW_OK;
}

void machine_print(const char *text, size_t size)
{
	while (size > 0) {
		ssize_t done = write(STDERR_FILENO, text, size);

		if (done <= 0)
			return;
		text += done;
		size -= (size_t)done;
	}
}

const struct dwunw_firmware_code *machine_code(uint32_t *count)
{
	static const struct dwunw_firmware_code code = {
		.label = "crash_firmware",
		.image = __ehdr_start,
	};

	*count = 1;
	return &code;
}

bool machine_has_signals(void)
{
	return true;
}

static void on_crash(int signal, siginfo_t *info, void *context)
{
	struct dwunw_regset regs;

	(void)info;
	if (dwunw_firmware_regset_from_ucontext(&regs, context,
						sizeof(ucontext_t)) == DWUNW_OK)
		report_stack(&regs);
	_exit(128 + signal);
}

/* A handler that crashes: the stack leads through the kernel's signal frame. */
FRAME static void on_user(int signal)
{
	(void)program_run("null");
	machine_print("", (size_t)(signal & 0));
}

static void install(void)
{
	const stack_t stack = { .ss_sp = handler_stack,
				.ss_size = sizeof(handler_stack) };
	struct sigaction crash = {
		.sa_sigaction = on_crash,
		.sa_flags = SA_SIGINFO | SA_ONSTACK | (int)SA_RESETHAND,
	};
	struct sigaction user = { .sa_handler = on_user };

	(void)sigaltstack(&stack, NULL);
	(void)sigaction(SIGSEGV, &crash, NULL);
	(void)sigaction(SIGBUS, &crash, NULL);
	(void)sigaction(SIGUSR1, &user, NULL);
}

static const char help[] =
	"usage: crash_firmware null | wild | deep | signal | wanted\n"
	"       -h, --help, -V, --version\n"
	"Crashes, by a store or a call to nowhere, at the end of a recursion, or "
	"in a\nsignal handler, and prints its stack; or the bytes that it wants "
	"for that.\n";

static int answer(const char *word)
{
	if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0) {
		fputs(help, stdout);
		return 0;
	}
	if (strcmp(word, "-V") == 0 || strcmp(word, "--version") == 0) {
		puts("crash_firmware " DWUNW_VERSION);
		return 0;
	}
	fprintf(stderr, "%s: no way to crash; Try 'crash_firmware --help'.\n",
		word);
	return 2;
}

int main(int argc, char **argv)
{
	const char *mode = argc == 2 ? argv[1] : "";

	install();
	if (strcmp(mode, "wanted") == 0)
		report_wanted();
	else if (strcmp(mode, "signal") == 0)
		return raise(SIGUSR1) + 1;
	else if (program_knows(mode))
		return program_run(mode) & 1;
	else
		return answer(mode);
	return 0;
}
