/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * A place in a file -> a uprobe, in two ways: as a BPF link of many places
 * (BPF_TRACE_UPROBE_MULTI, used from Linux 6.13 on) or as an event of the
 * uprobe PMU.
 *
 * For example, { "/lib/x86_64-linux-gnu/libc.so.6", 0x9d4a0, pid 4711, entry }
 * is perf_event_attr { type: sysfs' bus/event_source/devices/uprobe/type,
 * config 0, config1: the path, config2: the offset } of that process, on any
 * CPU; with pid -1 of all processes, on CPU 0, as the probe is in the file and
 * not on a CPU.
 */
#include "uprobe_multi.h"

#include "bpf_map.h"
#include "rings.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <string.h>
#include <unistd.h>

#define UPROBE_MULTI_RETURN 1u

/* What bpf(2) takes for BPF_LINK_CREATE of this kind. */
struct link_create {
	uint32_t program;
	uint32_t target;
	uint32_t type;
	uint32_t flags;
	uint64_t path;
	uint64_t offs;
	uint64_t ref_ctr_offs;
	uint64_t cookies;
	uint32_t count;
	uint32_t multi_flags;
	uint32_t pid; /* 0: every process */
};

/*
 * The struct is zeroed beyond what it knows: bpf(2) takes a longer attr if the
 * rest is 0.
 */
int dwu_uprobe_multi_link(int program, uint32_t type,
			  const struct dwunw_uprobe_place *place)
{
	struct link_create link = {
		.program = (uint32_t)program,
		.type = type,
		.path = dwu_bpf_address(place->path),
		.offs = dwu_bpf_address(&place->off),
		.count = 1,
		.multi_flags = place->at_return ? UPROBE_MULTI_RETURN : 0,
		.pid = place->pid < 0 ? 0 : (uint32_t)place->pid,
	};
	union bpf_attr attr;

	_Static_assert(sizeof(link) <= sizeof(attr), "room for a link");
	memset(&attr, 0, sizeof(attr));
	memcpy(&attr, &link, sizeof(link));
	return dwu_bpf_call(BPF_LINK_CREATE, &attr);
}

/* The kernel copies the path while the call runs; it need not outlive it. */
int dwunw_uprobe_event(const struct dwunw_uprobe_place *place)
{
	int type = dwu_perf_type("uprobe");
	struct perf_event_attr attr;

	if (type < 0)
		return type;
	memset(&attr, 0, sizeof(attr));
	attr.size = sizeof(attr);
	attr.type = (uint32_t)type;
	/* bit 0, as its format/retprobe says */
	attr.config = place->at_return;
	attr.config1 = dwu_bpf_address(place->path);
	attr.config2 = place->off;
	return dwu_perf_open(&attr, place->pid, place->pid < 0 ? 0 : -1);
}

/* { r0 = 0; exit }: the smallest program that a link can be asked for. */
int dwu_uprobe_multi_empty(uint32_t type)
{
	struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_KPROBE;
	attr.expected_attach_type = type;
	attr.insns = dwu_bpf_address(code);
	attr.insn_cnt = sizeof(code) / sizeof(code[0]);
	attr.license = dwu_bpf_address("Dual BSD/GPL");
	return dwu_bpf_call(BPF_PROG_LOAD, &attr);
}

/*
 * Sessions came with 6.13. A directory has no instructions: a kernel that gets
 * so far as to see that knows the type.
 *
 * -EBADF is what the kernel says of "/" once it has understood all else;
 * kernels that do not know the type say -EINVAL.
 */
bool dwu_uprobe_multi_is_supported(void)
{
	struct dwunw_uprobe_place place = { .path = "/", .pid = -1 };
	int program = dwu_uprobe_multi_empty(DWU_UPROBE_SESSION_TYPE);
	int link;

	if (program < 0)
		return false;
	link = dwu_uprobe_multi_link(program, DWU_UPROBE_SESSION_TYPE, &place);
	close(program);
	if (link >= 0)
		close(link);
	return link == -EBADF;
}
