/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Files made to waste time or memory: sizes of 2^40, counts of 2^32, tables
 * that point at each other, work that grows with the square of the file.
 */
#include "exercise.h"
#include "tap.h"
#include "unit/make_elf.h"

static uint8_t *file;
static size_t room = 1 << 20;

static struct elf_spec spec = { ELF_X86_64, .entry = 0x1040 };

/* A sound file with .eh_frame, its header and .debug_frame. */
static struct elf_made sound(struct elf_part parts[4])
{
	static uint8_t eh[1024], hdr[64];
	struct cfi_out e = { .o = out_init(eh, sizeof(eh), false),
			     .vaddr = 0x2000,
			     .address_size = 8 };
	struct out h = out_init(hdr, sizeof(hdr), false);
	uint64_t cie = put_cie(&e, &(struct cie_spec){ .encoding = 0x1b });
	uint64_t fde = put_fde(&e, &(struct fde_spec){ .cie = cie,
						       .start = 0x1000,
						       .size = 0x100,
						       .encoding = 0x1b });

	put_u32(&h, 0x3b031b01);
	put_u32(&h, 0x2000 - 0x3004);
	put_u32(&h, 1);
	put_u32(&h, 0x1000 - 0x3000);
	put_u32(&h, 0x2000 + fde - 0x3000);
	parts[0] = (struct elf_part){ .name = ".text",
				      .vaddr = 0x1000,
				      .size = 0x100,
				      .segment = PART_LOAD };
	parts[1] = (struct elf_part){ .name = ".eh_frame",
				      .vaddr = 0x2000,
				      .bytes = eh,
				      .size = e.o.size,
				      .segment = PART_LOAD };
	parts[2] = (struct elf_part){ .name = ".eh_frame_hdr",
				      .vaddr = 0x3000,
				      .bytes = hdr,
				      .size = h.size,
				      .segment = PART_EH_HDR };
	return make_elf_at(file, room, &spec, parts, 3);
}

/* One field of the file is a lie. */
static void lie(const char *title, size_t at, unsigned int bytes,
		uint64_t value, uint64_t claimed, dwunw_status_t want)
{
	struct elf_part parts[4];
	struct elf_made made = sound(parts);
	struct out o = out_init(file, room, false);
	struct exercise x = { .bytes = file,
			      .size = made.size,
			      .claimed = claimed };
	double start = seconds();

	set_uint(&o, at, value, bytes);
	exercise(&x);
	is_u64(x.status, want, "%s: %s", title, dwunw_status_name(want));
	ok(seconds() - start < 1, "%s: at once", title);
	is_u64((uint64_t)x.held, 0, "%s: nothing is held", title);
}

static void lies(void)
{
	struct elf_part parts[4];
	struct elf_made made = sound(parts);
	size_t eh = made.section_off + 2 * 64, hdr = made.section_off + 3 * 64;
	size_t zero = made.section_off;

	lie("nothing is a lie", 0, 1, 0x7f, 0, DWUNW_OK);
	lie(".eh_frame of 2^40 bytes", eh + 32, 8, 1ull << 40, 0, DWUNW_OK);
	lie(".eh_frame of 2^40 bytes in a file of 2^41", eh + 32, 8, 1ull << 40,
	    1ull << 41, DWUNW_ERR_NO_MEMORY);
	lie(".eh_frame_hdr of 2^40 bytes in a file of 2^41", hdr + 32, 8,
	    1ull << 40, 1ull << 41, DWUNW_ERR_NO_MEMORY);
	lie(".eh_frame at 2^64 - 1", eh + 24, 8, UINT64_MAX, 0, DWUNW_OK);
	lie("2^32 - 1 entries of .eh_frame_hdr", parts[2].off + 8, 4,
	    UINT32_MAX, 0, DWUNW_OK);
	lie("a CIE pointer to itself", parts[1].off + 4 + 4 + 20, 4, 4, 0,
	    DWUNW_OK);
	lie("65535 program headers", 56, 2, 0xfffe, 0, DWUNW_ERR_BAD_FORMAT);
	lie("program headers counted in section 0, which says 0", 56, 2, 0xffff,
	    0, DWUNW_OK);
	lie("a segment of 2^63 bytes", made.program_off + 32, 8, 1ull << 63, 0,
	    DWUNW_OK);
	lie("a segment at 2^64 - 1", made.program_off + 16, 8, UINT64_MAX, 0,
	    DWUNW_OK);
	lie("a section count of 2^32 - 1 in section 0", zero + 32, 8,
	    UINT32_MAX, 0, DWUNW_OK);
	lie("loongarch", 18, 2, 258, 0, DWUNW_ERR_UNSUPPORTED_ARCH);
	lie("s390", 18, 2, 22, 0, DWUNW_ERR_UNSUPPORTED_ARCH);
	lie("i386", 18, 2, 3, 0, DWUNW_ERR_UNSUPPORTED_ARCH);
	lie("machine 0", 18, 2, 0, 0, DWUNW_ERR_UNSUPPORTED_ARCH);
	lie("arm64 of 64 bits, big-endian", 5, 1, 2, 0, DWUNW_ERR_BAD_FORMAT);
}

/* Numbers that stand in section 0. */
static void extended(void)
{
	struct elf_part parts[4];
	struct elf_made made;
	struct out o = out_init(file, room, false);
	struct exercise x = { .bytes = file };
	double start = seconds();

	spec.extended = true;
	made = sound(parts);
	spec.extended = false;
	x.size = made.size;
	set_uint(&o, made.section_off + 44, UINT32_MAX, 4);
	exercise(&x);
	is_u64(x.status, DWUNW_ERR_BAD_FORMAT, "2^32 - 1 program headers");
	set_uint(&o, made.section_off + 44, 3, 4);
	set_uint(&o, made.section_off + 32, UINT32_MAX, 8);
	exercise(&x);
	is_u64(x.status, DWUNW_OK, "2^32 - 1 sections: they count as none");
	ok(seconds() - start < 1, "at once");
}

/* Every program header shows the same half of the file. */
static void many_segments(uint32_t type, const char *title)
{
	size_t count = 1000, size = 64 + 56 * count + 60000, i;
	struct out o = out_init(file, room, false);
	struct elf_spec plain = { ELF_X86_64, .no_sections = true };
	struct elf_made made = { .program_off = 64 };
	struct elf_part p = { .segment = type,
			      .off = 64 + 56 * count,
			      .size = 60000 };
	struct exercise x = { .bytes = file, .size = size };
	double start = seconds();

	memset(file, 0, size);
	put_elf_header(&o, &plain, &made, count, 0);
	for (i = 0; i < count; i++)
		put_program_header(&o, &plain, &p);
	exercise(&x);
	is_u64(x.status, DWUNW_OK, "%s: opens", title);
	ok(x.bytes_read < 64 * size,
	   "%s: a file of %zu bytes, %" PRIu64 " read (< 64 times), %.2f s",
	   title, size, x.bytes_read, seconds() - start);
}

/* A long CIE that thousands of FDEs share. */
static void long_cie(const char *title, const char *letters, uint8_t filler,
		     bool debug_frame)
{
	size_t half = 128 << 10;
	uint8_t *bytes = malloc(2 * half + 64);
	struct cfi_out s = { .o = out_init(bytes, 2 * half + 64, false),
			     .vaddr = debug_frame ? 0 : 0x2000,
			     .address_size = 8,
			     .debug_frame = debug_frame };
	struct elf_part parts[] = {
		{ .name = ".text",
		  .vaddr = 0x1000,
		  .size = 0x100,
		  .segment = PART_LOAD },
		{ .name = debug_frame ? ".debug_frame" : ".eh_frame",
		  .vaddr = 0x2000,
		  .bytes = bytes },
	};
	struct cfi_record r = begin_record(&s, false);
	struct exercise x = { .bytes = file };
	double start;

	put_u32(&s.o, debug_frame ? UINT32_MAX : 0);
	put_u8(&s.o, 1);
	put_bytes(&s.o, letters, strlen(letters));
	while (s.o.size < half)
		put_u8(&s.o, filler);
	if (filler >= 0x80 || filler == 0)
		put_u8(&s.o, 0);
	put_bytes(&s.o, "\0\1\x78\x10", 4);
	end_record(&s, &r);
	while (s.o.size < 2 * half)
		put_fde(&s, &(struct fde_spec){ .cie = 0,
						.start = 0x1000,
						.size = 1,
						.no_data = true });
	parts[1].size = s.o.size;
	x.size = make_elf(file, room, &spec, parts, COUNT(parts));
	start = seconds();
	exercise(&x);
	ok(seconds() - start < 2,
	   "%s: %.0f ms for a file of %" PRIu64 " KiB "
	   "(%s, %" PRIu64 " FDEs, %" PRIu64 " bad)",
	   title, (seconds() - start) * 1e3, x.size >> 10,
	   dwunw_status_name(x.status), x.fdes, x.bad_fdes);
	free(bytes);
}

/* All symbols at one address, with long names. */
static void aliases(void)
{
	size_t count = 4000, strings = 100000, i;
	uint8_t *symbols = malloc(count * 24), *names = malloc(strings);
	struct out o = out_init(symbols, count * 24, false);
	struct elf_part parts[] = {
		{ .name = ".symtab",
		  .type = 2,
		  .bytes = symbols,
		  .size = count * 24,
		  .link = 2,
		  .entry_size = 24 },
		{ .name = ".strtab",
		  .type = 3,
		  .bytes = names,
		  .size = strings },
	};
	struct exercise x = { .bytes = file };
	double start = seconds();

	memset(names, 'a', strings);
	names[strings - 1] = 0;
	for (i = 0; i < count; i++) {
		put_u32(&o, i);
		put_u8(&o, 0x12);
		put_u8(&o, 0);
		put_u16(&o, 1);
		put_u64(&o, 0x1000);
		put_u64(&o, 0x1000);
	}
	x.size = make_elf(file, room, &spec, parts, COUNT(parts));
	exercise(&x);
	is_u64(x.symbols, 128, "%zu aliases of %zu bytes: found", count,
	       strings);
	ok(seconds() - start < 5, "128 look-ups took %.2f s (< 5)",
	   seconds() - start);
	free(symbols);
	free(names);
}

int main(void)
{
	file = malloc(room);
	lies();
	extended();
	many_segments(PART_LOAD, "1000 segments that are half of the file");
	many_segments(PART_NOTE, "1000 notes that are half of the file");
	long_cie("an augmentation of 128 KiB", "z", 'S', false);
	long_cie("an augmentation of 128 KiB in .debug_frame", "z", 'S', true);
	long_cie("a LEB128 of 128 KiB", "\0", 0x80, false);
	aliases();
	free(file);
	return done();
}
