/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The CFA program: a CIE's and an FDE's instructions -> the row at an address.
 *
 * For example, a function of x86_64 that pushes rbp and moves rsp into it:
 *
 *	CIE	def_cfa rsp + 8; offset ra at cfa - 8
 *	0x1129			(cfa, ra) = (rsp + 8, *(cfa - 8))
 *	advance_loc 1; def_cfa_offset 16; offset rbp at cfa - 16
 *	0x112a			(cfa, ra, rbp) = (rsp + 16, .., *(cfa - 16))
 *	advance_loc 3; def_cfa_register rbp
 *	0x112d			(cfa, ra, rbp) = (rbp + 16, .., *(cfa - 16))
 *
 * The program runs from the start each time and stops at the row that holds the
 * address; the rows of hot addresses are packed and kept
 * (core/walk/rowcache.h).
 *
 * Its bytes are hostile: each instruction takes a byte at least, so the length
 * of the program (DWUNW_FDE_MAX) bounds the time; remembered states are bounded
 * by CONFIG_ROW_STATES; registers that the target does not have keep no rule.
 * What is unknown is BAD_FORMAT, as its length is not known.
 */
#include "row.h"

#include "core/base/bytes.h"

/* DWARF 5 7.24; GNU extensions: LSB 10.5.2; AADWARF64 4.4. */
enum {
	DW_CFA_advance_loc = 0x40,
	DW_CFA_offset = 0x80,
	DW_CFA_restore = 0xc0,
	DW_CFA_nop = 0x00,
	DW_CFA_set_loc = 0x01,
	DW_CFA_advance_loc1 = 0x02,
	DW_CFA_advance_loc2 = 0x03,
	DW_CFA_advance_loc4 = 0x04,
	DW_CFA_offset_extended = 0x05,
	DW_CFA_restore_extended = 0x06,
	DW_CFA_undefined = 0x07,
	DW_CFA_same_value = 0x08,
	DW_CFA_register = 0x09,
	DW_CFA_remember_state = 0x0a,
	DW_CFA_restore_state = 0x0b,
	DW_CFA_def_cfa = 0x0c,
	DW_CFA_def_cfa_register = 0x0d,
	DW_CFA_def_cfa_offset = 0x0e,
	DW_CFA_def_cfa_expression = 0x0f,
	DW_CFA_expression = 0x10,
	DW_CFA_offset_extended_sf = 0x11,
	DW_CFA_def_cfa_sf = 0x12,
	DW_CFA_def_cfa_offset_sf = 0x13,
	DW_CFA_val_offset = 0x14,
	DW_CFA_val_offset_sf = 0x15,
	DW_CFA_val_expression = 0x16,
	DW_CFA_MIPS_advance_loc8 = 0x1d,
	DW_CFA_AARCH64_negate_ra_state = 0x2d,
	DW_CFA_GNU_args_size = 0x2e,
	DW_CFA_GNU_negative_offset_extended = 0x2f,
};

/* What DW_CFA_remember_state saves: all but the addresses. */
struct state {
	struct dwunw_rule cfa;
	int32_t cfa_offset;
	uint8_t flags;
	struct dwunw_rule rules[DWUNW_COLUMN_MAX];
};

/*
 * Owned by the walker or the tool that calls, one for each thread: 400 bytes a
 * state, too much for a router's C stack.
 */
struct dwunw_row_scratch {
	struct state initial; /* after the CIE's instructions */
	struct state saved[CONFIG_ROW_STATES];
};

/* The struct is private, so that it may grow. */
size_t dwunw_row_scratch_size(void)
{
	return sizeof(struct dwunw_row_scratch);
}

/*
 * One run over one FDE. `row` is the caller's; it is complete where next_row()
 * ends.
 */
struct program {
	const struct dwunw_module *module;
	const struct dwunw_fde *fde;
	struct dwunw_row_scratch *scratch;
	struct dwunw_row *row;
	struct dwu_cursor c;
	uint64_t loc;	    /* where the next row starts */
	unsigned int depth; /* of scratch->saved */
	int32_t cfa_offset; /* the last one, kept by def_cfa_expression */
	bool moved;	    /* loc was set since the row's start */
	bool in_cie;
	bool bad;
};

/*
 * 6.4.2.4 saves "the set of rules for every register". That the CFA's rule is
 * one of them is how GCC's unwinder and readelf read it, and compilers rely on
 * it: behind an epilogue in the middle of a function both are as before.
 */
static void save(const struct program *p, struct state *state)
{
	state->cfa = p->row->cfa;
	state->cfa_offset = p->cfa_offset;
	state->flags = p->row->flags;
	memcpy(state->rules, p->row->rules,
	       p->row->column_count * sizeof(p->row->rules[0]));
}

static void restore(struct program *p, const struct state *state)
{
	p->row->cfa = state->cfa;
	p->cfa_offset = state->cfa_offset;
	p->row->flags = state->flags;
	memcpy(p->row->rules, state->rules,
	       p->row->column_count * sizeof(p->row->rules[0]));
}

/* A rule's offset, which must fit 32 bits: no frame is larger. */
DWU_ONE_COPY static int32_t narrow(struct program *p, int64_t value)
{
	if (value != (int32_t)value)
		p->bad = true;
	return (int32_t)value;
}

/*
 * Of a register in this CFI; -1: none.
 *
 * ra_alias: a CIE of mips32 may call register 64 its return address column;
 * that is ra, 31, in this CFI and no register in others.
 */
static int column_of(const struct program *p, uint64_t dwarf_reg)
{
	const struct dwunw_arch_ops *arch = p->module->arch;

	if (dwu_arch(arch)->ra_alias && dwarf_reg == dwu_arch(arch)->ra_alias &&
	    dwarf_reg == p->fde->ra_reg)
		return dwu_arch(arch)->ra;
	if (!IS_ON(CONFIG_OPTIMIZE_SIZE) && dwarf_reg < arch->reg_count)
		return (int)dwarf_reg;
	return dwunw_arch_column(arch, dwarf_reg);
}

/* An offset in units of the data alignment factor (6.4.2). */
DWU_ONE_COPY static int64_t factored(const struct program *p, int64_t value)
{
	return (int64_t)((uint64_t)value * (uint64_t)p->fde->data_align);
}

static int64_t factored_uleb(struct program *p)
{
	return factored(p, (int64_t)dwu_uleb(&p->c));
}

/* Registers without a column keep no rule; their operands are read all
 * the same. */
static void set_rule(struct program *p, uint64_t dwarf_reg, uint8_t kind,
		     int64_t value)
{
	int column = column_of(p, dwarf_reg);

	if (column < 0)
		return;
	p->row->rules[column] =
		(struct dwunw_rule){ .kind = kind, .value = narrow(p, value) };
}

/*
 * 6.4.2.3 (8): saved in another register, which must be one that has a column.
 * A rule that names an unknown one cannot be followed, so it is an error and
 * not left out.
 */
static void set_register_rule(struct program *p, uint64_t dwarf_reg)
{
	uint64_t from = dwu_uleb(&p->c);
	int column = column_of(p, dwarf_reg);
	int from_column = column_of(p, from);

	if (column < 0)
		return;
	if (from_column < 0) {
		p->bad = true;
		return;
	}
	p->row->rules[column] =
		(struct dwunw_rule){ .kind = DWUNW_RULE_REGISTER,
				     .reg = (uint8_t)from_column };
}

/*
 * The offset of an expression block in its section stands in for it.
 *
 * The bytes are not copied: dwunw_module_expression() finds them again. off is
 * below 4 GiB, kept as an int32_t and read back as unsigned.
 */
static struct dwunw_rule expression(struct program *p, uint8_t kind)
{
	struct dwunw_span block = dwu_take(&p->c, dwu_uleb(&p->c));
	struct dwunw_rule rule = { .kind = kind };
	uint64_t off;

	if (p->c.bad || block.size > UINT16_MAX) {
		p->bad = true;
		return rule;
	}
	off = (uint64_t)(block.data - p->fde->cfi->bytes.data);
	if (off > UINT32_MAX)
		p->bad = true;
	rule.size = (uint16_t)block.size;
	rule.value = (int32_t)(uint32_t)off;
	return rule;
}

/*
 * 6.4.2.3 (9), (10). The block is read first, so that the next instruction is
 * found even if the register has no column.
 */
static void set_expression(struct program *p, uint64_t dwarf_reg, uint8_t kind)
{
	struct dwunw_rule rule = expression(p, kind);
	int column = column_of(p, dwarf_reg);

	if (column >= 0)
		p->row->rules[column] = rule;
}

/*
 * 6.4.2.2: the CFA must hang on a register that has a value. A vector register
 * or an unknown one leads to no frame.
 */
static void set_cfa(struct program *p, uint64_t dwarf_reg, int64_t offset)
{
	int column = column_of(p, dwarf_reg);

	if (column < 0 || column >= dwu_arch(p->module->arch)->reg_count) {
		p->bad = true;
		return;
	}
	p->cfa_offset = narrow(p, offset);
	p->row->cfa = (struct dwunw_rule){ .kind = DWUNW_RULE_REGISTER,
					   .reg = (uint8_t)column,
					   .value = p->cfa_offset };
}

/*
 * def_cfa_register and _offset need a CFA that is a register (6.4.2.2), but
 * hand-written CFI has them behind def_cfa_expression too (libgcrypt 1.10,
 * tests/rows/cfi.S "beneath"): as with libgcc and readelf the offset lives on
 * meanwhile, and only def_cfa_register ends the expression.
 */
static void set_cfa_part(struct program *p, bool is_offset, int64_t value)
{
	if (!is_offset)
		set_cfa(p, (uint64_t)value, p->cfa_offset);
	else if (p->row->cfa.kind == DWUNW_RULE_REGISTER)
		p->row->cfa.value = p->cfa_offset = narrow(p, value);
	else
		p->cfa_offset = narrow(p, value);
}

/*
 * 6.4.2.3 (11), (12): back to what the CIE's instructions made of it. In those
 * there is nothing to go back to.
 */
static void restore_rule(struct program *p, uint64_t dwarf_reg)
{
	int column = column_of(p, dwarf_reg);

	if (p->in_cie)
		p->bad = true;
	else if (column >= 0)
		p->row->rules[column] = p->scratch->initial.rules[column];
}

/*
 * 6.4.2.4. Compilers in use nest 2, CONFIG_ROW_STATES is 8; one more is
 * BAD_FORMAT.
 */
static void remember(struct program *p)
{
	if (p->depth == CONFIG_ROW_STATES)
		p->bad = true;
	else
		save(p, &p->scratch->saved[p->depth++]);
}

static void recall(struct program *p)
{
	if (p->depth == 0)
		p->bad = true;
	else
		restore(p, &p->scratch->saved[--p->depth]);
}

/*
 * 6.4.2.1 (2) to (5): delta counts instructions, code_align their size. The sum
 * may wrap; the row that results holds no address, or not the one asked for.
 */
static void advance(struct program *p, uint64_t delta)
{
	p->loc += delta * p->fde->code_align;
	p->moved = true;
}

/*
 * 6.4.2.1 (1): an encoded pointer in .eh_frame (LSB 5 10.5.1), an address in
 * .debug_frame, where the encoding is absptr. `vaddr` is that of the program's
 * first byte, as the cursor counts from there.
 */
static void set_loc(struct program *p)
{
	const struct dwunw_cfi *cfi = p->fde->cfi;
	struct dwu_bases b = {
		.vaddr = cfi->vaddr + (uint64_t)(p->c.data - cfi->bytes.data),
		.text = cfi->text_vaddr,
		.data = cfi->data_vaddr,
		.func = p->fde->start,
		.address_size = p->fde->address_size,
	};

	p->loc = dwu_encoded(&p->c, p->fde->encoding, &b);
	p->moved = true;
}

/*
 * The return address is (no longer) signed (AADWARF64 4.4).
 *
 * 0x2d is DW_CFA_GNU_window_save on SPARC, hence "if the target signs".
 */
static void negate_ra_state(struct program *p)
{
	if (dwu_arch(p->module->arch)->file->signs_ra)
		p->row->flags ^= DWUNW_ROW_RA_SIGNED;
	else
		p->bad = true;
}

/* The instructions whose two upper bits are 0 (7.24); their operands follow. */
static void execute_low(struct program *p, uint8_t op)
{
	struct dwu_cursor *c = &p->c;
	uint64_t reg;

	switch (op) {
	case DW_CFA_nop: /* 6.4.2.5 */
		break;
	case DW_CFA_set_loc: /* 6.4.2.1 (1) */
		set_loc(p);
		break;
	case DW_CFA_advance_loc1: /* 6.4.2.1 (3) */
		advance(p, dwu_u8(c));
		break;
	case DW_CFA_advance_loc2: /* 6.4.2.1 (4) */
		advance(p, dwu_u16(c));
		break;
	case DW_CFA_advance_loc4: /* 6.4.2.1 (5) */
		advance(p, dwu_u32(c));
		break;
	case DW_CFA_MIPS_advance_loc8: /* GCC dwarf2.def */
		advance(p, dwu_u64(c));
		break;
	case DW_CFA_def_cfa: /* 6.4.2.2 (1) */
		reg = dwu_uleb(c);
		set_cfa(p, reg, (int64_t)dwu_uleb(c));
		break;
	case DW_CFA_def_cfa_sf: /* 6.4.2.2 (2) */
		reg = dwu_uleb(c);
		set_cfa(p, reg, factored(p, dwu_sleb(c)));
		break;
	case DW_CFA_def_cfa_register: /* 6.4.2.2 (3) */
		set_cfa_part(p, false, (int64_t)dwu_uleb(c));
		break;
	case DW_CFA_def_cfa_offset: /* 6.4.2.2 (4) */
		set_cfa_part(p, true, (int64_t)dwu_uleb(c));
		break;
	case DW_CFA_def_cfa_offset_sf: /* 6.4.2.2 (5) */
		set_cfa_part(p, true, factored(p, dwu_sleb(c)));
		break;
	case DW_CFA_def_cfa_expression: /* 6.4.2.2 (6) */
		p->row->cfa = expression(p, DWUNW_RULE_EXPRESSION);
		break;
	case DW_CFA_undefined: /* 6.4.2.3 (1) */
		set_rule(p, dwu_uleb(c), DWUNW_RULE_UNDEFINED, 0);
		break;
	case DW_CFA_same_value: /* 6.4.2.3 (2) */
		set_rule(p, dwu_uleb(c), DWUNW_RULE_SAME, 0);
		break;
	case DW_CFA_offset_extended: /* 6.4.2.3 (4) */
		reg = dwu_uleb(c);
		set_rule(p, reg, DWUNW_RULE_OFFSET, factored_uleb(p));
		break;
	case DW_CFA_offset_extended_sf: /* 6.4.2.3 (5) */
		reg = dwu_uleb(c);
		set_rule(p, reg, DWUNW_RULE_OFFSET, factored(p, dwu_sleb(c)));
		break;
	case DW_CFA_GNU_negative_offset_extended: /* LSB 10.5.2 */
		reg = dwu_uleb(c);
		set_rule(p, reg, DWUNW_RULE_OFFSET,
			 (int64_t)(0 - (uint64_t)factored_uleb(p)));
		break;
	case DW_CFA_val_offset: /* 6.4.2.3 (6) */
		reg = dwu_uleb(c);
		set_rule(p, reg, DWUNW_RULE_VAL_OFFSET, factored_uleb(p));
		break;
	case DW_CFA_val_offset_sf: /* 6.4.2.3 (7) */
		reg = dwu_uleb(c);
		set_rule(p, reg, DWUNW_RULE_VAL_OFFSET,
			 factored(p, dwu_sleb(c)));
		break;
	case DW_CFA_register: /* 6.4.2.3 (8) */
		set_register_rule(p, dwu_uleb(c));
		break;
	case DW_CFA_expression: /* 6.4.2.3 (9) */
		set_expression(p, dwu_uleb(c), DWUNW_RULE_EXPRESSION);
		break;
	case DW_CFA_val_expression: /* 6.4.2.3 (10) */
		set_expression(p, dwu_uleb(c), DWUNW_RULE_VAL_EXPRESSION);
		break;
	case DW_CFA_restore_extended: /* 6.4.2.3 (12) */
		restore_rule(p, dwu_uleb(c));
		break;
	case DW_CFA_remember_state: /* 6.4.2.4 (1) */
		remember(p);
		break;
	case DW_CFA_restore_state: /* 6.4.2.4 (2) */
		recall(p);
		break;
	case DW_CFA_GNU_args_size: /* LSB 10.5.2: for landing pads only */
		(void)dwu_uleb(c);
		break;
	case DW_CFA_AARCH64_negate_ra_state:
		negate_ra_state(p);
		break;
	default:
		p->bad = true;
		break;
	}
}

/*
 * 7.24: three instructions have their first operand in the low six bits of the
 * opcode: 0x41 is advance_loc 1, 0x86 offset of register 6, 0xc6 restore of
 * register 6.
 */
DWU_HOT static void execute(struct program *p)
{
	uint8_t op = dwu_u8(&p->c);
	uint8_t operand = op & 0x3f;

	switch (op & 0xc0) {
	case DW_CFA_advance_loc: /* 6.4.2.1 (2) */
		advance(p, operand);
		break;
	case DW_CFA_offset: /* 6.4.2.3 (3) */
		set_rule(p, operand, DWUNW_RULE_OFFSET, factored_uleb(p));
		break;
	case DW_CFA_restore: /* 6.4.2.3 (11) */
		restore_rule(p, operand);
		break;
	default:
		/* the most frequent one */
		if (!IS_ON(CONFIG_OPTIMIZE_SIZE) && op == DW_CFA_def_cfa_offset)
			set_cfa_part(p, true, (int64_t)dwu_uleb(&p->c));
		else
			execute_low(p, op);
		break;
	}
}

/* Ours (no such state, a value out of range), or the cursor's (cut off). */
static bool failed(const struct program *p)
{
	return p->bad || p->c.bad;
}

static struct dwu_cursor instructions(const struct program *p,
				      const struct dwunw_span *span)
{
	return dwu_cursor(span->data, span->size, p->module->elf.data == 2);
}

/*
 * The CIE's instructions make the rules that DW_CFA_restore returns to.
 *
 * `moved` and `loc` of a CIE's instructions are dropped: it has no addresses.
 * Its remembered states, too (depth = 0).
 */
static dwunw_status_t start(struct program *p)
{
	const struct dwunw_arch_ops *arch = p->module->arch;
	int ra = column_of(p, p->fde->ra_reg);

	dwu_row_clear(arch, p->row);
	if (ra < 0)
		return DWUNW_ERR_BAD_FORMAT;
	p->row->ra_column = (uint8_t)ra;
	p->row->flags = p->fde->signal_frame ? DWUNW_ROW_SIGNAL : 0;
	if (p->fde->cfi->debug_frame)
		p->row->flags |= DWUNW_ROW_DEBUG_FRAME;
	p->in_cie = true;
	p->c = instructions(p, &p->fde->initial);
	while (!dwu_at_end(&p->c) && !p->bad)
		execute(p);
	if (failed(p))
		return DWUNW_ERR_BAD_FORMAT;
	p->in_cie = false;
	p->depth = 0;
	save(p, &p->scratch->initial);
	p->c = instructions(p, &p->fde->program);
	p->loc = p->fde->start;
	return DWUNW_OK;
}

/*
 * Runs up to the next change of location or to the end of the program; the row
 * is then complete and [row->start, row->end) is where it holds. The last row
 * is the one behind which nothing moved.
 *
 * An instruction is a byte or more, so both this and the loops over it end.
 */
static dwunw_status_t next_row(struct program *p)
{
	p->row->start = p->loc;
	p->moved = false;
	while (!dwu_at_end(&p->c) && !p->bad && !p->moved)
		execute(p);
	p->row->end = p->moved ? p->loc : p->fde->end;
	return failed(p) ? DWUNW_ERR_BAD_FORMAT : DWUNW_OK;
}

/*
 * Row by row up to the one that holds vaddr. An advance of 0 makes an empty
 * row, which is passed over.
 */
dwunw_status_t dwunw_fde_row(const struct dwunw_module *module,
			     const struct dwunw_fde *fde, uint64_t vaddr,
			     struct dwunw_row_scratch *scratch,
			     struct dwunw_row *row)
{
	struct program p = {
		.module = module, .fde = fde, .scratch = scratch, .row = row
	};
	dwunw_status_t status;

	if (!module || !fde || !scratch || !row || vaddr < fde->start ||
	    vaddr >= fde->end)
		return DWUNW_ERR_INVALID_ARG;
	status = start(&p);
	if (status != DWUNW_OK)
		return status;
	do {
		status = next_row(&p);
		if (status != DWUNW_OK)
			return status;
	} while (p.moved && row->end <= vaddr);
	/* a location that went backwards leads past pc to no row */
	return row->start <= vaddr && vaddr < row->end ? DWUNW_OK :
							 DWUNW_ERR_BAD_FORMAT;
}

dwunw_status_t
dwunw_fde_rows(const struct dwunw_module *module, const struct dwunw_fde *fde,
	       struct dwunw_row_scratch *scratch, struct dwunw_row *row,
	       bool (*emit)(void *ctx, const struct dwunw_row *row), void *ctx)
{
	struct program p = {
		.module = module, .fde = fde, .scratch = scratch, .row = row
	};
	dwunw_status_t status;

	if (!module || !fde || !scratch || !row || !emit)
		return DWUNW_ERR_INVALID_ARG;
	status = start(&p);
	if (status != DWUNW_OK)
		return status;
	do {
		status = next_row(&p);
	} while (status == DWUNW_OK && emit(ctx, row) && p.moved);
	return status;
}

/*
 * The index of a column among those a packed row can save, or -1.
 *
 * saved[0] is the return address, so bit 0 of a packed row says where that is.
 */
static int saved_index(const struct dwunw_arch_ops *arch, uint8_t column)
{
	int i;

	for (i = 0; i < dwu_arch(arch)->saved_count; i++)
		if (arch->saved[i] == column)
			return i;
	return -1;
}

/*
 * False: the rule does not fit a packed row (an expression, another register,
 * an offset that is no multiple of 4 or beyond 16 bits of them: 128 KiB).
 */
static bool pack_rule(const struct dwunw_arch_ops *arch, uint8_t column,
		      const struct dwunw_rule *rule,
		      struct dwunw_packed_row *packed)
{
	int32_t slot = rule->value / 4;
	int i;

	if (rule->kind == DWUNW_RULE_UNSPECIFIED)
		return true;
	i = saved_index(arch, column);
	if (rule->kind == DWUNW_RULE_SAME)
		return i >= 0; /* as if it were not mentioned */
	if (rule->kind == DWUNW_RULE_UNDEFINED)
		slot = DWU_SLOT_LOST;
	else if (rule->kind != DWUNW_RULE_OFFSET || slot * 4 != rule->value ||
		 slot != (int16_t)slot || slot == DWU_SLOT_LOST)
		return false;
	if (i < 0)
		return false;
	packed->bits |= (uint16_t)(1u << i);
	packed->slots[i] = (int16_t)slot;
	return true;
}

/*
 * cfa: the offset in the upper 24 bits, signed, the register in the lower 8.
 * rsp + 16 of x86_64 is 0x1007. What cannot be said so is FULL, and the walk
 * then makes the row anew each time, which is slower and never wrong.
 */
void dwu_row_pack(const struct dwunw_arch_ops *arch,
		  const struct dwunw_row *row, struct dwunw_packed_row *packed)
{
	const struct dwunw_rule *rule;
	uint32_t offset = (uint32_t)row->cfa.value;
	uint8_t i;

	*packed =
		(struct dwunw_packed_row){ .cfa = offset << 8 | row->cfa.reg };
	if (row->cfa.kind != DWUNW_RULE_REGISTER ||
	    dwu_packed_offset(packed) != row->cfa.value ||
	    (row->flags & DWUNW_ROW_SIGNAL) ||
	    row->ra_column != dwu_arch(arch)->ra)
		packed->bits |= DWU_PACKED_FULL;
	for (i = 0; i < dwu_value_count(arch); i++) {
		rule = &row->rules[i];
		if (i == dwu_arch(arch)->ra &&
		    rule->kind == DWUNW_RULE_UNDEFINED)
			packed->bits |= DWU_PACKED_ROOT;
		else if (!pack_rule(arch, i, rule, packed))
			packed->bits |= DWU_PACKED_FULL;
	}
}
