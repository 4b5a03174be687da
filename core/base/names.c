/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The printable names of statuses, evidence and stop reasons: what tools print
 * and tests compare. For example, dwunw_stop_name(DWUNW_STOP_NO_ROW) is "no
 * row".
 *
 * Each is a constant that lives for ever. A number that this version does not
 * know has a name as well ("unknown"): callers print it without a check, and a
 * core that is newer or older than a tool does no harm.
 */
#include <dwunw/walk.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *dwunw_status_name(dwunw_status_t status)
{
	static const char *const names[] = {
		[-DWUNW_OK] = "OK",
		[-DWUNW_ERR_INVALID_ARG] = "INVALID_ARG",
		[-DWUNW_ERR_UNSUPPORTED_ARCH] = "UNSUPPORTED_ARCH",
		[-DWUNW_ERR_NOT_IMPLEMENTED] = "NOT_IMPLEMENTED",
		[-DWUNW_ERR_IO] = "IO",
		[-DWUNW_ERR_BAD_FORMAT] = "BAD_FORMAT",
		[-DWUNW_ERR_NO_DEBUG_DATA] = "NO_DEBUG_DATA",
		[-DWUNW_ERR_CACHE_FULL] = "CACHE_FULL",
		[-DWUNW_ERR_NO_MEMORY] = "NO_MEMORY",
		[-DWUNW_ERR_ATTACH_DENIED] = "ATTACH_DENIED",
	};
	/* statuses are 0 and below; one above 0 becomes a large index, which is
	 * none */
	unsigned int i = 0 - (unsigned int)status;

	return i < COUNT(names) ? names[i] : "unknown status";
}

/*
 * By which evidence a frame was found: "event" is the first one, "fp" a guess.
 */
const char *dwunw_how_name(uint8_t how)
{
	static const char *const names[] = {
		[DWUNW_HOW_EVENT] = "event", [DWUNW_HOW_CFI] = "cfi",
		[DWUNW_HOW_ENTRY] = "entry", [DWUNW_HOW_SIGNAL] = "signal",
		[DWUNW_HOW_LEAF] = "leaf",   [DWUNW_HOW_LINK] = "link",
		[DWUNW_HOW_SCAN] = "scan",   [DWUNW_HOW_FP] = "fp",
	};

	return how < COUNT(names) ? names[how] : "unknown";
}

/* SPEC.md has a table of these words with their meaning. */
const char *dwunw_stop_name(uint8_t reason)
{
	static const char *const names[] = {
		[DWUNW_STOP_ROOT] = "root",
		[DWUNW_STOP_LIMIT] = "limit",
		[DWUNW_STOP_NO_MODULE] = "no module",
		[DWUNW_STOP_NO_ROW] = "no row",
		[DWUNW_STOP_BAD_ROW] = "bad row",
		[DWUNW_STOP_UNREADABLE] = "unreadable",
		[DWUNW_STOP_TRUNCATED] = "truncated",
		[DWUNW_STOP_NO_REGISTER] = "no register",
		[DWUNW_STOP_NO_PROGRESS] = "no progress",
		[DWUNW_STOP_TRAMPOLINE] = "trampoline",
		[DWUNW_STOP_CONTEXT] = "context",
		[DWUNW_STOP_ZERO_RETURN] = "zero return",
		[DWUNW_STOP_NO_CODE] = "no code",
		[DWUNW_STOP_NO_CALL] = "no call",
		[DWUNW_STOP_TIME] = "time",
	};

	return reason < COUNT(names) ? names[reason] : "unknown";
}
