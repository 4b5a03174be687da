/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The loop: locate a frame's code, find its row, step to its caller, decide
 * whether that is a frame. Every way out has a reason.
 *
 *	frame 0: pc 0x401136 -> mapping -> module, vaddr 0x1136
 *	  row: cache, else CFI, else code (signal, stub, scan, link, fp)
 *	  step: (cfa, ra) -> the caller's pc, sp, registers
 *	frame 1: is it code? behind a call? further out on the stack?
 *	..
 *	ROOT: the return address is undefined, or the frame starts a thread
 *
 * For example, main called by __libc_start_call_main called by
 * __libc_start_main called by _start, whose CFI says that rip is undefined:
 * four frames, and ROOT.
 *
 * Evidence is tried from the strongest to the weakest, and each frame says by
 * which it was found (how). What contradicts it ends the walk: a short stack
 * that is true, not a long one that looks so. The stack, the registers and the
 * files may be hostile: a walk makes at most max_frames frames, each of which
 * moves sp outwards (progressed()), but for signal frames and switches of
 * stacks, which may lead anywhere.
 */
#include "core/base/arena.h"
#include "core/cfi/module.h"
#include "core/cfi/step.h"
#include "core/elf/dynamic.h"
#include "core/scan/made.h"
#include "core/scan/part.h"
#include "rowcache.h"
#include "tell.h"

/* Bytes of one frame that is found by a frame pointer: a stack's default. */
#define FP_FRAME_MAX (8u << 20)
/* Code may end where a page does: the smallest of all targets. */
#define CODE_PAGE 4096u
/* Signals have numbers up to this one, but for mips. */
#define SIGNAL_MAX 64u
/* Bytes of start code after which the link register is 0, or its own. */
#define ENTRY_CLEARS 16u
/* Instructions of start code that jumps (musl has 6 before that). */
#define START_MAX 32u
/* Frames that are left out of a deep stack, at most: 16 MiB of empty ones. */
#define LEFT_OUT_MAX (1u << 20)

struct dwunw_walker {
	struct dwu_rowcache cache;
	struct dwunw_row_scratch *scratch;
	struct dwu_scan_memory *scan; /* NULL: not in this build */
	struct dwunw_walk_stats stats;
	struct dwunw_row row;
};

struct walk {
	struct dwunw_walker *walker;
	const struct dwunw_space *space;
	const struct dwunw_arch_ops *arch;
	const struct dwunw_walk_input *input;
	struct dwu_reader reader;
	struct dwu_regs regs;
	struct dwunw_mapping *mapping;	   /* of the frame; NULL: none */
	const struct dwunw_module *module; /* held, or NULL */
	struct dwunw_frame *frames;
	struct dwunw_step *steps; /* NULL: nobody asks for them */
	size_t max;
	size_t count;
	uint32_t left_out; /* frames, behind the first ones */
	bool signal;	   /* the row just applied was a signal frame's */
	bool switched;	   /* … led to another stack */
	bool wild;	   /* … left a frame that is in no code */
	bool once;	/* … holds for this stack alone: not for the cache */
	bool cached;	/* … was the cache's */
	uint8_t flags;	/* of the next frame: DWUNW_FRAME_FLAG_* */
	uint8_t how;	/* … by which evidence */
	uint8_t guess;	/* … once there was one */
	int32_t status; /* behind a stop */
	uint8_t scan;	/* enum dwunw_scan_result of the last frame */
	uint8_t isa;	/* of the frame whose step is told next */
};

/*
 * What is known of it when the core is built.
 *
 * With one target in the build its numbers are constants (arch/arch.h,
 * DWU_ALONE).
 */
static const struct dwunw_arch_ops *arch_of(const struct walk *w)
{
	return dwu_arch(w->arch);
}

/*
 * Another thread may open the module at the same time: what it wrote before it
 * set the serial is seen by who reads the serial so.
 */
static uint32_t serial_of(const struct dwunw_mapping *mapping)
{
	return __atomic_load_n(&mapping->serial, __ATOMIC_ACQUIRE);
}

/*
 * Modules are the port's cache's; a walk holds one at a time, so that others
 * can go.
 */
static void release_module(struct walk *w)
{
	if (w->module)
		w->space->close_module(w->space->ctx, w->module);
	w->module = NULL;
}

/*
 * Holds the module of w->mapping, and no other.
 *
 * A cached row needs no module, so most steps of a warm walk open none.
 */
static bool hold_module(struct walk *w)
{
	if (w->module && w->module->serial == serial_of(w->mapping))
		return true;
	release_module(w);
	w->walker->stats.opens++;
	w->status =
		w->space->open_module(w->space->ctx, w->mapping, &w->module);
	if (w->status != DWUNW_OK)
		w->module = NULL;
	return w->module != NULL;
}

static bool is_code(const struct dwunw_mapping *mapping)
{
	return mapping && (mapping->flags & DWUNW_MAPPING_EXEC) != 0;
}

/*
 * Finds the frame's mapping and module, and its address as linked.
 *
 * The look-up is by pc - 1 for a return address: a call may be a function's
 * last instruction, and pc then that of the next function
 * (dwunw_frame_lookup()).
 */
static void locate(struct walk *w, struct dwunw_frame *frame)
{
	uint64_t at = dwunw_frame_lookup(frame, frame->pc);

	frame->vaddr = frame->pc;
	if (!w->mapping || at < w->mapping->start || at >= w->mapping->end) {
		w->walker->stats.mapping_searches++;
		w->mapping = dwunw_space_find(w->space, at);
	}
	/* a signal trampoline at the very start of its mapping */
	if (at != frame->pc && !is_code(w->mapping))
		w->mapping = dwunw_space_find(w->space, frame->pc);
	if (!w->mapping || (w->mapping->flags & DWUNW_MAPPING_TRAMPOLINE) ||
	    (serial_of(w->mapping) == 0 && !hold_module(w)))
		return;
	frame->module = serial_of(w->mapping);
	frame->vaddr = frame->pc - w->mapping->bias;
}

static struct dwunw_frame *last_frame(struct walk *w)
{
	dwu_assert(w->count > 0 && w->count <= w->max);
	return &w->frames[w->count - 1];
}

/*
 * Had the instruction at pc not run yet (frame 0, interrupted frames)? Else pc
 * is a return address.
 */
static bool is_exact(const struct dwunw_frame *frame)
{
	return dwunw_frame_is_exact(frame);
}

/* NULL: this walker has no cache. */
static struct dwu_rowcache_entry *cache_entry(struct walk *w,
					      const struct dwunw_frame *frame)
{
	if (!w->walker->cache.entries)
		return NULL;
	return dwu_rowcache_at(&w->walker->cache, frame->module,
			       dwunw_frame_lookup(frame, frame->vaddr));
}

/* The key is compared whole: the hash only says where to look. */
static bool cache_hit(const struct walk *w,
		      const struct dwu_rowcache_entry *entry,
		      const struct dwunw_frame *frame)
{
	return entry && entry->serial == frame->module &&
	       entry->vaddr == dwunw_frame_lookup(frame, frame->vaddr) &&
	       entry->exact == is_exact(frame) && entry->isa == w->regs.isa;
}

/*
 * What was found of a frame's code: walker->row, or why there is none.
 *
 * BAD_ROW is not kept, since its status is in no entry; what holds for this
 * stack alone (once) is not kept, either.
 */
static void cache_fill(struct walk *w, struct dwu_rowcache_entry *entry,
		       const struct dwunw_frame *frame, uint8_t stop)
{
	/* … and who called tells whether there was a call, or a preemption */
	if (!entry || (IS_ON(CONFIG_ARCH_WIDE_LINK) && w->once) ||
	    stop == DWUNW_STOP_BAD_ROW || stop == DWUNW_STOP_NO_CALL)
		return;
	entry->vaddr = dwunw_frame_lookup(frame, frame->vaddr);
	entry->serial = frame->module;
	entry->exact = is_exact(frame);
	entry->isa = w->regs.isa;
	entry->how = w->how;
	entry->scan = w->scan;
	entry->stop = stop;
	entry->flags = w->flags;
	if (stop == DWU_GO)
		dwu_row_pack(w->arch, &w->walker->row, &entry->packed);
	else
		entry->packed.bits = DWU_PACKED_NONE;
}

/*
 * arm64 has nothing behind the last call of start code that tells its end. Do
 * registers deny that this is the first function, which nothing calls? It sets
 * the frame pointer to 0; the link register as well, until it calls. (Its first
 * instructions may see what ld.so has left there.)
 */
static bool is_called(const struct walk *w, const struct dwunw_frame *frame)
{
	const struct dwunw_arch_ops *arch = arch_of(w);
	uint64_t entry = w->module->elf.entry & arch->pc_mask;
	uint64_t at = frame->vaddr - entry, link = w->regs.r[arch->ra];
	uint8_t reg = is_exact(frame) ? arch->ra : arch->fp;

	if (!dwu_has_wide_link(arch) || !(w->regs.valid >> reg & 1) ||
	    w->regs.r[reg] == 0)
		return false;
	link = (link & arch->pc_mask) - w->mapping->bias - entry;
	return !is_exact(frame) || (at >= ENTRY_CLEARS && link > at);
}

/* Is this code of the first function of a program, of ld.so or a thread? */
static bool starts_here(struct walk *w, const struct dwunw_frame *frame)
{
	if (is_exact(frame) || !DWU_ARCH_HAS(w->arch, thread_code) ||
	    !dwu_module_thread(w->module, frame->vaddr)) {
		if (!dwu_code_from_entry(&w->walker->scan->text, w->module,
					 frame->vaddr, !is_exact(frame)))
			return false;
		w->once = dwu_has_wide_link(w->arch);
		if (is_called(w, frame))
			return false;
	}
	dwu_row_clear(w->arch, &w->walker->row);
	w->walker->row.rules[arch_of(w)->ra].kind = DWUNW_RULE_UNDEFINED;
	w->scan = DWUNW_SCAN_OK;
	return true;
}

/*
 * By the frame's instructions.
 *
 * A scan may explore thousands of instructions; its row is kept in the cache as
 * any.
 */
static bool scan_row(struct walk *w, const struct dwunw_frame *frame)
{
	uint32_t flags = is_exact(frame) ? DWUNW_SCAN_EXACT : 0;

	if (w->regs.isa)
		flags |= DWUNW_SCAN_MIPS16;
	w->scan = DWUNW_SCAN_OFF;
	w->how = DWUNW_HOW_SCAN;
	if (!IS_ON(CONFIG_SCAN) || !w->walker->scan)
		return false;
	w->walker->stats.scans++;
	if (starts_here(w, frame))
		return true;
	/* behind the first function, whatever a list says */
	if (IS_ON(CONFIG_ARCH_WIDE_LINK) && w->once && is_exact(frame))
		return false;
	w->scan = dwu_scan_module_row(w->walker->scan, w->module,
				      dwunw_frame_lookup(frame, frame->vaddr),
				      flags, &w->walker->row);
	if (w->scan != DWUNW_SCAN_OK)
		return false;
	if (w->walker->row.flags & DWUNW_ROW_GUESS)
		w->flags |= DWUNW_FRAME_FLAG_GUESS;
	return true;
}

/* Is this the row of a signal trampoline, by the code at the frame's pc? */
static bool is_trampoline(struct walk *w, const struct dwunw_frame *frame)
{
	return dwu_module_code_row(w->module, frame->vaddr, &w->walker->row,
				   &w->how) == DWUNW_OK &&
	       w->how == DWUNW_HOW_SIGNAL;
}

/*
 * Nothing calls what the kernel or ld.so begins to run, whatever CFI says. Code
 * with a link register that is behind it in one FDE is told by that (glibc,
 * arm64: __wrap_main).
 *
 * No psABI has a return address at the process's entry point; crt1.o of some
 * libcs has no CFI that says so.
 */
static void mark_start(struct walk *w, const struct dwunw_fde *fde,
		       const struct dwunw_frame *frame)
{
	const struct dwunw_elf *elf = &w->module->elf;
	struct dwunw_row *row = &w->walker->row;

	if (((fde->start ^ elf->entry) & arch_of(w)->pc_mask) != 0 ||
	    !dwu_elf_is_program(elf))
		return;
	w->once = IS_ON(CONFIG_ARCH_WIDE_LINK) && is_exact(frame);
	if (!w->once || !is_called(w, frame)) {
		row->rules[row->ra_column].kind = DWUNW_RULE_UNDEFINED;
		return;
	}
	w->how = DWUNW_HOW_LINK;
	dwu_entry_row(w->arch, 0, row);
}

/*
 * A return address at the CFA or above was pushed by who has jumped here, as a
 * PLT of arm64 does: the caller's sp is behind it. (glibc, _dl_runtime_resolve:
 * lr at CFA + 8; libgcc and gdb take that CFA for the caller's sp.)
 */
static void raise_sp(const struct walk *w, struct dwunw_row *row)
{
	const struct dwunw_rule *ra = &row->rules[row->ra_column];
	struct dwunw_rule *sp = &row->rules[arch_of(w)->sp];

	if (!IS_ON(CONFIG_ARCH_WIDE_LINK) || !arch_of(w)->link_register ||
	    (row->flags & DWUNW_ROW_SIGNAL) || ra->kind != DWUNW_RULE_OFFSET ||
	    ra->value < 0 || sp->kind != DWUNW_RULE_UNSPECIFIED)
		return;
	sp->kind = DWUNW_RULE_VAL_OFFSET;
	sp->value = (ra->value + 16) & ~15;
}

/*
 * Compilers leave prologues out of CFI (clang 14, arm64): does the row of a
 * function's first instruction stand behind a push, or that of its body before?
 */
static bool forgets_prologue(struct walk *w, const struct dwunw_frame *frame,
			     const struct dwunw_fde *fde,
			     const struct dwunw_row *row)
{
	return dwu_has_wide_link(w->arch) && row->cfa.reg == w->arch->sp &&
	       dwu_scan_forgets_push(w->walker->scan, w->module, frame->vaddr,
				     fde, row->cfa.value);
}

/*
 * … and epilogues (clang 14, arm64 and mips32): is the frame's pc in one, where
 * the stack is less deep than the row has it?
 */
static bool forgets_code(struct walk *w, const struct dwunw_frame *frame,
			 const struct dwunw_fde *fde,
			 const struct dwunw_row *row)
{
	uint8_t reg = row->cfa.reg;
	int32_t n;

	if (!IS_ON(CONFIG_SCAN) || !w->walker->scan || !is_exact(frame) ||
	    !arch_of(w)->link_register || (row->flags & DWUNW_ROW_SIGNAL) ||
	    row->cfa.kind != DWUNW_RULE_REGISTER ||
	    row->rules[arch_of(w)->sp].kind != DWUNW_RULE_UNSPECIFIED)
		return false;
	if (forgets_prologue(w, frame, fde, row))
		return true;
	if (!dwu_scan_to_return(w->walker->scan, w->module, frame->vaddr,
				w->regs.isa, fde, &n))
		return false;
	return dwu_address(w->regs.r[arch_of(w)->sp] + (uint64_t)(int64_t)n -
				   w->regs.r[reg],
			   arch_of(w)->address_size) !=
	       dwu_address((uint64_t)(int64_t)row->cfa.value,
			   arch_of(w)->address_size);
}

/* Does CFI leave the return address where this frame's call has put another? */
static bool forgets_call(const struct walk *w, const struct dwunw_frame *frame,
			 const struct dwunw_row *row)
{
	uint8_t ra = arch_of(w)->ra;

	return arch_of(w)->link_register && !is_exact(frame) &&
	       row->ra_column == ra &&
	       (row->rules[ra].kind | DWUNW_RULE_SAME) == DWUNW_RULE_SAME;
}

/*
 * The row of a frame's module by CFI, or by the words of a signal trampoline
 * where these are better. OK, NO_DEBUG_DATA, or the CFI is broken.
 */
static dwunw_status_t cfi_row(struct walk *w, const struct dwunw_frame *frame)
{
	/* CFI of such code may begin at odd addresses, or at even ones */
	uint64_t lookup = dwunw_frame_lookup(frame, frame->vaddr) | w->regs.isa;
	struct dwunw_row *row = &w->walker->row;
	struct dwunw_fde fde;
	dwunw_status_t status = dwunw_module_fde(w->module, lookup, &fde);

	if (status != DWUNW_OK)
		return status;
	/*
	 * A signal restorer without CFI starts where a function with CFI
	 * ends: its return address - 1 is that function's, its code is not.
	 * And the CFI of arm64's restorer (vdso) loses the link register,
	 * which an interrupted leaf returns by: its code says more.
	 */
	if ((fde.end == frame->vaddr ||
	     (fde.signal_frame && arch_of(w)->link_register)) &&
	    is_trampoline(w, frame))
		return DWUNW_OK;
	w->how = DWUNW_HOW_CFI;
	w->walker->stats.rows++;
	status =
		dwunw_fde_row(w->module, &fde, lookup, w->walker->scratch, row);
	if (status != DWUNW_OK)
		return status;
	mark_start(w, &fde, frame);
	raise_sp(w, row);
	return dwu_step_check(w->arch, row) == DWUNW_STOP_BAD_ROW ||
			       forgets_call(w, frame, row) ||
			       forgets_code(w, frame, &fde, row) ?
		       DWUNW_ERR_BAD_FORMAT :
		       DWUNW_OK;
}

/* The same by the code itself, by the strongest evidence that it has. */
static bool code_row(struct walk *w, const struct dwunw_frame *frame)
{
	struct dwunw_row *row = &w->walker->row;

	if (dwu_module_code_row(w->module, frame->vaddr, row, &w->how) ==
		    DWUNW_OK &&
	    (is_exact(frame) || w->how == DWUNW_HOW_SIGNAL))
		return true;
	if (scan_row(w, frame))
		return true;
	/* a scan that lost the link register or sp is believed */
	if (is_exact(frame) && arch_of(w)->link_register &&
	    w->scan < DWUNW_SCAN_CONTRADICTION) {
		w->how = DWUNW_HOW_LINK;
		dwu_entry_row(w->arch, 0, row);
		return true;
	}
	w->how = DWUNW_HOW_FP;
	return DWU_ARCH_HAS(w->arch, frame_pointer_row) &&
	       dwu_module_fp_row(w->module, frame->vaddr, row) == DWUNW_OK;
}

static bool reads(const struct walk *w, uint64_t addr, uint8_t *bytes,
		  size_t size)
{
	return w->reader.read &&
	       w->reader.read(w->reader.ctx, addr, bytes, size) == DWUNW_OK;
}

/* Is there a call before this frame's pc, in memory? */
static bool stands_behind_call(struct walk *w, const struct dwunw_frame *frame)
{
	uint8_t code[DWU_CALL_SIZE];

	return reads(w, frame->pc - sizeof(code), code, sizeof(code)) &&
	       w->arch->behind_call(w->arch, code, sizeof(code), w->regs.isa);
}

/*
 * Was this frame's pc found as a return address, though there is no call
 * before it? What a tool has patched into the code shows only in memory. Code
 * that cannot be read is believed, but for a caller of what is in no code.
 */
static bool no_call(struct walk *w, const struct dwunw_frame *frame)
{
	return !is_exact(frame) &&
	       dwu_module_call(w->module, frame->vaddr, w->regs.isa) <=
		       DWU_CALL_NONE + w->wild &&
	       !stands_behind_call(w, frame);
}

/*
 * CFI that cannot be used hides nothing else that tells.
 *
 * w->status is what a stop would report: BAD_FORMAT, or the reader's own.
 */
static uint8_t bad_cfi(struct walk *w, const struct dwunw_frame *frame,
		       dwunw_status_t status)
{
	w->status = status;
	w->flags = DWUNW_FRAME_FLAG_BAD_CFI;
	return code_row(w, frame) ? DWU_GO : DWUNW_STOP_BAD_ROW;
}

/*
 * A signal trampoline by its CFI: the kernel puts the address of its first
 * instruction on a stack in place of a caller's.
 *
 * CFI of a trampoline begins before it, for pc - 1: glibc's a byte (x86_64),
 * the vdso's a nop of 4 bytes (arm64).
 */
static bool may_be_planted(const struct walk *w,
			   const struct dwunw_frame *frame)
{
	const struct dwunw_row *row = &w->walker->row;

	return (row->flags & DWUNW_ROW_SIGNAL) &&
	       (dwu_place_t)frame->vaddr - (dwu_place_t)row->start <= 4;
}

/* Has a runtime put the function before this one where this one was? */
static bool was_preempted(struct walk *w, struct dwunw_frame *frame)
{
	if (!DWU_ARCH_HAS(w->arch, preempt_code) || w->count < 2 ||
	    frame[-1].module != frame->module ||
	    !dwu_module_preempt(w->module, frame[-1].vaddr))
		return false;
	frame->flags |= DWUNW_FRAME_FLAG_INTERRUPTED;
	return true;
}

/*
 * walker->row of a frame's code, or why there is none. What stands behind no
 * call is a trampoline, the end of a context, or no return address at all.
 *
 * `called`: the cache knew this frame's row, so the call before it was seen
 * once.
 */
static uint8_t find_row(struct walk *w, struct dwunw_frame *frame, bool called)
{
	dwunw_status_t status;

	if (called || !no_call(w, frame) || was_preempted(w, frame)) {
		status = cfi_row(w, frame);
		if (status == DWUNW_OK)
			return DWU_GO;
		if (status != DWUNW_ERR_NO_DEBUG_DATA)
			return bad_cfi(w, frame, status);
		return code_row(w, frame) ? DWU_GO : DWUNW_STOP_NO_ROW;
	}
	if (cfi_row(w, frame) == DWUNW_OK && may_be_planted(w, frame))
		return DWU_GO;
	if (dwu_module_signal(w->module, frame->vaddr, NULL) &&
	    is_trampoline(w, frame))
		return DWU_GO;
	return dwu_module_context(w->module, frame->vaddr) ?
		       DWUNW_STOP_CONTEXT :
		       DWUNW_STOP_NO_CALL;
}

/*
 * The last frame, and all beyond.
 *
 * Everything further out hangs on it, so it is a guess as well.
 */
static void mark_guess(struct walk *w, struct dwunw_frame *last)
{
	w->guess = DWUNW_FRAME_FLAG_GUESS;
	last->flags |= DWUNW_FRAME_FLAG_GUESS;
}

/* A word of a signal frame. One that cannot be read refutes nothing: it is then
 * `otherwise`, but what it was to prove is a guess. */
static dwu_place_t signal_word(struct walk *w, int32_t off,
			       dwu_place_t otherwise)
{
	uint8_t size = arch_of(w)->address_size;
	uint64_t addr = w->regs.r[arch_of(w)->sp] + (uint64_t)(int64_t)off;
	uint64_t value;

	if (dwu_read_uint(&w->reader, dwu_address(addr, size), size, &value))
		return (dwu_place_t)value;
	mark_guess(w, last_frame(w));
	return otherwise;
}

/*
 * Does the stack hold what a signal trampoline goes on to restore? That is the
 * kernel's mark. On mips32, which has none, the high halves of the registers'
 * fields extend the low ones, and sp is not 0. Where the mark is 0 (riscv64),
 * which stands in many places, the word at sp is the signal's number.
 */
static bool has_signal_frame(struct walk *w)
{
	const struct dwunw_rule *rules = w->walker->row.rules;
	uint8_t i;

	if (DWU_ARCH_HAS(w->arch, mark_bits))
		return (signal_word(w, w->arch->mark_off,
				    (dwu_place_t)w->arch->mark) &
			w->arch->mark_bits) == w->arch->mark &&
		       (w->arch->mark || signal_word(w, 0, 1) - 1 < SIGNAL_MAX);
	for (i = 1; i <= arch_of(w)->pc; i++)
		if ((uint32_t)signal_word(w, rules[i].value ^ 4, 0) + 1 > 1)
			return false;
	return signal_word(w, rules[arch_of(w)->sp].value, 1) != 0;
}

/* Is the row one of the kernel's signal frames, by its trampoline's code? With a
 * link register CFI is asked only where the code is not known. */
static bool is_known_signal(const struct walk *w,
			    const struct dwunw_frame *frame)
{
	return w->how == DWUNW_HOW_SIGNAL ||
	       (!IS_ON(CONFIG_ARCH_32BIT_ONLY) &&
		dwu_module_signal(w->module, frame->vaddr, NULL));
}

/*
 * Applies walker->row.
 *
 * A trampoline's code may be returned to without a signal by a hostile stack;
 * the kernel's frame tells (has_signal_frame()).
 */
static uint8_t apply_row(struct walk *w)
{
	const struct dwunw_row *row = &w->walker->row;
	const struct dwunw_frame *frame = last_frame(w);

	w->signal = (row->flags & DWUNW_ROW_SIGNAL) != 0;
	if (w->signal && !is_exact(frame) && is_known_signal(w, frame) &&
	    !has_signal_frame(w))
		return DWUNW_STOP_NO_CALL;
	return dwu_step(w->arch, w->module, row, &w->regs, &w->reader);
}

/* (sp, ra, fp) = (at + 2 words, *(at + 1 word), *at) with at = fp - fp_above;
 * all else is lost: code that a program has made need not keep what an ABI
 * says. */
static void fp_row(const struct walk *w, struct dwunw_row *row)
{
	const struct dwunw_arch_ops *arch = arch_of(w);
	uint8_t i;

	dwu_row_clear(w->arch, row);
	for (i = 0; i < arch->saved_count; i++)
		row->rules[w->arch->saved[i]].kind = DWUNW_RULE_UNDEFINED;
	row->cfa.reg = arch->fp;
	row->cfa.value = 2 * arch->address_size - arch->fp_above;
	row->rules[arch->ra].kind = DWUNW_RULE_OFFSET;
	row->rules[arch->ra].value = -arch->address_size;
	row->rules[arch->fp].kind = DWUNW_RULE_OFFSET;
	row->rules[arch->fp].value = -2 * arch->address_size;
}

/* The code around the frame's pc; less of it where it ends with a page. */
static void read_code(struct walk *w, uint64_t pc, struct dwu_made *made)
{
	uint32_t before = (uint32_t)pc & (CODE_PAGE - 1);
	uint32_t behind = CODE_PAGE - before;

	made->before = DWU_MADE_BEFORE;
	if (!reads(w, pc - DWU_MADE_BEFORE, made->bytes, DWU_MADE_BEFORE)) {
		made->before = before < DWU_MADE_BEFORE ? before : 0;
		if (!reads(w, pc - made->before, made->bytes, made->before))
			made->before = 0;
	}
	made->size = made->before + DWU_MADE_BEHIND;
	if (reads(w, pc, made->bytes + made->before, DWU_MADE_BEHIND))
		return;
	made->size = made->before;
	if (behind < DWU_MADE_BEHIND &&
	    reads(w, pc, made->bytes + made->before, behind))
		made->size += behind;
}

/* The row of code without a file whose frame pointer is not its frame's yet, or
 * no more. Then that is the caller's: the caller would be left out. */
DWU_COLD static bool made_row(struct walk *w, const struct dwunw_frame *frame)
{
	struct dwu_made made;

	if (!IS_ON(CONFIG_SCAN_MADE) || !w->walker->scan || !is_exact(frame) ||
	    w->regs.isa)
		return false;
	read_code(w, frame->pc, &made);
	return dwu_made_row(w->arch, &made, &w->walker->scan->next,
			    &w->walker->row);
}

/* Does the frame pointer point into the stack? */
static bool may_be_fp(const struct walk *w)
{
	dwu_place_t fp = (dwu_place_t)w->regs.r[arch_of(w)->fp];
	dwu_place_t sp = (dwu_place_t)w->regs.r[arch_of(w)->sp];

	return (w->regs.valid >> arch_of(w)->fp & 1) &&
	       fp - sp <= FP_FRAME_MAX &&
	       (fp & (arch_of(w)->address_size - 1u)) == 0;
}

/* Code without a file, as a JIT has made it, mostly keeps a frame pointer. It
 * is believed where it points into the stack, and behind it is an address of
 * code: not always one behind a call, since interpreters push others. */
static uint8_t leave_by_fp(struct walk *w, const struct dwunw_frame *frame)
{
	if (!is_code(w->mapping) || (w->status != DWUNW_ERR_NO_DEBUG_DATA &&
				     w->status != DWUNW_ERR_BAD_FORMAT))
		return DWUNW_STOP_NO_MODULE;
	if (made_row(w, frame)) {
		w->how = DWUNW_HOW_SCAN;
		w->flags |= DWUNW_FRAME_FLAG_GUESS;
		w->once = true;
	} else if (may_be_fp(w)) {
		w->how = DWUNW_HOW_FP;
		fp_row(w, &w->walker->row);
	} else {
		return DWUNW_STOP_NO_MODULE;
	}
	if (apply_row(w) == DWU_GO && w->regs.pc != 0 &&
	    is_code(dwunw_space_find(w->space, w->regs.pc - 1)))
		return DWU_GO;
	return DWUNW_STOP_NO_MODULE;
}

/* By what the cache has of the frame's code, whose row is not FULL. */
static uint8_t leave_cached(struct walk *w,
			    const struct dwu_rowcache_entry *entry)
{
	w->walker->stats.cache_hits++;
	w->cached = true;
	w->how = entry->how;
	w->scan = entry->scan;
	w->flags = entry->flags;
	if (entry->packed.bits & DWU_PACKED_NONE)
		return entry->stop;
	return dwu_step_packed(w->arch, &entry->packed, &w->regs, &w->reader);
}

/* Code that goes back to another stack, as it will find that: switch_code().
 * Of registers the pc, sp and the frame pointer are known then. */
static uint8_t leave_by_switch(struct walk *w, const uint8_t at[2])
{
	const struct dwunw_arch_ops *arch = arch_of(w);
	uint64_t *sp = &w->regs.r[arch->sp];
	uint64_t g, end, depth;

	w->switched = true;
	w->once = true;
	if (!dwu_read_word(&w->reader, *sp + at[0], &g) ||
	    !dwu_read_word(&w->reader, g + arch->address_size, &end) ||
	    !dwu_read_word(&w->reader, *sp + at[1], &depth) ||
	    !dwu_read_word(&w->reader, end - depth, &w->regs.pc))
		return dwu_read_stop(&w->reader);
	w->how = DWUNW_HOW_SCAN;
	*sp = end - depth + arch->address_size;
	w->regs.valid &= 1ull << arch->fp | 1ull << arch->sp;
	w->regs.valid |= 1ull << arch->pc;
	w->regs.r[arch->pc] = w->regs.pc;
	return DWU_GO;
}

/*
 * Was the last frame's function just entered? Where there is no code none was
 * run: a call through a bad pointer has left everything so.
 */
static bool was_entered(struct walk *w, const struct dwunw_frame *frame)
{
	if (w->count == 1 && (w->input->flags & DWUNW_WALK_ENTRY))
		return true;
	w->wild = is_exact(frame) && !is_code(w->mapping);
	return w->wild;
}

/*
 * From the last frame's registers to its caller's.
 *
 * In this order: the entry row of a function that was just entered, the frame
 * pointer of code without a file, the cache, the module.
 */
static uint8_t leave(struct walk *w)
{
	struct dwunw_frame *frame = last_frame(w);
	struct dwu_rowcache_entry *entry;
	uint8_t stop, at[2];
	bool known;

	w->signal = false;
	w->switched = false;
	w->once = false;
	w->wild = false;
	w->cached = false;
	w->flags = 0;
	if (was_entered(w, frame)) {
		w->how = DWUNW_HOW_ENTRY;
		w->once = true;
		dwu_entry_row(w->arch, w->wild ? 0 : w->input->entry_offset,
			      &w->walker->row);
		stop = apply_row(w);
		return w->wild && stop != DWU_GO ? DWUNW_STOP_NO_MODULE : stop;
	}
	if (frame->module == 0)
		return leave_by_fp(w, frame);
	entry = cache_entry(w, frame);
	known = cache_hit(w, entry, frame);
	if (known && !(entry->packed.bits & DWU_PACKED_FULL))
		return leave_cached(w, entry);
	if (!hold_module(w))
		return DWUNW_STOP_NO_MODULE;
	if (DWU_ARCH_HAS(w->arch, switch_code) && !is_exact(frame) &&
	    dwu_module_switch(w->module, frame->vaddr, at))
		return leave_by_switch(w, at);
	stop = find_row(w, frame, known);
	cache_fill(w, cache_entry(w, frame), frame, stop);
	if (stop != DWU_GO)
		return stop;
	stop = apply_row(w);
	if (stop != DWUNW_STOP_BAD_ROW || w->how != DWUNW_HOW_CFI)
		return stop;
	/* an expression that fails */
	stop = bad_cfi(w, frame, DWUNW_ERR_BAD_FORMAT);
	return stop == DWU_GO ? apply_row(w) : stop;
}

/* Was the link register believed where nobody can read the code? It is stale as
 * soon as a function has called. */
static bool is_unread(const struct walk *w)
{
	return IS_ON(CONFIG_ARCH_WIDE_LINK) && w->how == DWUNW_HOW_LINK &&
	       !w->arch->scan;
}

/*
 * The true return address behind a uretprobe's trampoline.
 *
 * returns[] is the event's: what uretprobes have put aside, by the sp at entry.
 * Go on with the true address, as if the trampoline were not there.
 */
static bool replace_trampoline(struct walk *w)
{
	dwu_place_t entry_sp =
		(dwu_place_t)w->regs.r[arch_of(w)->sp] - arch_of(w)->entry_size;
	uint32_t i;

	for (i = 0; i < w->input->return_count; i++) {
		if ((dwu_place_t)w->input->returns[i].entry_sp != entry_sp)
			continue;
		w->regs.pc = w->input->returns[i].addr & arch_of(w)->pc_mask;
		w->regs.isa = dwu_isa(w->arch, w->input->returns[i].addr);
		w->isa = w->regs.isa;
		w->regs.r[arch_of(w)->pc] = w->regs.pc;
		return true;
	}
	return false;
}

/* Leaves out the oldest frame behind the first ones, which have room for two
 * more: the frame before the last one is looked at. */
DWU_COLD static void make_room(struct walk *w)
{
	struct dwunw_frame *gap = &w->frames[w->input->first_frames];

	w->count--;
	w->left_out++;
	memmove(gap, gap + 1,
		(size_t)(&w->frames[w->count] - gap) * sizeof(*gap));
}

static void add_frame(struct walk *w)
{
	struct dwunw_frame *frame;

	if (w->count == w->max)
		make_room(w);
	frame = &w->frames[w->count++];
	w->guess |= w->how == DWUNW_HOW_FP || is_unread(w) ?
			    DWUNW_FRAME_FLAG_GUESS :
			    w->flags & DWUNW_FRAME_FLAG_GUESS;
	*frame = (struct dwunw_frame){ .pc = w->regs.pc,
				       .how = w->how,
				       .flags = w->flags | w->guess };
	locate(w, frame);
}

/* … that is none: its pc is no return address. */
static uint8_t drop_frame(struct walk *w, uint8_t stop)
{
	w->count--;
	return stop;
}

/*
 * Is the caller's state, reached from old_sp, further out on the stack?
 *
 * Stacks grow down on all targets. A leaf's frame may be empty (sp == old_sp)
 * once, from an exact pc; a second one would be a loop.
 */
DWU_HOT static bool progressed(const struct walk *w, dwu_place_t old_sp,
			       bool exact)
{
	dwu_place_t sp = (dwu_place_t)w->regs.r[arch_of(w)->sp];

	/* a handler may run on a stack of its own */
	if (w->signal || (DWU_ARCH_HAS(w->arch, switch_code) && w->switched))
		return true;
	return sp > old_sp || (sp == old_sp && exact);
}

/* A frame pointer is a guess: it must at least be aligned. */
DWU_HOT static bool plausible(const struct walk *w)
{
	return w->how != DWUNW_HOW_FP || (w->regs.r[arch_of(w)->sp] &
					  (arch_of(w)->address_size - 1u)) == 0;
}

/*
 * A trampoline is returned to at its first byte: pc - 1 is outside of it, in
 * nothing or in whatever is mapped before it.
 */
static bool at_trampoline(const struct walk *w)
{
	const struct dwunw_mapping *mapping =
		dwunw_space_find(w->space, w->regs.pc);

	return mapping && (mapping->flags & DWUNW_MAPPING_TRAMPOLINE) != 0;
}

/* No code of the program was returned to, as far as the mappings tell. */
DWU_HOT static bool lost_return(struct walk *w)
{
	if (!w->mapping)
		return true;
	if (last_frame(w)->module != 0 && w->regs.pc != w->mapping->end)
		return false;
	return at_trampoline(w);
}

/* Is the last frame what leaves a thread, whose code needs no caller? */
static bool exits(struct walk *w)
{
	return last_frame(w)->module != 0 && hold_module(w) &&
	       dwu_module_exit(w->module, last_frame(w)->vaddr);
}

/*
 * Code without a file that no call stands before, as far as memory tells, is an
 * interpreter's, whose return addresses need none, or was never returned to.
 */
DWU_HOT static void doubt_made_code(struct walk *w)
{
	struct dwunw_frame *frame = last_frame(w);

	if (frame->module != 0 || w->guess || is_exact(frame) ||
	    !w->reader.read || stands_behind_call(w, frame))
		return;
	mark_guess(w, frame);
}

/* Strings that a program may be started with, and still be known by them. */
#define ARGUMENTS_MAX 4096u

/* Does straight code go from the file's e_entry to a jump, without a call? Then
 * what it jumps to has no caller, and may hold a return address of 0. */
static bool starts_by_jump(struct walk *w)
{
	struct dwu_text *text = &w->walker->scan->text;
	struct dwu_op op = { .insn.size = 1 };
	uint32_t i;

	if (!dwu_code_open(text, w->module, w->module->elf.entry))
		return false;
	op.next = dwu_code_place(text, w->module->elf.entry);
	for (i = 0; i < START_MAX && op.insn.size != 0 &&
		    op.insn.flow == DWU_FLOW_NEXT;
	     i++)
		dwu_code_read(text, op.next, &op);
	return op.insn.flow == DWU_FLOW_JUMP;
}

/*
 * Is the caller's stack as the kernel has made it for a new program: a number
 * of arguments, as many pointers further out, in order, and 0 (System V gABI
 * 4.1, process initialization)? arm64 calls nothing before that: musl's first
 * instructions, of a program and of its library, set the link register to 0 and
 * jump, so that what main returns to is code of that file, with a return address
 * of 0. Where they call (glibc), a 0 has overwritten the return address there.
 */
static bool at_first_stack(struct walk *w)
{
	uint64_t sp = w->regs.r[arch_of(w)->sp], last = sp;
	uint64_t count, value;
	uint64_t i;

	if (!IS_ON(CONFIG_SCAN) || !dwu_has_wide_link(w->arch) ||
	    last_frame(w)->module == 0 || !hold_module(w) || !w->walker->scan ||
	    !starts_by_jump(w) || !dwu_read_word(&w->reader, sp, &count) ||
	    count == 0 || count > ARGUMENTS_MAX)
		return false;
	for (i = 1; i <= count; i++) {
		if (!dwu_read_word(&w->reader, sp + 8 * i, &value) ||
		    value <= last || value - sp > FP_FRAME_MAX)
			return false;
		last = value;
	}
	return dwu_read_word(&w->reader, sp + 8 * i, &value) && value == 0;
}

/*
 * What a `ret` has taken stands below the stack pointer: then the pc that is in
 * no code was a return address, and no call has put one there. A 0 may stand
 * there by chance, as what cannot be read.
 */
static bool may_be_called(struct walk *w)
{
	uint64_t failed = w->reader.failed, pc = w->frames[w->count - 2].pc;
	uint64_t below = pc;
	bool known;

	if (!IS_ON(CONFIG_ARCH_PUSHED_RA) || arch_of(w)->link_register)
		return true;
	known = dwu_read_word(&w->reader, w->regs.r[arch_of(w)->sp] - 16,
			      &below);
	w->reader.failed = failed;
	if (below == pc)
		mark_guess(w, last_frame(w));
	return !known || below != pc || pc == 0;
}

/* Has this frame called what is in no code, as its own code shows? */
static bool has_called(struct walk *w)
{
	const struct dwunw_frame *frame = last_frame(w);

	if (!is_code(w->mapping) ||
	    (frame->module ? !hold_module(w) || no_call(w, frame) :
			     !stands_behind_call(w, frame)))
		return false;
	return may_be_called(w);
}

/* A frame whose registers are there, if its pc can be one. */
DWU_HOT static uint8_t admit(struct walk *w)
{
	int32_t status = w->status; /* of the frame inside it */

	add_frame(w);
	if (lost_return(w)) {
		if (replace_trampoline(w)) {
			w->count--;
			add_frame(w);
		} else if (at_trampoline(w)) {
			return drop_frame(w, DWUNW_STOP_TRAMPOLINE);
		}
	}
	if (w->wild && !has_called(w)) {
		w->status = status;
		return drop_frame(w, DWUNW_STOP_NO_MODULE);
	}
	if (!is_code(w->mapping) && !w->signal)
		return drop_frame(w, DWUNW_STOP_NO_CODE);
	if (!plausible(w))
		return drop_frame(w, DWUNW_STOP_NO_ROW);
	doubt_made_code(w);
	return DWU_GO;
}

/* The frame of the caller, whose registers are there. */
static uint8_t add_caller(struct walk *w)
{
	/* a signal may interrupt at any pc, even at 0 */
	if (w->regs.pc == 0 && !w->signal && !w->wild)
		return exits(w) || at_first_stack(w) ? DWUNW_STOP_ROOT :
						       DWUNW_STOP_ZERO_RETURN;
	return admit(w);
}

/*
 * The row by which the last frame was left, if it holds for every stack: what
 * the cache has of it, or what was made just now.
 */
DWU_COLD static void tell(struct walk *w, uint8_t stop)
{
	const struct dwunw_frame *frame = last_frame(w);
	struct dwunw_step *step = &w->steps[w->count - 1];
	bool guess = w->how == DWUNW_HOW_FP || is_unread(w);

	*step = (struct dwunw_step){
		.vaddr = frame->vaddr,
		.module = frame->module,
		.exact = is_exact(frame),
		.isa = w->isa,
		.stop = DWUNW_STEP_ON,
		.how = w->how,
		.flags = (uint8_t)(w->flags |
				   (guess ? DWUNW_FRAME_FLAG_GUESS : 0) |
				   (w->signal ? DWUNW_FRAME_FLAG_INTERRUPTED :
						0)),
	};
	w->isa = w->regs.isa;
	if (w->once)
		return;
	if (w->cached)
		dwu_tell_packed(&cache_entry(w, frame)->packed, stop, step);
	else
		dwu_tell_row(w->arch, w->module, &w->walker->row, frame->pc,
			     stop, step);
}

/*
 * One turn of the walk: leave the last frame, and admit its caller. What is
 * known of the step is told in any case (steps).
 */
static uint8_t next_frame(struct walk *w)
{
	bool full = w->count == w->max &&
		    (!(w->input->flags & DWUNW_WALK_ENDS) ||
		     w->left_out == LEFT_OUT_MAX);
	dwu_place_t old_sp = (dwu_place_t)w->regs.r[arch_of(w)->sp];
	uint8_t stop = leave(w);

	if (IS_ON(CONFIG_WALK_STEPS) && w->steps)
		tell(w, stop);
	if (stop == DWUNW_STOP_NO_CALL)
		return drop_frame(w, stop);
	if (full)
		return DWUNW_STOP_LIMIT;
	if (stop != DWU_GO)
		return stop;
	last_frame(w)->cfa = w->regs.r[arch_of(w)->sp];
	if (w->signal) {
		last_frame(w)->flags |= DWUNW_FRAME_FLAG_SIGNAL;
		w->flags |= DWUNW_FRAME_FLAG_INTERRUPTED;
	}
	if (!progressed(w, old_sp, is_exact(last_frame(w))))
		return DWUNW_STOP_NO_PROGRESS;
	return add_caller(w);
}

/*
 * Frame 0's registers are the input's. What the regset has beyond the target's
 * columns is masked off.
 */
static void start(struct walk *w)
{
	const struct dwunw_regset *regs = w->input->regs;

	w->regs.pc = regs->pc & arch_of(w)->pc_mask;
	w->regs.isa = dwu_isa(w->arch, regs->pc);
	w->isa = w->regs.isa;
	memcpy(w->regs.r, regs->regs, sizeof(w->regs.r));
	w->regs.valid = regs->valid & ((1ull << arch_of(w)->reg_count) - 1);
	w->regs.r[arch_of(w)->sp] = regs->sp;
	w->regs.r[arch_of(w)->pc] = w->regs.pc;
	w->regs.valid |= 1ull << arch_of(w)->sp | 1ull << arch_of(w)->pc;
}

/*
 * Frame 0, as somebody else has found it.
 *
 * For example, a walk in the kernel that ended: its last caller is where this
 * goes on.
 */
DWU_COLD static uint8_t resume(struct walk *w)
{
	const struct dwunw_walk_input *input = w->input;

	w->how = input->first_how;
	w->flags = input->first_flags &
		   (DWUNW_FRAME_FLAG_INTERRUPTED | DWUNW_FRAME_FLAG_BAD_CFI);
	w->guess = input->first_flags & DWUNW_FRAME_FLAG_GUESS;
	w->signal = (w->flags & DWUNW_FRAME_FLAG_INTERRUPTED) != 0;
	if (w->regs.pc == 0 && !w->signal)
		return DWUNW_STOP_ZERO_RETURN;
	return admit(w);
}

/*
 * Which address, status or scan result belongs to which reason: dwunw/walk.h,
 * struct dwunw_stop.
 */
static void explain(struct walk *w, uint8_t reason, struct dwunw_stop *stop)
{
	struct dwunw_frame *frame = w->count ? last_frame(w) : w->frames;

	/* the first one was refused: no frame is the last */
	if (w->count == 0)
		memset(frame, 0, sizeof(*frame));
	*stop = (struct dwunw_stop){ .pc = frame->pc,
				     .vaddr = frame->vaddr,
				     .module = frame->module,
				     .reason = reason,
				     .left_out = w->left_out };
	if (IS_ON(CONFIG_WALK_STEPS) && w->steps && w->count != 0)
		w->steps[w->count - 1].stop = reason;
	if (reason == DWUNW_STOP_UNREADABLE || reason == DWUNW_STOP_TRUNCATED ||
	    reason == DWUNW_STOP_NO_REGISTER)
		stop->addr = w->reader.failed;
	if (reason == DWUNW_STOP_NO_CODE || reason == DWUNW_STOP_NO_CALL ||
	    w->count == 0)
		stop->addr = w->regs.pc;
	if (reason == DWUNW_STOP_NO_MODULE || reason == DWUNW_STOP_BAD_ROW)
		stop->status = w->status;
	if (reason == DWUNW_STOP_NO_ROW)
		stop->scan = w->scan;
}

/*
 * Frame 0, and what is known before the first step: DWU_GO, or why the walk
 * ends here. Without a stack and without a callback there is nothing to walk:
 * one frame, PARTIAL.
 */
static uint8_t first_frame(struct walk *w)
{
	uint8_t reason = DWU_GO;

	start(w);
	if (w->input->flags & DWUNW_WALK_RETURN)
		reason = resume(w);
	else
		add_frame(w);
	if (reason != DWU_GO || w->input->read_memory ||
	    w->input->stack.size != 0)
		return reason;
	w->frames[0].flags |= DWUNW_FRAME_FLAG_PARTIAL;
	w->reader.failed = w->regs.r[arch_of(w)->sp];
	return DWUNW_STOP_UNREADABLE;
}

/* A caller that mixes versions of the headers is told INVALID_ARG here. */
static bool usable(const struct walk *w)
{
	const struct dwunw_walk_input *input = w->input;

	return w->walker && w->space && input && input->regs && w->frames &&
	       w->max != 0 && input->regs->version == DWUNW_REGSET_VERSION &&
	       (!(input->flags & DWUNW_WALK_RETURN) ||
		(!(input->flags & DWUNW_WALK_ENTRY) &&
		 input->first_how != DWUNW_HOW_EVENT)) &&
	       (!(input->flags & DWUNW_WALK_ENDS) ||
		(!w->steps && w->max > input->first_frames + 1u));
}

/*
 * The loop ends: each turn adds a frame (max_frames bounds them, and
 * LEFT_OUT_MAX what is left out) or has a reason.
 */
dwunw_status_t dwunw_walk_steps(struct dwunw_walker *walker,
				const struct dwunw_space *space,
				const struct dwunw_walk_input *input,
				struct dwunw_frame *frames,
				struct dwunw_step *steps, size_t max_frames,
				size_t *count, struct dwunw_stop *stop)
{
	struct walk w = { .walker = walker,
			  .space = space,
			  .input = input,
			  .frames = frames,
			  .steps = steps,
			  .max = max_frames };
	uint8_t reason;

	if (!IS_ON(CONFIG_WALK_STEPS) && steps)
		return DWUNW_ERR_NOT_IMPLEMENTED;
	if (!usable(&w) || !count || !stop)
		return DWUNW_ERR_INVALID_ARG;
	w.arch = dwunw_arch_from_regset(input->regs);
	if (!w.arch || (space->arch && space->arch != w.arch))
		return DWUNW_ERR_UNSUPPORTED_ARCH;
	w.reader = dwu_reader(w.arch, input);
	if (IS_ON(CONFIG_SCAN) && walker->scan)
		walker->scan->swept = 0;
	reason = first_frame(&w);
	while (reason == DWU_GO)
		reason = next_frame(&w);
	explain(&w, reason, stop);
	release_module(&w);
	*count = w.count;
	walker->stats.walks++;
	walker->stats.frames += w.count;
	walker->stats.reads += w.reader.count;
	return DWUNW_OK;
}

/* The same for callers who do not ask how each step was made. */
dwunw_status_t dwunw_walk(struct dwunw_walker *walker,
			  const struct dwunw_space *space,
			  const struct dwunw_walk_input *input,
			  struct dwunw_frame *frames, size_t max_frames,
			  size_t *count, struct dwunw_stop *stop)
{
	return dwunw_walk_steps(walker, space, input, frames, NULL, max_frames,
				count, stop);
}

#ifdef CONFIG_SCAN_MEMORY_KB
#define SCAN_MEMORY ((size_t)CONFIG_SCAN_MEMORY_KB << 10)
#else
#define SCAN_MEMORY ((size_t)0)
#endif

static size_t scan_size(void)
{
	return IS_ON(CONFIG_SCAN) ?
		       dwu_arena_round(sizeof(struct dwu_scan_memory)) +
			       SCAN_MEMORY :
		       0;
}

/*
 * The arena was asked for everything in dwunw_walker_init(): these do not fail.
 */
static void init_scan(struct dwunw_walker *w, struct dwunw_arena *arena)
{
	if (!IS_ON(CONFIG_SCAN))
		return;
	w->scan = dwunw_arena_alloc(arena, sizeof(*w->scan));
	dwu_scan_memory_init(w->scan, dwunw_arena_alloc(arena, SCAN_MEMORY),
			     SCAN_MEMORY);
}

/* For example, 1 MiB of row cache, 256 KiB for scans, 4 KiB of states. */
size_t dwunw_walker_size(uint32_t cache_entries)
{
	return dwu_arena_round(sizeof(struct dwunw_walker)) +
	       dwu_arena_round(dwunw_row_scratch_size()) + scan_size() +
	       dwu_arena_round(dwu_rowcache_size(cache_entries));
}

/* A walker is for one thread; it lies in `arena`, and needs no release. */
dwunw_status_t dwunw_walker_init(struct dwunw_walker **walker,
				 uint32_t cache_entries,
				 struct dwunw_arena *arena)
{
	size_t size = dwu_rowcache_size(cache_entries);
	struct dwunw_walker *w;

	if (!walker || !arena || (cache_entries & (cache_entries - 1)) != 0)
		return DWUNW_ERR_INVALID_ARG;
	if (!dwu_arena_fits(arena, dwunw_walker_size(cache_entries)))
		return DWUNW_ERR_NO_MEMORY;
	w = dwunw_arena_alloc(arena, sizeof(*w));
	w->scratch = dwunw_arena_alloc(arena, dwunw_row_scratch_size());
	init_scan(w, arena);
	if (size > 0)
		dwu_rowcache_init(&w->cache, dwunw_arena_alloc(arena, size),
				  cache_entries);
	*walker = w;
	return DWUNW_OK;
}

void dwunw_walker_stats(const struct dwunw_walker *walker,
			struct dwunw_walk_stats *stats)
{
	if (walker && stats)
		*stats = walker->stats;
}
