/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* core/walk/event.c: an event's bytes in either order, whole, cut and lying. */
#include <dwunw/walk.h>

#include "make_elf.h"
#include "tap.h"

struct spec {
	uint32_t magic;
	uint16_t version, arch, kind, flags, reg_count, return_count;
	uint32_t stack_size;
	uint32_t size; /* 0: as it is */
	bool big;
};

static const struct spec good = { .magic = DWUNW_EVENT_MAGIC,
				  .version = 1,
				  .arch = 1,
				  .kind = 1,
				  .flags = DWUNW_EVENT_FLAG_ENTRY |
					   DWUNW_EVENT_FLAG_CAPPED,
				  .reg_count = 17,
				  .return_count = 2,
				  .stack_size = 24 };

static uint8_t bytes[4096];

static size_t put_event(const struct spec *s)
{
	struct out o = out_init(bytes, sizeof(bytes), s->big);
	unsigned int i;

	put_u32(&o, s->magic);
	put_u16(&o, s->version);
	put_u16(&o, s->arch);
	put_u32(&o, 0);
	put_u16(&o, s->kind);
	put_u16(&o, s->flags);
	put_u32(&o, 1234);
	put_u32(&o, 5678);
	put_u64(&o, 0x1111);
	put_u64(&o, 0x2222);
	put_u64(&o, 0x3333);
	put_u64(&o, 0x4444);
	put_u32(&o, 0x5555);
	put_u32(&o, (uint32_t)-16);
	put_u16(&o, s->reg_count);
	put_u16(&o, s->return_count);
	put_u32(&o, s->stack_size);
	put_u64(&o, 0x7fff0000);
	put_u64(&o, 0);
	if (s->kind == DWUNW_EVENT_STACK) {
		for (i = 0; i < s->reg_count && i < 64; i++)
			put_u64(&o, 0x100 + i);
		for (i = 0; i < s->return_count && i < 64; i++) {
			put_u64(&o, 0x200 + i);
			put_u64(&o, 0x300 + i);
		}
		for (i = 0; i < s->stack_size && i < 256; i++)
			put_u8(&o, i);
	}
	set_uint(&o, 8, s->size ? s->size : o.size, 4);
	return o.size;
}

static void whole(bool big)
{
	struct spec s = good;
	struct dwunw_event e;
	const char *title = big ? "BE" : "LE";
	size_t size;
	unsigned int i, wrong = 0;

	s.big = big;
	size = put_event(&s);
	is_u64(dwunw_event_parse(&e, bytes, size), DWUNW_OK, "%s: parses",
	       title);
	ok(e.header.pid == 1234 && e.header.tid == 5678 &&
		   e.header.time_ns == 0x1111 && e.header.key == 0x2222 &&
		   e.header.cookie == 0x3333 && e.header.value == 0x4444 &&
		   e.header.map_generation == 0x5555 && e.header.kind == 1,
	   "%s: the header in host order", title);
	is_u64(e.regs.pc, 0x110, "%s: the pc is register 16", title);
	is_u64(e.regs.sp, 0x107, "%s: the sp is register 7", title);
	for (i = 0; i < 17; i++)
		wrong += e.regs.regs[i] != 0x100 + i;
	is_u64(wrong, 0, "%s: all registers", title);
	ok(e.input.regs == &e.regs && e.input.returns == e.returns,
	   "%s: the input points into the event", title);
	is_u64(e.input.flags, DWUNW_WALK_ENTRY | DWUNW_WALK_CAPPED, "%s: flags",
	       title);
	is_u64((uint64_t)e.input.entry_offset, (uint64_t)-16,
	       "%s: entry offset", title);
	is_u64(e.input.return_count, 2, "%s: returns", title);
	ok(e.returns[1].entry_sp == 0x201 && e.returns[1].addr == 0x301,
	   "%s: the second return", title);
	is_u64(e.input.stack.addr, 0x7fff0000, "%s: stack address", title);
	is_u64(e.input.stack.size, 24, "%s: stack size", title);
	ok(e.input.stack.bytes == bytes + size - 24,
	   "%s: the stack is seen in place", title);
	memset(bytes + size, 0xff, 8);
	is_u64(dwunw_event_parse(&e, bytes, size + 8), DWUNW_OK,
	       "%s: padding behind it is not looked at", title);
}

static void lies(void)
{
	struct spec s;
	struct dwunw_event e;

#define LIE(title, field, value, status)                                    \
	do {                                                                \
		s = good;                                                   \
		s.field = value;                                            \
		is_u64(dwunw_event_parse(&e, bytes, put_event(&s)), status, \
		       "%s", title);                                        \
	} while (0)
	LIE("another magic", magic, 0x12345678, DWUNW_ERR_BAD_FORMAT);
	LIE("version 0", version, 0, DWUNW_ERR_NOT_IMPLEMENTED);
	LIE("version 2", version, 2, DWUNW_ERR_NOT_IMPLEMENTED);
	LIE("arch 0", arch, 0, DWUNW_ERR_UNSUPPORTED_ARCH);
	LIE("arch 99", arch, 99, DWUNW_ERR_UNSUPPORTED_ARCH);
	LIE("16 registers", reg_count, 16, DWUNW_ERR_BAD_FORMAT);
	LIE("18 registers", reg_count, 18, DWUNW_ERR_BAD_FORMAT);
	LIE("33 registers", reg_count, 33, DWUNW_ERR_BAD_FORMAT);
	LIE("65535 registers", reg_count, 65535, DWUNW_ERR_BAD_FORMAT);
	LIE("15 returns", return_count, DWUNW_EVENT_RETURN_MAX - 1, DWUNW_OK);
	LIE("16 returns", return_count, DWUNW_EVENT_RETURN_MAX, DWUNW_OK);
	LIE("17 returns", return_count, DWUNW_EVENT_RETURN_MAX + 1,
	    DWUNW_ERR_BAD_FORMAT);
	LIE("65535 returns", return_count, 65535, DWUNW_ERR_BAD_FORMAT);
	LIE("no stack", stack_size, 0, DWUNW_OK);
	LIE("a stack that is not all there", stack_size, 257,
	    DWUNW_ERR_BAD_FORMAT);
	LIE("a stack of 2^32 - 1 bytes", stack_size, UINT32_MAX,
	    DWUNW_ERR_BAD_FORMAT);
	LIE("size smaller than the header", size, 87, DWUNW_ERR_BAD_FORMAT);
	LIE("size of the header alone", size, 88, DWUNW_ERR_BAD_FORMAT);
	LIE("size that cuts the stack", size, 88 + 17 * 8 + 32 + 23,
	    DWUNW_ERR_BAD_FORMAT);
	LIE("size beyond the bytes", size, 4000, DWUNW_ERR_BAD_FORMAT);
	LIE("size of 2^32 - 1", size, UINT32_MAX, DWUNW_ERR_BAD_FORMAT);
	LIE("an exec event is a header alone", kind, DWUNW_EVENT_EXEC,
	    DWUNW_OK);
	LIE("so is an exit", kind, DWUNW_EVENT_EXIT, DWUNW_OK);
	LIE("so is a fork", kind, DWUNW_EVENT_FORK, DWUNW_OK);
	LIE("a kind of the tool's own", kind, 64, DWUNW_OK);
	ok(e.input.regs == NULL && e.header.kind == 64,
	   "there is nothing to walk in it");
	is_u64(dwunw_event_parse(NULL, bytes, 88), DWUNW_ERR_INVALID_ARG,
	       "no event");
	is_u64(dwunw_event_parse(&e, NULL, 88), DWUNW_ERR_INVALID_ARG,
	       "no bytes");
}

static void cut(void)
{
	size_t size = put_event(&good), n;
	unsigned int wrong = 0;
	struct dwunw_event e;
	uint8_t *exact;

	for (n = 0; n < size; n++) {
		exact = malloc(n + !n);
		memcpy(exact, bytes, n);
		wrong += dwunw_event_parse(&e, exact, n) !=
			 DWUNW_ERR_BAD_FORMAT;
		free(exact);
	}
	is_u64(wrong, 0, "cut at each of its %zu bytes it is BAD_FORMAT", size);
}

int main(void)
{
	NEEDS(CONFIG_ARCH_X86_64);
	whole(false);
	whole(true);
	lies();
	cut();
	return done();
}
