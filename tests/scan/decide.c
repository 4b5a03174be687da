/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * decide.c - who is right where two rows of an instruction differ: both are
 * applied to every recorded moment at which it was about to be executed, and
 * compared with the call that was seen.
 *
 *	decide FILE.snap MODULE < DIFFERENCES
 *
 * A difference is "VADDR REG OFFSET RA REG OFFSET RA": of two rows each the CFA's
 * register by DWARF number, its offset, and where the return address is: rN, a
 * register, or cN, memory at CFA + N; "-" for what is not known. Prints for
 * each that was executed "VADDR SAMPLES RIGHT RIGHT": how often each row gave
 * the CFA and the return address that were seen.
 *
 * Not for x86_64, where the CFA lies above the word that a call pushes.
 */
#include "../stacks/image.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct place {
	char kind; /* 'r' or 'c'; '-': the row is not known */
	int32_t n;
	int32_t cfa_offset;
	uint32_t cfa_reg;
};

struct difference {
	uint64_t vaddr;
	struct place rows[2];
	uint64_t samples;
	uint64_t right[2];
};

static struct difference *differences;
static size_t count;

static bool parse_row(const char *reg, const char *offset, const char *ra,
		      struct place *row)
{
	*row = (struct place){ .kind = '-' };
	if (strcmp(reg, "-") == 0 || strcmp(ra, "-") == 0)
		return true;
	row->cfa_reg = (uint32_t)strtoul(reg, NULL, 10);
	row->cfa_offset = (int32_t)strtol(offset, NULL, 10);
	row->kind = ra[0];
	row->n = (int32_t)strtol(ra + 1, NULL, 10);
	return row->cfa_reg < SNAP_REG_MAX && (ra[0] == 'c' || ra[0] == 'r');
}

static int by_vaddr(const void *a, const void *b)
{
	const struct difference *x = a, *y = b;

	return (x->vaddr > y->vaddr) - (x->vaddr < y->vaddr);
}

static bool read_differences(void)
{
	char f[7][24];
	size_t room = 0;
	struct difference *d;

	while (scanf("%23s %23s %23s %23s %23s %23s %23s", f[0], f[1], f[2],
		     f[3], f[4], f[5], f[6]) == 7) {
		if (count == room) {
			room = 2 * room + 1024;
			differences = realloc(differences, room * sizeof(*d));
			if (!differences)
				return false;
		}
		d = &differences[count++];
		*d = (struct difference){ .vaddr = strtoull(f[0], NULL, 16) };
		if (!parse_row(f[1], f[2], f[3], &d->rows[0]) ||
		    !parse_row(f[4], f[5], f[6], &d->rows[1]))
			return false;
	}
	qsort(differences, count, sizeof(*differences), by_vaddr);
	return feof(stdin) && count;
}

/* A word of the guest. */
static bool read_word(const struct image *image, uint64_t addr, uint64_t *value)
{
	uint32_t arch = image->snap.header.arch;
	size_t size = arch == SNAP_ARM64 ? 8 : 4;
	uint8_t bytes[8];

	if (!image_read(image, addr, bytes, size))
		return false;
	*value = 0;
	for (size_t i = 0; i < size; i++)
		*value = *value << 8 |
			 bytes[arch == SNAP_MIPS32EB ? i : size - 1 - i];
	return true;
}

/* 32-bit registers are recorded as 64 bits, in whichever way extended. */
static uint64_t as_address(const struct image *image, uint64_t value)
{
	return image->snap.header.arch == SNAP_ARM64 ? value :
						       value & 0xffffffff;
}

static bool is_right(const struct image *image, const struct snap_sample *s,
		     const struct place *row)
{
	const struct snap_frame *caller = &s->chain[1];
	uint64_t cfa, ra = 0;

	if (row->kind == '-')
		return false;
	cfa = as_address(image, s->regs[row->cfa_reg] +
					(uint64_t)(int64_t)row->cfa_offset);
	if (row->kind == 'r')
		ra = as_address(image, s->regs[row->n]);
	else if (!read_word(image, cfa + (uint64_t)(int64_t)row->n, &ra))
		return false;
	return cfa == caller->at && ra == caller->pc;
}

static void decide(struct image *image, const char *module)
{
	struct snap_sample s;

	while (snap_next(&image->snap, &s)) {
		const struct image_file *file = image_find(image, s.pc);
		struct difference key, *d;

		if (!file || strcmp(file->path, module) != 0 ||
		    s.chain_count < 2 || s.chain[1].kind != SNAP_RETURN)
			continue;
		key.vaddr = s.pc - file->bias;
		d = bsearch(&key, differences, count, sizeof(key), by_vaddr);
		if (!d)
			continue;
		image->sample = &s;
		d->samples++;
		for (int i = 0; i < 2; i++)
			d->right[i] += is_right(image, &s, &d->rows[i]);
	}
}

int main(int argc, char **argv)
{
	struct image image;

	if (argc != 3) {
		fprintf(stderr, "usage: %s FILE.snap MODULE < DIFFERENCES\n",
			argv[0]);
		return 2;
	}
	if (!read_differences()) {
		fprintf(stderr, "%s: no list of differences\n", argv[0]);
		return 2;
	}
	if (!image_open(&image, argv[1]) ||
	    image.snap.header.arch == SNAP_X86_64)
		return 2;
	decide(&image, argv[2]);
	for (size_t i = 0; i < count; i++)
		if (differences[i].samples)
			printf("%" PRIx64 " %" PRIu64 " %" PRIu64 " %" PRIu64
			       "\n",
			       differences[i].vaddr, differences[i].samples,
			       differences[i].right[0],
			       differences[i].right[1]);
	image_close(&image);
	free(differences);
	return 0;
}
