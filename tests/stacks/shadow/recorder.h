/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * recorder.h - what the plugins have in common: options, the shadow call
 * stack, samples, the mappings, the file.
 *
 * A plugin knows one kind of machine. It calls recorder_install(), then
 * recorder_start() at the ELF entry point, push() and drop() as control
 * flows, and take_sample().
 */
#ifndef RECORDER_H
#define RECORDER_H

#include "snap.h"

#include <sys/types.h>

/* --- the part of qemu-plugin.h that is used (API version 1) --- */

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info {
	const char *target_name;
};
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *,
						 size_t index);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    void (*cb)(unsigned, void *),
					    int flags, void *udata);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
					   void (*cb)(qemu_plugin_id_t,
						      struct qemu_plugin_tb *));
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id,
				    void (*cb)(qemu_plugin_id_t, void *),
				    void *udata);

#define EXPORT __attribute__((visibility("default")))

/* --- the machine, set by the plugin --- */

struct guest {
	uint32_t arch;	  /* enum snap_arch */
	uint32_t machine; /* e_machine */
	uint32_t reg_count;
	uint32_t word; /* bytes */
	bool big_endian;
	/* bytes above `slot` that an entry's frame needs (x86_64: the address
	 * itself lies there; where sp is remembered, none) */
	uint32_t slot_size;
	/* fills SNAP regs of the sample that is taken */
	void (*put_registers)(uint64_t *regs);
	/* whether each address of chain[1 .. count) is where it should be */
	bool (*chain_holds)(struct snap_frame *chain, size_t count);
};
extern struct guest guest;

/* --- options --- */

struct options {
	uint64_t period;
	uint64_t skip;
	uint64_t steps;
	uint64_t samples;
	uint64_t seed;
	uint64_t cap;
	uint64_t below;
	uint64_t main;	 /* main() minus the ELF entry point; 0: not known */
	uint64_t base;	 /* qemu's -B: host minus guest addresses */
	uint64_t within; /* 1: samples only where main() is on the stack */
	/* instructions between SIGALRMs, once a handler has run; 0: none */
	uint64_t alarm;
	const char *out;
	const char *label;
};
extern struct options opt;

/* --- the shadow stack --- */

/*
 * The samples since a function activation began; they are rejected when it
 * ends by loading sp and jumping.
 */
struct pending {
	uint64_t off; /* in the output file */
	uint32_t records;
};

struct entry {
	uint64_t ra;
	uint64_t slot; /* as snap_frame.at */
	uint16_t kind; /* enum snap_kind */
	/* INTERRUPTED: these three of what was interrupted */
	struct pending pending;
	bool landing;
	bool main;	/* the return address of main() */
	uint64_t home;	/* where the function saved `ra`; 0: not seen */
	uint64_t frame; /* the signal frame's address */
};

/* A stack that control is on. [0] is the program's; more: sigaltstack. */
struct stack {
	uint64_t low;
	uint64_t high;
	size_t base;	   /* entries that lie on outer stacks */
	uint64_t outer_sp; /* where sp was on the outer stack */
};

extern struct snap_header header;
extern struct entry *entries;
extern size_t entry_count;
extern struct stack stacks[SNAP_SEGMENT_MAX];
extern size_t stack_depth; /* 0: on the program's own */

extern bool landing; /* sp was loaded, the jump is to come */
extern bool done;
extern uint64_t next_step;

/*
 * Where the guest's signal trampolines are when no file has them: the page is
 * recorded as a vdso without tables. 0: nowhere.
 */
extern uint64_t trampoline_page;

/*
 * Told of each instruction that is translated: where code ran in memory that no
 * file has, all of that mapping was executable (qemu's own has not the right),
 * and its bytes are recorded.
 */
void note_code(uint64_t pc);

__attribute__((noreturn, format(printf, 1, 2))) void give_up(const char *format,
							     ...);

/* Where the guest's memory is in this process. */
static inline const void *host(uint64_t addr)
{
	return (const void *)(uintptr_t)(addr + opt.base);
}

/* Guest memory, without a fault where there is none. */
bool peek(uint64_t addr, void *dst, size_t size);
/* One word in the guest's order; false where there is none. */
bool peek_word(uint64_t addr, uint64_t *value);

struct entry *push(uint64_t ra, uint64_t slot, uint16_t kind);
/* Entries of this stack whose slot is below limit go; how many did. */
size_t drop(uint64_t limit);
bool on_stack(const struct stack *stack, uint64_t sp);
/* siglongjmp out of an alternate stack, or the return from there. */
void leave_stacks(uint64_t sp);
/* Entered by a signal that came at outer_sp. */
void enter_stack(const struct stack *alt, uint64_t outer_sp);

/* main()'s return address was pushed. */
void main_called(void);

/* A call, a return, a handler: samples so far stand. */
void new_activation(void);
/* The activation ended in a way that its CFI does not describe. */
void reject_pending(void);
/* rt_sigreturn was executed. */
void after_sigreturn(uint64_t sp);

/* --- samples --- */

/* An instruction begins. A signal that is sent now comes before the next one:
 * unlike a timer's, at the same one each time. */
void count_step(void);
void choose_next(void);
void take_sample(uint64_t pc, uint64_t sp);

/* --- beginning and end --- */

/* Parses the options and opens the file. */
void recorder_install(qemu_plugin_id_t id, int argc, char **argv);
/* Control is at the program's first instruction: finds AT_ENTRY. */
void recorder_read_auxv(uint64_t sp);
/* Control is at the ELF entry point. */
void recorder_start(uint64_t sp);
void finish(void);

#endif
