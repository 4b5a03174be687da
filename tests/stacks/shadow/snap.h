/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * snap.h - recorded stacks with their true call chains.
 *
 * A file is what one run of one program left: samples taken at pseudo-random
 * instructions, each with registers, stack bytes and the chain that a shadow
 * call stack knew. Everything is little-endian and of fixed width, whatever
 * the guest is; only memory bytes are in the guest's own order.
 *
 *	struct snap_header
 *	record *                from records_off, back to back:
 *		struct snap_record
 *		u64 regs[reg_count]           DWARF numbering; the pc is last
 *		struct snap_frame chain[chain_count]
 *		segment_count times:
 *			struct snap_segment
 *			u8 bytes[size], padded to a multiple of 8
 *	bytes                   of mappings of no file where code ran
 *	maps text               as /proc/PID/maps; paths are the host's. "[made]"
 *				is such a mapping, and its offset that of its
 *				bytes in this file
 *	vdso bytes              vdso_size may be 0; the file's byte 0 is
 *				at vdso_addr
 *
 * The regs of x86_64 are the 17 of the psABI's 3.6.2 (16: rip). arm64: x0 to
 * x30, sp, pc. mips32: $0 to $31, pc. riscv64: x0 to x31, pc.
 */
#ifndef SNAP_H
#define SNAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SNAP_MAGIC "DWSNAP\r\n"
#define SNAP_VERSION 2u

enum snap_arch {
	SNAP_X86_64 = 1,
	SNAP_ARM64 = 2,
	SNAP_MIPS32EL = 3,
	SNAP_MIPS32EB = 4,
	SNAP_RISCV64 = 5,
};

struct snap_header {
	char magic[8];
	uint32_t version;
	uint32_t arch; /* enum snap_arch */
	uint32_t reg_count;
	uint32_t record_count;
	uint64_t records_off;
	uint64_t maps_off;
	uint64_t maps_size;
	uint64_t vdso_off;
	uint64_t vdso_size;
	uint64_t vdso_addr;
	uint64_t entry;	      /* run-time address of the ELF entry point */
	uint64_t steps;	      /* instructions followed */
	uint64_t bad_slots;   /* rejected: a slot held something else */
	uint64_t bad_landing; /* rejected: the function left by a jump */
	uint64_t bad_stack;   /* rejected: sp was on no known stack */
	uint32_t below;	      /* bytes copied below sp */
	uint32_t cap;	      /* bytes copied from sp upwards, at most */
	char label[64];
};

/* The chain was cut where the copy ends: more frames follow. */
#define SNAP_CUT 1u
/* A frame of the chain was interrupted by a signal. */
#define SNAP_SIGNAL 2u

struct snap_record {
	uint32_t size; /* of the whole record */
	uint32_t flags;
	uint64_t step;
	uint32_t chain_count;
	uint32_t segment_count;
};

enum snap_kind {
	SNAP_PC = 0,	      /* chain[0]: where the sample was taken */
	SNAP_RETURN = 1,      /* a return address */
	SNAP_INTERRUPTED = 2, /* where a signal came; no return address */
};

/*
 * Innermost first; the last one lies in the program's start code unless
 * SNAP_CUT. `at` is, on machines that push it, the stack slot of the address
 * (x86_64), else the stack pointer at the call (INTERRUPTED: at the signal
 * frame). 0 for chain[0].
 */
struct snap_frame {
	uint64_t pc;
	uint64_t at;
	uint16_t kind; /* enum snap_kind */
	uint16_t main; /* 1: the return address of main(), where asked for */
	/* with a link register: the DWARF number + 1 of the register that has
	 * the address where no memory does; else 0 */
	uint16_t reg;
	uint16_t reserved;
};

/* The first one holds sp; more follow when signals switched stacks. */
struct snap_segment {
	uint64_t addr;
	uint32_t size;
	uint32_t reserved;
};

_Static_assert(sizeof(struct snap_header) == 184, "snap_header");
_Static_assert(sizeof(struct snap_record) == 24, "snap_record");
_Static_assert(sizeof(struct snap_frame) == 24, "snap_frame");
_Static_assert(sizeof(struct snap_segment) == 16, "snap_segment");

/* --- reading: snap.c --- */

#define SNAP_REG_MAX 33u
#define SNAP_SEGMENT_MAX 4u

struct snap_bytes {
	uint64_t addr;
	uint64_t size;
	const uint8_t *data;
};

/* One sample, pointing into the mapped file. */
struct snap_sample {
	uint64_t regs[SNAP_REG_MAX];
	uint32_t reg_count;
	uint32_t flags;
	uint64_t step;
	uint64_t pc;
	uint64_t sp;
	const struct snap_frame *chain;
	size_t chain_count;
	struct snap_bytes memory[SNAP_SEGMENT_MAX]; /* [0]: the stack */
	size_t memory_count;
};

/* One line of the maps text. */
struct snap_map {
	uint64_t start;
	uint64_t end;
	uint64_t off;
	bool exec;
	bool write;
	char *path; /* "" for none */
};

#define SNAP_MADE "[made]"

struct snap {
	const uint8_t *bytes;
	size_t size;
	struct snap_header header;
	struct snap_map *maps;
	size_t map_count;
	const uint8_t *vdso;
	uint64_t next_off; /* of snap_next() */
	uint32_t next_index;
};

/* Maps the file. False: a line on stderr says what is wrong with it. */
bool snap_open(struct snap *snap, const char *path);
void snap_close(struct snap *snap);

/* Samples in order; false at the end. A broken record ends the program. */
bool snap_next(struct snap *snap, struct snap_sample *sample);
void snap_rewind(struct snap *snap);

/* The mapping that holds addr, or NULL. */
const struct snap_map *snap_find_map(const struct snap *snap, uint64_t addr);

/* The sample's own memory, all or nothing. */
bool snap_read(const struct snap_sample *sample, uint64_t addr, void *dst,
	       size_t size);

#endif
