/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#ifndef FIRMWARE_H
#define FIRMWARE_H

#include <dwunw/mips32.h>

/* What start.S calls. Its result is the exit status. */
int crash_main(int argc, char **argv);

/* Handles SIGSEGV and SIGBUS from now on, for ever. */
void trace_install(void);

/*
 * The program's own functions, called in this order; each does something
 * after its call returns, so that none of the calls is a jump.
 */
int firmware_run(const char *mode);

/* A handler of SIGUSR1 that crashes; of both kinds. */
void usr1_siginfo(int32_t signal, const void *info, const void *context);
void usr1_plain(int32_t signal, const void *info, const void *context);

/* Compilers must neither merge nor copy these functions. */
#ifdef __clang__
#define FRAME __attribute__((noinline, used))
#else
#define FRAME __attribute__((noinline, noclone, used))
#endif

#endif
