/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * What `dwunw leaks --in-process PID` calls in a program that runs, after it has
 * loaded this object there (tools/leaks/attach.c). One call at a time, by a thread
 * that is in no lock of the loader's, the allocator's or ours.
 *
 *	dwunw_inproc_attach()	tables, slots, and it records
 *	dwunw_inproc_look()	… slots of what was loaded since
 *	dwunw_inproc_detach()	it records nothing, slots are as they were
 *	dwunw_inproc_drop()	no thread is in here: tables are forgotten
 *
 * Each result is a number of the kernel's kind: below 0 it is an errno. Between any
 * two of them the program may run on without the tool for ever.
 */
#include "real.h" /* the first: what off_t is */

#include "inproc.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

DWU_SHOWN long dwunw_inproc_attach(uint64_t sample_bytes, uint64_t check);
DWU_SHOWN long dwunw_inproc_look(void);
DWU_SHOWN long dwunw_inproc_detach(void);
DWU_SHOWN long dwunw_inproc_drop(void);

#define DECLARE(name) extern char dwu_own_##name[];
DWU_SLOT_FUNCTIONS(DECLARE)

#define ROW(name) { #name, dwu_own_##name, NULL },
static struct dwu_slot_function functions[] = { DWU_SLOT_FUNCTIONS(ROW) };
#define COUNT (sizeof(functions) / sizeof(functions[0]))

static int32_t owner;	 /* the process whose tables there are; 0: none */
static long tables = -1; /* their file, until the tool has opened it */

static bool preloaded;

static bool find_real(void)
{
	preloaded = dwu_real_is_preloaded();
	if (preloaded)
		return true;
	if (!dwu_real_find_late())
		return false;
	for (size_t i = 0; i < COUNT; i++)
		functions[i].real = dwu_real_late(functions[i].name);
	return true;
}

static long open_tables(uint64_t sample_bytes, uint64_t check)
{
	void *real[DWU_FUNCTIONS];

	memset(&dwu_inproc_options, 0, sizeof(dwu_inproc_options));
	dwu_inproc_options.sample_bytes = (uint32_t)sample_bytes;
	dwu_inproc_options.check = check;
	dwu_real_list(real);
	return dwu_event_open(real);
}

/* Slots lead here before a block is recorded, so that its free is seen. */
static long attach(uint64_t sample_bytes, uint64_t check)
{
	long turned;

	tables = open_tables(sample_bytes, check);
	if (tables < 0)
		return tables;
	turned = preloaded ? 1 : dwu_slots_turn(functions, COUNT);
	if (turned > 0) {
		owner = dwu_inproc_pid();
		dwu_event_go();
		return tables;
	}
	/* somebody may be on the way to us: the tables are empty, and stay */
	(void)dwu_slots_back();
	owner = dwu_inproc_pid();
	return turned ? turned : -ENOENT;
}

static void close_file(void)
{
	if (tables >= 0)
		syscall(SYS_close, tables);
	tables = -1;
}

long dwunw_inproc_attach(uint64_t sample_bytes, uint64_t check)
{
	int error = errno;
	long result;

	if (owner == dwu_inproc_pid())
		return -EALREADY;
	if (dwu_inproc_mode == DWU_WHOLE || dwu_inproc_mode == DWU_SAMPLED)
		return -EBUSY; /* by its environment, whose options stay */
	if (owner) /* our parent's, and no other thread has come with us */
		dwu_event_close();
	owner = 0;
	result = find_real() ? attach(sample_bytes, check) : -ENOENT;
	errno = error;
	return result;
}

long dwunw_inproc_look(void)
{
	int error = errno;
	long result;

	if (owner != dwu_inproc_pid())
		return -ESRCH;
	close_file();
	result = preloaded ? 0 : dwu_slots_turn(functions, COUNT);
	errno = error;
	return result;
}

long dwunw_inproc_detach(void)
{
	int error = errno;
	long result;

	if (owner != dwu_inproc_pid())
		return -ESRCH;
	close_file();
	if (dwu_event_stop())
		dwu_event_end();
	result = dwu_slots_back();
	errno = error;
	return result;
}

long dwunw_inproc_drop(void)
{
	int error = errno;

	if (owner != dwu_inproc_pid())
		return -ESRCH;
	dwu_event_close();
	owner = 0;
	errno = error;
	return 0;
}
