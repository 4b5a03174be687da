/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Code without a file. One is made up, with addresses as they are:
 *
 *	0			the headers: code, and its .eh_frame
 *	BARE_OFF		the code
 *	BARE_OFF + its size	the .eh_frame
 */
#include "elf.h"

enum {
	BARE_OFF = 4096,
	LOADS = 2,
};

struct headers {
	struct ehdr e;
	struct phdr p[LOADS];
};

static size_t code_size(const struct dwunw_firmware_code *code)
{
	return (size_t)(code->end - code->start);
}

static size_t cfi_size(const struct dwunw_firmware_code *code)
{
	return (size_t)(code->cfi_end - code->cfi_start);
}

static void make_headers(const struct dwunw_firmware_code *code,
			 struct headers *h)
{
	static const uint8_t magic[7] = ELF_MAGIC;

	*h = (struct headers){
		.e = { .machine = HOST(MACHINE),
		       .type = ET_EXEC, /* addresses as they are */
		       .version = 1,
		       .entry = (uintptr_t)code->entry,
		       .phoff = EHDR_SIZE,
		       .ehsize = EHDR_SIZE,
		       .phentsize = PHDR_SIZE,
		       .phnum = cfi_size(code) ? LOADS : 1 },
		.p = { { .type = PT_LOAD,
			 .off = BARE_OFF,
			 .vaddr = (uintptr_t)code->start,
			 .filesz = code_size(code),
			 .memsz = code_size(code),
			 /* not readable: nobody searches it for tables */
			 .flags = PF_X },
		       { .type = PT_LOAD,
			 .off = BARE_OFF + code_size(code),
			 .vaddr = (uintptr_t)code->cfi_start,
			 .filesz = cfi_size(code),
			 .memsz = cfi_size(code),
			 .flags = PF_R } },
	};
	memcpy(h->e.ident, magic, sizeof(magic));
}

/* What [off, off + size) has of [from, from + length), which is at addr. */
static bool copy_part(const struct dwu_bytes *bytes, size_t from, size_t length,
		      uint64_t addr, size_t off, uint8_t *dst, size_t size)
{
	size_t start = off > from ? off : from;
	size_t end = off + size < from + length ? off + size : from + length;

	return start >= end ||
	       dwu_read(bytes->space, addr + (start - from),
			dst + (start - off), end - start) == DWUNW_OK;
}

static void copy_headers(const struct dwunw_firmware_code *code, size_t off,
			 uint8_t *dst, size_t size)
{
	struct headers h;
	size_t known = off < sizeof(h) ? sizeof(h) - off : 0;

	memset(dst, 0, size);
	make_headers(code, &h);
	if (known)
		memcpy(dst, (const uint8_t *)&h + off,
		       known < size ? known : size);
}

static dwunw_status_t bare_read(void *ctx, uint64_t at, void *dst, size_t size)
{
	const struct dwu_bytes *bytes = ctx;
	const struct dwunw_firmware_code *code = &bytes->bare;
	size_t cfi_off = BARE_OFF + code_size(code);
	size_t end = cfi_off + cfi_size(code);
	size_t off = (size_t)at;

	if (at > end || size > end - off)
		return DWUNW_ERR_INVALID_ARG;
	if (off < BARE_OFF)
		copy_headers(code, off, dst, size);
	return copy_part(bytes, BARE_OFF, code_size(code), code->start, off,
			 dst, size) &&
			       copy_part(bytes, cfi_off, cfi_size(code),
					 code->cfi_start, off, dst, size) ?
		       DWUNW_OK :
		       DWUNW_ERR_INVALID_ARG;
}

void dwu_use_bare(struct dwu_bytes *bytes,
		  const struct dwunw_firmware_code *code,
		  struct dwunw_source *src)
{
	bytes->bare = *code;
	*src = (struct dwunw_source){ .read = bare_read,
				      .ctx = bytes,
				      .size = BARE_OFF + code_size(code) +
					      cfi_size(code) };
}
