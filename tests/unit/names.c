/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* core/base/names.c: every value has a name of its own. */
#include <dwunw/walk.h>

#include "tap.h"

int main(void)
{
	static const char *const statuses[] = {
		"OK",
		"INVALID_ARG",
		"UNSUPPORTED_ARCH",
		"NOT_IMPLEMENTED",
		"IO",
		"BAD_FORMAT",
		"NO_DEBUG_DATA",
		"CACHE_FULL",
		"NO_MEMORY",
		"ATTACH_DENIED",
	};
	static const char *const stops[] = {
		"root",	       "limit",	     "no module", "no row",
		"bad row",     "unreadable", "truncated", "no register",
		"no progress", "trampoline", "context",	  "zero return",
		"no code",     "no call",    "time",
	};
	static const char *const hows[] = {
		"event", "cfi", "entry", "signal", "leaf", "link", "scan", "fp",
	};
	unsigned int i;

	for (i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		is_str(dwunw_status_name((dwunw_status_t) - (int)i),
		       statuses[i], "status %d", -(int)i);
	for (i = 0; i <= DWUNW_STOP_TIME; i++)
		is_str(dwunw_stop_name((uint8_t)i), stops[i], "stop %u", i);
	for (i = 0; i <= DWUNW_HOW_FP; i++)
		is_str(dwunw_how_name((uint8_t)i), hows[i], "how %u", i);
	is_str(dwunw_status_name((dwunw_status_t)-10), "unknown status",
	       "a status too many");
	is_str(dwunw_status_name((dwunw_status_t)1), "unknown status",
	       "a status above 0");
	is_str(dwunw_stop_name(DWUNW_STOP_TIME + 1), "unknown",
	       "a stop too many");
	is_str(dwunw_stop_name(255), "unknown", "stop 255");
	is_str(dwunw_how_name(DWUNW_HOW_FP + 1), "unknown", "a how too many");
	return done();
}
