/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Opens its own file with libdwunw.a and says for what machine it is; and some
 * arithmetic, for it goes wrong silently where libraries of soft and of hard
 * float are mixed.
 */
#include <dwunw/linux.h>

#include <stdio.h>

static unsigned int prepared(void)
{
	struct dwunw_regset regs;
	unsigned int count = 0;
	uint16_t id;

	for (id = DWUNW_ARCH_X86_64; id <= DWUNW_ARCH_RISCV64; id++)
		if (dwunw_regset_prepare(&regs, id) == DWUNW_OK)
			count++;
	return count;
}

int main(int argc, char **argv)
{
	struct dwunw_context ctx = { 0 };
	const struct dwunw_module *module = NULL;
	dwunw_status_t status;

	if (argc < 1 || dwunw_init(&ctx) != DWUNW_OK)
		return 1;
	status = dwunw_module_cache_acquire(&ctx, argv[0], &module);
	printf("%s %s, %u targets, %.4f\n", dwunw_status_name(status),
	       module ? dwunw_arch_name(module->arch) : "none", prepared(),
	       (double)argc / 3 * 7.25);
	if (module)
		dwunw_module_cache_release(&ctx, module);
	dwunw_shutdown(&ctx);
	return status == DWUNW_OK ? 0 : 1;
}
