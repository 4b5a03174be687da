/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The stack of the thread itself, by rows that dwunw_walk() has used, over memory
 * that is known to be there; and by a memo of the thread's last walk.
 *
 * The memo has, for each frame from the outermost on, the state in which a walk
 * arrives there (return address and evidence, sp, and the frame pointer if a frame
 * from there on needs it), and the words of the stack that were read to arrive.
 * Before a walk every word is compared with the stack, from the outermost frame
 * inwards. Up to the first that differs, the memo is what a walk would find:
 *
 *	a walk that arrives at a frame in the state remembered uses the same row, so
 *	it reads the words remembered for the next frame; as these are unchanged, it
 *	arrives there in the state remembered.
 *
 * So a walk ends where it arrives in a state of that part. That a frame's slot and
 * return address are equal is not enough: a function that two places of its caller
 * call may have both, and what is outside differs (6 % of python3's stacks).
 *
 * It holds for the thread's own stack, which is there as long as the thread is,
 * and as long as rows do: see dwu_slow_code_goes(). All else is dwunw_walk()'s.
 */
#include "inproc.h"

#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WORD sizeof(uintptr_t)

/* A word of the stack that a walk has read. */
struct word {
	uint64_t at;
	uint64_t value;
};

/* A frame that was just walked, and where the words were that led to it; 0: none
 * was read. Their values are in it: the return address, fp, and sp as a CFA. */
struct fresh {
	uint64_t key; /* dwu_row_key() */
	uint64_t sp;
	uint64_t fp;
	uint64_t ra_at;
	uint64_t fp_at;
	uint64_t cfa_at;
	uint32_t frame;
	bool uses;     /* its row hangs on fp, */
	bool restores; /* … and restores it */
};

/* A frame that is remembered. */
struct held {
	uint64_t key;
	uint64_t sp;
	uint64_t fp;
	uint64_t hash;	    /* of the frames up to here */
	uint32_t words_end; /* words of the frames up to here */
	bool need;	    /* frames from here on hang on fp */
};

struct dwu_memo {
	uint32_t depth;
	uint32_t id;   /* of the whole stack, */
	uint32_t leaf; /* … for a function of that frame; 0: not known */
	uint8_t stop;
	struct held held[DWU_DEPTH];
	uint32_t frames[DWU_DEPTH];
	struct word words[3 * DWU_DEPTH];
	struct fresh fresh[DWU_DEPTH];
	struct dwu_inproc_walked walked;
};

size_t dwu_walker_size(void)
{
	return sizeof(struct dwu_memo);
}

/* --- where stacks are ----------------------------------------------------------------- */

static bool holds(const struct dwu_inproc_range *range, uint64_t addr)
{
	return addr >= range->start && addr < range->end;
}

/*
 * The thread's own stack. Of the first thread it is the mapping in which the kernel
 * has put what it tells a program; of others, what lies below their static TLS in
 * the same mapping, where libcs put both. sp elsewhere: another stack.
 */
static bool find_own(struct dwu_walker *walker, uint64_t sp)
{
	bool first = syscall(SYS_gettid) == dwu_inproc_pid();
	uint64_t anchor = first ? getauxval(AT_RANDOM) :
				  (uint64_t)(uintptr_t)&dwu_inproc_tls;
	struct dwu_inproc_range own;

	if (dwu_slow_range(anchor, &own) && holds(&own, sp)) {
		walker->own = own;
		if (!first)
			walker->own.end = anchor / WORD * WORD;
		return holds(&walker->own, sp);
	}
	if (!dwu_slow_range(sp, &walker->other))
		walker->other = (struct dwu_inproc_range){ sp, sp + 1 };
	return false;
}

static bool on_own(struct dwu_walker *walker, uint64_t sp)
{
	if (likely(holds(&walker->own, sp)))
		return true;
	return !holds(&walker->other, sp) && find_own(walker, sp);
}

/* --- the memo -------------------------------------------------------------------------- */

static uint64_t word_at(uint64_t addr)
{
	return *(const volatile uintptr_t *)(uintptr_t)addr;
}

/* The first of `count` words that is not as it was. Most often all are: eight are
 * compared at a time, by loads that do not wait for each other. */
static uint32_t first_changed(const struct word *words, uint32_t count)
{
	uint32_t i = 0, k;
	uint64_t bad = 0;

	while (i + 8 <= count) {
		for (k = 0; k < 8; k++)
			bad |= word_at(words[i + k].at) ^ words[i + k].value;
		if (bad)
			break;
		i += 8;
	}
	while (i < count && word_at(words[i].at) == words[i].value)
		i++;
	return i;
}

/* How many frames of the memo, from the outermost on, a walk would find again. */
static uint32_t unchanged(const struct dwu_memo *m)
{
	uint32_t depth = m->depth, good;

	if (!depth)
		return 0;
	good = first_changed(m->words, m->held[depth - 1].words_end);
	while (depth && m->held[depth - 1].words_end > good)
		depth--;
	return depth;
}

/* The words of frame d are those that were read just now. */
static inline void put_words(struct dwu_memo *m, uint32_t d,
			     const struct fresh *fresh)
{
	uint32_t end = d ? m->held[d - 1].words_end : 0;

	m->words[end++] = (struct word){ fresh->ra_at, fresh->key >> 4 };
	if (unlikely(fresh->cfa_at))
		m->words[end++] = (struct word){ fresh->cfa_at, fresh->sp };
	if (m->held[d].need && fresh->fp_at)
		m->words[end++] = (struct word){ fresh->fp_at, fresh->fp };
	m->held[d].words_end = end;
	m->held[d].fp = fresh->fp;
}

static void push(struct dwu_memo *m, const struct fresh *fresh)
{
	uint32_t d = m->depth++;
	struct held *held = &m->held[d];

	held->key = fresh->key;
	held->sp = fresh->sp;
	held->need = fresh->uses ||
		     (!fresh->restores && d > 0 && held[-1].need);
	held->hash = dwu_inproc_hash(d > 0 ? held[-1].hash : 0, fresh->frame);
	m->frames[d] = fresh->frame;
	put_words(m, d, fresh);
}

/* Is that the state in which a frame was arrived at? */
static bool arrives(const struct held *held, const struct fresh *fresh)
{
	return held->sp == fresh->sp && held->key == fresh->key &&
	       (!held->need || held->fp == fresh->fp);
}

/* --- a walk by rows ---------------------------------------------------------------------- */

/* Is the word at addr one of [sp, end)? */
static bool is_in(uint64_t sp, uint64_t end, uint64_t addr)
{
	return addr - sp <= end - WORD - sp && !(addr & (WORD - 1));
}

static uint64_t offset(uint64_t base, int32_t by)
{
	return base + (uint64_t)(int64_t)by;
}

/* A realigned frame's CFA is in the stack, and fp is saved by where fp points to. */
static bool realign(uint64_t end, const struct fresh *in, struct fresh *out,
		    uint64_t *cfa, uint64_t *fp_base)
{
	out->cfa_at = *cfa;
	if (!is_in(in->sp, end, *cfa))
		return false;
	*cfa = word_at(*cfa);
	*fp_base = in->fp;
	return true;
}

/* From `in`, which row tells how to leave, to `out`. False: it is not to be read.
 * Without a branch for fp: which functions save it is hard to foretell. */
static bool step(uint64_t end, const struct dwu_row *row,
		 const struct fresh *in, struct fresh *out)
{
	uint64_t cfa =
		offset(row->kind == DWU_ROW_SP ? in->sp : in->fp, row->cfa_off);
	uint64_t fp_base = cfa, ra_at, fp_at, fp;

	out->cfa_at = 0;
	if (unlikely(row->kind == DWU_ROW_REALIGNED) &&
	    !realign(end, in, out, &cfa, &fp_base))
		return false;
	ra_at = offset(cfa, row->ra_off * 4);
	fp_at = offset(fp_base, row->fp_off * 4);
	fp_at = row->has_fp ? fp_at : ra_at;
	if (unlikely(cfa <= in->sp || cfa > end || !is_in(in->sp, end, ra_at) ||
		     !is_in(in->sp, end, fp_at)))
		return false;
	fp = word_at(fp_at);
	out->key = dwu_row_key(word_at(ra_at), row->how);
	out->sp = cfa;
	out->fp = row->has_fp ? fp : in->fp;
	out->ra_at = ra_at;
	out->fp_at = row->has_fp ? fp_at : 0;
	return true;
}

/* A frame's row, noted in it. */
static bool leave_by(struct fresh *fresh, struct dwu_row *row)
{
	if (unlikely(!dwu_rows_get(fresh->key, row)))
		return false;
	fresh->frame = row->frame;
	fresh->uses = row->kind != DWU_ROW_SP && row->kind != DWU_ROW_END;
	fresh->restores = row->has_fp || row->kind == DWU_ROW_END;
	return true;
}

/* From m->fresh[0] on, outwards: how many of the memo's frames the walk goes on
 * with, and *count new ones inside them. UINT32_MAX: a frame is not left by a row. */
static uint32_t walk(struct dwu_memo *m, uint64_t end, uint32_t *count)
{
	const struct held *held = m->held + unchanged(m);
	struct fresh *fresh = m->fresh, *last = m->fresh + DWU_DEPTH - 1;
	struct dwu_row row;

	for (;; fresh++) {
		while (held > m->held && held[-1].sp < fresh->sp)
			held--;
		if (held > m->held && arrives(&held[-1], fresh)) {
			put_words(m, (uint32_t)(held - m->held) - 1, fresh);
			break;
		}
		if (unlikely(fresh == last || !leave_by(fresh, &row)))
			return UINT32_MAX;
		if (unlikely(row.kind == DWU_ROW_END)) {
			m->stop = row.stop;
			held = m->held;
			fresh++;
			break;
		}
		if (unlikely(!step(end, &row, fresh, fresh + 1)))
			return UINT32_MAX;
	}
	*count = (uint32_t)(fresh - m->fresh);
	return (uint32_t)(held - m->held) + *count > DWU_DEPTH ?
		       UINT32_MAX :
		       (uint32_t)(held - m->held);
}

/* The memo of this stack. False: there are no rows for all of it. */
static bool by_rows(struct dwu_walker *walker,
		    const struct dwu_inproc_regs *regs)
{
	struct dwu_memo *m = walker->memo;
	uint32_t n, keep;

	m->fresh[0] = (struct fresh){
		.key = dwu_row_key(regs->ra, DWUNW_HOW_CFI),
		.sp = dwu_regs_sp(regs),
		.fp = regs->fp,
		.ra_at = (uint64_t)(uintptr_t)&regs->ra,
	};
	keep = walk(m, walker->own.end, &n);
	if (keep == UINT32_MAX)
		return false;
	if (n || keep != m->depth)
		m->leaf = 0;
	walker->counts.walked += n;
	walker->counts.kept += keep;
	for (m->depth = keep; n > 0; n--)
		push(m, &m->fresh[n - 1]);
	return true;
}

/* --- a stack's number ----------------------------------------------------------------------- */

static struct dwu_inproc_range own_code;

/* The functions of this object that stand between the program's call and the stub. */
static bool is_ours(uint32_t frame)
{
	return holds(&own_code, dwu_inproc_frame_at(frame)->pc);
}

static uint32_t number(struct dwu_inproc_found *found)
{
	if (!found->count && !found->stop)
		return DWU_STACK_UNKNOWN;
	return dwu_inproc_stack(found);
}

static uint32_t memo_number(struct dwu_memo *m, uint32_t leaf)
{
	struct dwu_inproc_found found = { .frames = m->frames,
					  .count = m->depth,
					  .leaf = leaf,
					  .stop = m->stop };

	if (m->leaf == leaf)
		return m->id;
	while (found.count && is_ours(m->frames[found.count - 1]))
		found.count--;
	found.hash = found.count ? m->held[found.count - 1].hash : 0;
	m->leaf = leaf;
	m->id = number(&found);
	return m->id;
}

static uint32_t walked_number(const struct dwu_inproc_walked *walked,
			      uint32_t leaf)
{
	struct dwu_inproc_found found = { .frames = walked->frames,
					  .count = walked->count,
					  .leaf = leaf,
					  .stop = walked->stop,
					  .scan = walked->scan };

	while (found.count && is_ours(walked->frames[found.count - 1]))
		found.count--;
	for (uint32_t i = 0; i < found.count; i++) {
		if (!walked->frames[i])
			return DWU_STACK_UNKEPT;
		found.hash = dwu_inproc_hash(found.hash, walked->frames[i]);
	}
	return number(&found);
}

/* Does dwunw_walk() say the same? */
static void check(struct dwu_walker *walker, const struct dwu_inproc_regs *regs)
{
	struct dwu_memo *m = walker->memo;

	if (!dwu_slow_walk(regs, &walker->own, false, &m->walked))
		return;
	walker->counts.checked++;
	if (m->walked.count != m->depth || m->walked.stop != m->stop ||
	    memcmp(m->walked.frames, m->frames,
		   m->depth * sizeof(*m->frames)) != 0)
		walker->counts.differ++;
}

static void forget(struct dwu_walker *walker, uint32_t generation)
{
	walker->memo->depth = 0;
	walker->memo->leaf = 0;
	walker->generation = generation;
}

bool dwu_walk_open(void)
{
	return dwu_slow_range((uint64_t)(uintptr_t)&dwu_walk_open, &own_code);
}

uint32_t dwu_walk_stack(struct dwu_walker *walker,
			const struct dwu_inproc_regs *regs, uint32_t leaf)
{
	struct dwu_memo *m = walker->memo;
	uint32_t going = __atomic_load_n(&dwu_slow_going, __ATOMIC_ACQUIRE);
	uint32_t now = __atomic_load_n(&dwu_slow_generation, __ATOMIC_ACQUIRE);
	bool known = !going && now == walker->generation;

	walker->counts.events++;
	if (!known)
		forget(walker, now);
	if (likely(on_own(walker, dwu_regs_sp(regs)) && known &&
		   by_rows(walker, regs))) {
		if (unlikely(dwu_inproc_options.check))
			check(walker, regs);
		return memo_number(m, leaf);
	}
	walker->counts.slow++;
	if (!dwu_slow_walk(regs, &walker->own, true, &m->walked))
		return DWU_STACK_UNKNOWN;
	return walked_number(&m->walked, leaf);
}
