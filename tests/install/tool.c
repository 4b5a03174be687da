/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* A tool outside of this tree, on what is installed: install.t. */
#include <dwunw/linux.h>
#include <dwunw/loader.h>
#include <dwunw/regset.h>
#include <dwunw/sampler.h>
#include <dwunw/trace.h>

#include <capture.h>
#include <stdio.h>

/* test %rdi, %rdi; je: the kernel emulates the je */
static const uint8_t code[32] = { 0x48, 0x85, 0xff, 0x0f, 0x84, 0xbf };

int main(void)
{
	static const char no_object[64] = "no BPF object";
	struct dwunw_namespace own;
	struct dwunw_loader *loader = NULL;
	int error =
		dwunw_loader_open(&loader, no_object, sizeof(no_object), false);

	if (dwunw_pidns_own(&own))
		return 1;
	printf("refused %d, cheap %u, threads %u\n", error < 0,
	       (unsigned)dwunw_entry_cheap_offset(DWUNW_ARCH_X86_64, code,
						  sizeof(code)),
	       (unsigned)dwunw_proc_threads((int32_t)dwunw_proc_of_thread(1)));
	return 0;
}
