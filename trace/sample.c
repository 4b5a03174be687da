/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * One perf sample of a probe: which registers and how much stack the kernel is
 * asked for (perf_event_attr), and the record that it sends -> struct
 * dwunw_sample.
 *
 *	PERF_RECORD_SAMPLE: header | identifier | pid, tid | time |
 *	  abi | registers, in the order of their bits | [size | stack | filled]
 *
 * For example, x86_64: a small sample has rdi, rsi, rdx, rax and rsp (perf's
 * bits 5, 4, 3, 0, 7), 5 words; a large one all of them and up to 64 KiB of
 * stack.
 *
 * HOST_LAYOUT is the one target header (arch/TARGET/layout.h) of this machine:
 * samples are always of the kernel that runs here.
 */
#include "sample.h"

#include <dwunw/regset.h>

#include <linux/perf_event.h>
#include <string.h>
#include <time.h>

#include HOST_LAYOUT

/* HOST(SP): DWUNW_X86_64_SP, where that is this machine */
#define HOST__(name, what) DWUNW_##name##_##what
#define HOST_(name, what) HOST__(name, what)
#define HOST(what) HOST_(HOST_NAME, what)

#define NONE 0xff

/* This machine: where samples have its registers; who carries what. */
static const struct {
	uint8_t reg_count;
	uint8_t sp;
	uint8_t result;
	uint8_t arguments[3];
	uint8_t return_pops;
	uint8_t bits[DWUNW_SAMPLE_REGS];
} machine = {
	HOST(PERF_COUNT), HOST(DWARF_SP),    HOST(RESULT),
	HOST(ARGUMENTS),  HOST(RETURN_POPS), HOST(PERF_BITS),
};

/* Samples of small events have the first arguments, the result and sp. */
static uint64_t register_mask(bool large)
{
	uint64_t mask = 0;

	for (uint16_t i = 0; i < machine.reg_count; i++) {
		bool told = large || i == machine.sp || i == machine.result;

		for (unsigned k = 0; k < 3; k++)
			told |= i == machine.arguments[k];
		if (told && machine.bits[i] != NONE)
			mask |= 1ull << machine.bits[i];
	}
	return mask;
}

/*
 * sample_id_all puts thread, time and identifier behind all other records, so
 * that records of different buffers can be put in order.
 */
void dwu_sample_attr(struct perf_event_attr *attr)
{
	memset(attr, 0, sizeof(*attr));
	attr->size = sizeof(*attr);
	attr->sample_type = PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_TID |
			    PERF_SAMPLE_TIME;
	attr->sample_id_all = 1;
	attr->use_clockid = 1;
	attr->clockid = CLOCK_MONOTONIC;
}

/*
 * The kernel copies stack from sp upwards, sample_stack_user bytes at most; it
 * must be a multiple of 8 and below 65,535 (perf_event_open(2)).
 */
void dwu_sample_attr_regs(struct perf_event_attr *attr, bool large,
			  uint32_t stack_size)
{
	attr->sample_type |= PERF_SAMPLE_REGS_USER;
	attr->sample_regs_user = register_mask(large);
	if (!stack_size)
		return;
	attr->sample_type |= PERF_SAMPLE_STACK_USER;
	attr->sample_stack_user = stack_size;
}

/* --- records (perf_event_open(2), PERF_RECORD_SAMPLE) -------------------------- */

/*
 * The kernel's record is whole (rings.c), but its size is not trusted further
 * than this.
 */
struct dwu_record dwu_record_open(const void *bytes)
{
	struct dwu_record record = { .at = bytes };
	struct perf_event_header header;

	memcpy(&header, bytes, sizeof(header));
	record.type = header.type;
	record.misc = header.misc;
	record.end = record.at + header.size;
	record.at += sizeof(header);
	return record;
}

uint64_t dwu_record_take(struct dwu_record *record)
{
	uint64_t value = 0;

	if (record->end - record->at < 8) {
		record->at = record->end;
	} else {
		memcpy(&value, record->at, 8);
		record->at += 8;
	}
	return value;
}

void dwu_record_take_pair(struct dwu_record *record, uint32_t *first,
			  uint32_t *second)
{
	uint64_t both = dwu_record_take(record);
	uint32_t halves[2];

	memcpy(halves, &both, 8);
	*first = halves[0];
	*second = halves[1];
}

/*
 * Samples begin with identifier, thread, time; others end with thread, time,
 * identifier.
 *
 * The trailing fields are thread, time, identifier: 24 bytes from the end.
 */
uint64_t dwu_record_time(const void *bytes)
{
	struct dwu_record record = dwu_record_open(bytes);

	if (record.end - record.at < 24)
		return 0;
	record.at = record.type == PERF_RECORD_SAMPLE ? record.at + 16 :
							record.end - 16;
	return dwu_record_take(&record);
}

/*
 * The kernel sends them in the order of perf's bits, which is not that of
 * DWARF: rax, rbx, rcx, rdx .. against rax, rdx, rcx, rbx (psABI 3.6.2).
 */
static void take_registers(struct dwu_record *record, bool large,
			   struct dwunw_sample *sample)
{
	uint64_t mask = register_mask(large), by_bit[64] = { 0 };

	for (unsigned bit = 0; bit < 64; bit++) {
		if (mask >> bit & 1)
			by_bit[bit] = dwu_record_take(record) &
				      dwunw_sample_word_max();
	}
	sample->reg_count = machine.reg_count;
	for (uint16_t i = 0; i < machine.reg_count; i++)
		sample->regs[i] =
			machine.bits[i] == NONE ? 0 : by_bit[machine.bits[i]];
	sample->sp = sample->regs[machine.sp];
}

/*
 * size, so many bytes, how many of them are stack.
 *
 * `filled` less than `size`: the stack ended there. All of it: there may be
 * more (capped), and a walk then stops with TRUNCATED and not with UNREADABLE.
 */
static void take_stack(struct dwu_record *record, struct dwunw_sample *sample)
{
	uint64_t size = dwu_record_take(record), filled;

	if (!size || size > (uint64_t)(record->end - record->at))
		return;
	sample->stack = record->at;
	record->at += size;
	filled = dwu_record_take(record);
	sample->stack_size = (uint32_t)(filled < size ? filled : size);
	sample->capped = filled >= size;
}

void dwu_sample_take(struct dwu_record *record, bool large,
		     struct dwunw_sample *sample)
{
	sample->large = large;
	if (dwu_record_take(record) != PERF_SAMPLE_REGS_ABI_NONE)
		take_registers(record, large, sample);
	if (large)
		take_stack(record, sample);
}

/* --- what they say --------------------------------------------------------------- */

uint64_t dwunw_sample_argument(const struct dwunw_sample *sample,
			       unsigned index)
{
	return sample->regs[machine.arguments[index]];
}

uint64_t dwunw_sample_result(const struct dwunw_sample *sample)
{
	return sample->regs[machine.result];
}

uint64_t dwunw_sample_return_pops(void)
{
	return machine.return_pops;
}

uint64_t dwunw_sample_word_max(void)
{
	return (unsigned long)-1;
}

struct dwunw_event_header dwunw_sample_header(uint16_t kind, uint32_t pid,
					      uint32_t tid, uint64_t time_ns)
{
	return (struct dwunw_event_header){
		.magic = DWUNW_EVENT_MAGIC,
		.version = DWUNW_EVENT_VERSION,
		.arch = DWU_HOST_ARCH,
		.size = sizeof(struct dwunw_event_header),
		.kind = kind,
		.pid = pid,
		.tid = tid,
		.time_ns = time_ns,
	};
}

/* A sample as an event of SPEC.md 1, with the native byte order. 0: no room. */
size_t dwunw_sample_event(const struct dwunw_sample *sample,
			  const struct dwunw_event_header *header, void *bytes,
			  size_t room)
{
	size_t regs_size = sample->reg_count * sizeof(sample->regs[0]);
	size_t size = sizeof(*header) + regs_size + sample->stack_size;
	struct dwunw_event_header own = *header;
	uint8_t *out = bytes;

	if (size > room)
		return 0;
	own.kind = DWUNW_EVENT_STACK;
	own.size = (uint32_t)size;
	own.flags = sample->capped ? DWUNW_EVENT_FLAG_CAPPED : 0;
	own.reg_count = sample->reg_count;
	own.stack_addr = sample->sp;
	own.stack_size = sample->stack_size;
	memcpy(out, &own, sizeof(own));
	memcpy(out + sizeof(own), sample->regs, regs_size);
	if (sample->stack_size)
		memcpy(out + sizeof(own) + regs_size, sample->stack,
		       sample->stack_size);
	return size;
}
