/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * x86-64 (System V psABI 1.0). DWARF numbers: figure 3.36. The return
 * address is column 16, which holds the pc in a register set.
 */
#include "target.h"

#include "core/base/bytes.h"

enum {
	RAX,
	RDX,
	RCX,
	RBX,
	RSI,
	RDI,
	RBP,
	RSP,
	R8,
	R9,
	R10,
	R11,
	R12,
	R13,
	R14,
	R15,
	RIP,
	COLUMNS,
};

static const char *const names[COLUMNS] = {
	"rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", "r8",
	"r9",  "r10", "r11", "r12", "r13", "r14", "r15", "rip",
};

/*
 * The frame of a signal, for a restorer that has no CFI (musl's). The
 * handler has returned to the restorer, so sp points at struct ucontext,
 * whose mcontext starts at 40 (Linux, asm/sigcontext.h, struct sigcontext_64).
 *
 *	mov $15 (rt_sigreturn), %rax;  syscall
 */
static bool signal_row(const struct dwunw_arch_ops *arch, const uint8_t *code,
		       struct dwunw_row *row)
{
	static const uint8_t restorer[] = { 0x48, 0xc7, 0xc0, 0x0f, 0x00,
					    0x00, 0x00, 0x0f, 0x05 };
	/* in the order of struct sigcontext_64, 8 bytes each */
	static const uint8_t saved[] = { R8,  R9,  R10, R11, R12, R13,
					 R14, R15, RDI, RSI, RBP, RBX,
					 RDX, RAX, RCX, RSP, RIP };
	int32_t i;

	(void)arch;
	if (memcmp(code, restorer, sizeof(restorer)) != 0)
		return false;
	if (!row)
		return true;
	row->flags |= DWUNW_ROW_SIGNAL;
	for (i = 0; i < (int32_t)sizeof(saved); i++) {
		row->rules[saved[i]].kind = DWUNW_RULE_OFFSET;
		row->rules[saved[i]].value = 40 + 8 * i;
	}
	return true;
}

/*
 * A PLT entry without CFI (.iplt of static files, .plt.sec):
 * [endbr64] [bnd] jmp *disp(%rip); or a ret. Intel SDM 2, JMP and ENDBR64.
 */
static bool stub_code(const uint8_t *code)
{
	static const uint8_t endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };

	if (memcmp(code, endbr64, sizeof(endbr64)) == 0)
		code += sizeof(endbr64);
	if (code[0] == 0xf2)
		code++;
	return code[0] == 0xc3 || (code[0] == 0xff && code[1] == 0x25);
}

/*
 * A frame that GCC has aligned anew: rbp + 8 holds a copy of the return address,
 * and where the caller's frame is only r10 knows, saved somewhere below.
 *
 *	lea 8(%rsp), %r10; and $-64, %rsp; push -8(%r10); push %rbp
 *
 * `code` ends before push %rbp; r13 may be there for r10.
 */
static bool is_aligned_anew(const uint8_t *code, size_t size)
{
	return size >= 3 && code[size - 3] == 0xff &&
	       (code[size - 2] & 0xf8) == 0x70 && code[size - 1] == 0xf8;
}

/*
 * push %rbp, then mov %rsp, %rbp (either encoding), and no ret up to pc:
 *
 *	(rsp, rip, rbp) = (rbp + 16, *(rbp + 8), *rbp)		psABI 3.2.2
 */
static bool frame_pointer_row(const uint8_t *code, size_t size,
			      struct dwunw_row *row)
{
	bool moved = false;
	size_t i;

	for (i = size; i-- > 0;) {
		if (code[i] == 0xc3)
			return false;
		if (i + 3 <= size && code[i] == 0x48 &&
		    ((code[i + 1] == 0x89 && code[i + 2] == 0xe5) ||
		     (code[i + 1] == 0x8b && code[i + 2] == 0xec)))
			moved = true;
		if (moved && code[i] == 0x55)
			break;
		if (i == 0)
			return false;
	}
	if (size == 0 || is_aligned_anew(code, i))
		return false;
	row->cfa.reg = RBP;
	row->cfa.value = 16;
	row->rules[RIP].kind = DWUNW_RULE_OFFSET;
	row->rules[RIP].value = -8;
	row->rules[RBP].kind = DWUNW_RULE_OFFSET;
	row->rules[RBP].value = -16;
	return true;
}

/* Bytes of a ModRM byte and what belongs to it (Intel SDM 2, table 2-2). */
static size_t modrm_size(const uint8_t *code, size_t there)
{
	uint8_t mod = code[0] >> 6, rm = code[0] & 7;
	bool sib = mod != 3 && rm == 4;
	size_t size = sib ? 2 : 1;

	if (mod == 3 || size > there)
		return size;
	if (mod == 1)
		return size + 1;
	if (mod == 2 || rm == 5 || (sib && (code[1] & 7) == 5))
		return size + 4;
	return size;
}

/* call: e8 and 4 bytes, or ff /2 (Intel SDM 2, CALL), of 2 to 7 bytes. */
static bool behind_call(const struct dwunw_arch_ops *arch, const uint8_t *code,
			size_t size, uint8_t isa)
{
	size_t i;

	(void)arch;
	(void)isa;
	if (size >= 5 && code[size - 5] == 0xe8)
		return true;
	for (i = 2; i <= 7 && i <= size; i++)
		if (code[size - i] == 0xff &&
		    (code[size - i + 1] & 0x38) == 0x10 &&
		    modrm_size(&code[size - i + 1], i - 1) == i - 1)
			return true;
	return false;
}

/* mov $56 (clone), %eax, or a part of it; mov $435 (clone3), %eax. */
static bool clones(const uint8_t *code, size_t size)
{
	size_t i;

	for (i = 0; i + 2 < size; i++)
		if (((code[i] == 0xb8 || code[i] == 0xb0) &&
		     code[i + 1] == 56) ||
		    (code[i] == 0xb8 && code[i + 1] == 0xb3 &&
		     code[i + 2] == 1))
			return true;
	return false;
}

/*
 * clone()'s number, syscall, a few bytes that tell child and parent apart,
 * xor %ebp, %ebp; then what takes the thread's function off its new stack, and
 * calls it (glibc, clone and clone3; musl, __clone). The error path of clone3 stands behind
 * the child's, so that its code seems to return.
 */
static bool thread_code(const uint8_t *code, size_t size)
{
	size_t i, k;

	if (size < 4 || code[size - 2] != 0xff ||
	    (code[size - 1] & 0xf8) != 0xd0)
		return false;
	for (i = size - 4; i + 16 > size && i > 0; i--) {
		if (code[i] != 0x31 || code[i + 1] != 0xed)
			continue;
		for (k = i; k-- > 0 && k + 14 > i;)
			if (code[k] == 0x0f && code[k + 1] == 0x05)
				return clones(code, k);
	}
	return false;
}

/* mov $60 (exit), %eax, or a part of it; syscall. */
static bool exit_code(const struct dwunw_arch_ops *arch, const uint8_t *code)
{
	size_t i;

	(void)arch;
	for (i = 2; i + 1 < DWU_CODE_SIZE; i++)
		if (code[i] == 0x0f && code[i + 1] == 0x05)
			return (code[i - 2] == 0xb0 && code[i - 1] == 60) ||
			       (i >= 5 && code[i - 5] == 0xb8 &&
				code[i - 4] == 60);
	return false;
}

/* Go, runtime.asyncPreempt: movups n(%rsp), %xmm15, which no call preserves. */
static bool preempt_code(const uint8_t *code)
{
	static const uint8_t load[] = { 0x44, 0x0f, 0x10, 0xbc, 0x24 };

	return memcmp(code, load, sizeof(load)) == 0;
}

/*
 * Go, runtime.asmcgocall, which calls C on the stack of its thread: mov
 * n(%rsp), %rdi (g); mov 8(%rdi), %rsi (g.stack.hi); sub m(%rsp), %rsi.
 */
static bool switch_code(const uint8_t *code, uint8_t at[2])
{
	static const uint8_t load[] = { 0x48, 0x8b, 0x7c, 0x24 };
	static const uint8_t rest[] = { 0x48, 0x8b, 0x77, 0x08,
					0x48, 0x2b, 0x74, 0x24 };

	at[0] = code[4];
	at[1] = code[13];
	return memcmp(code, load, sizeof(load)) == 0 &&
	       memcmp(code + 5, rest, sizeof(rest)) == 0;
}

/*
 * glibc, __start_context: [endbr64] mov %rbx, %rsp; mov (%rsp), %rdi, or the
 * test of the shadow stack. Boost.Context, make_fcontext: [endbr64]
 * xor %rdi, %rdi; call _exit; hlt. Go, runtime.goexit behind its first byte:
 * call goexit1; nop, and padding.
 */
static bool context_code(const struct dwunw_arch_ops *arch, const uint8_t *code)
{
	static const uint8_t endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	static const uint8_t glibc[] = { 0x48, 0x89, 0xdc };
	static const uint8_t boost[] = { 0x48, 0x31, 0xff, 0xe8 };

	(void)arch;
	if (code[0] == 0xe8 && code[5] == 0x90 && code[6] == 0xcc)
		return true;
	if (memcmp(code, endbr64, sizeof(endbr64)) == 0)
		code += sizeof(endbr64);
	if (memcmp(code, boost, sizeof(boost)) == 0)
		return code[8] == 0xf4;
	return memcmp(code, glibc, sizeof(glibc)) == 0 &&
	       ((code[3] == 0x48 && code[4] == 0x8b && code[5] == 0x3c) ||
		(code[3] == 0x64 && code[4] == 0xf7));
}

const struct dwunw_arch_ops dwu_arch_x86_64 = {
	.name = "x86_64",
	.id = DWUNW_ARCH_X86_64,
	.machine = 62, /* EM_X86_64 */
	.elf_class = 2,
	.elf_data = 1,
	.address_size = 8,
	.reg_count = COLUMNS,
	.column_names = names,
	.sp = RSP,
	.fp = RBP,
	.ra = RIP,
	.pc = RIP,
	.file = &dwu_arch_file_plain,
	.pc_mask = UINT64_MAX,
	/* call pushes the return address: CFA = sp at entry + 8 (3.2.2) */
	.entry_size = 8,
	/* psABI 3.2.1, figure 3.4 */
	.preserved = 1u << RBX | 1u << RBP | 1u << R12 | 1u << R13 | 1u << R14 |
		     1u << R15,
	.saved = { RIP, RBX, RBP, R12, R13, R14, R15 },
	.saved_count = 7,
	.signal_row = signal_row,
	.signal_step = 7,
	/* cs of struct sigcontext_64: __USER_CS (Linux, asm/segment.h) */
	.mark_off = 40 + 144,
	.mark_bits = 0xffff,
	.mark = 0x33,
	.stub_code = stub_code,
	.frame_pointer_row = frame_pointer_row,
	.behind_call = behind_call,
	.thread_code = thread_code,
	.exit_code = exit_code,
	.preempt_code = preempt_code,
	.switch_code = switch_code,
	.context_code = context_code,
	.scan = IS_ON(CONFIG_SCAN_X86_64) ? &dwu_scan_x86_64 : NULL,
};
