/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * places FILE: for each line "NAME FLAGS" of stdin one of what
 * dwunw_symbol_locate() says of it: "NAME 0xOFFSET", or "NAME - why not".
 */
#include <dwunw/symbols.h>

#include <inttypes.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	struct dwunw_symbol_resolver resolver;
	struct dwunw_symbol_place place;
	char name[256];
	unsigned flags;

	if (argc != 2 ||
	    dwunw_symbol_resolver_init(&resolver, NULL) != DWUNW_OK)
		return 2;
	while (scanf("%255s %u", name, &flags) == 2) {
		dwunw_status_t status = dwunw_symbol_locate(
			&resolver, argv[1], name, flags, &place);

		if (status == DWUNW_OK)
			printf("%s 0x%" PRIx64 "\n", name, place.off);
		else
			printf("%s - %d %s\n", name, status, place.why);
	}
	dwunw_symbol_resolver_shutdown(&resolver);
	return 0;
}
