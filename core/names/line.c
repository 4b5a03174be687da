/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The line number program of a unit (DWARF 5 6.2; 2 to 4 alike): address ->
 * file, line and column.
 *
 *	header: files 1 = "t.c"; line_base -5, line_range 14, opcode_base 13
 *	00 09 02 29 11 00 ..	set_address 0x1129
 *	13			special: line += 1, a row	0x1129 line 2
 *	83			special: address += 8, line += 1	0x1131 line 3
 *	02 07  00 01 01		advance_pc 7, end_sequence	0x1138 end
 *
 * Rows of a sequence rise in address; a sequence becomes a run [0x1129,
 * 0x1138), runs are sorted, and a look-up is two binary searches: of the run,
 * of the row in it.
 *
 * The program is hostile: it is bounded by the unit's length (DWUNW_LINE_MAX),
 * an operation takes a byte and makes a row at most, and what is cut off or not
 * known ends it with the sequences that were whole.
 */
#include <dwunw/bounds.h>

#include "core/base/grow.h"
#include "core/base/sort.h"
#include "unit.h"

enum {
	DW_LNS_copy = 1,
	DW_LNS_advance_pc = 2,
	DW_LNS_advance_line = 3,
	DW_LNS_set_file = 4,
	DW_LNS_set_column = 5,
	DW_LNS_const_add_pc = 8,
	DW_LNS_fixed_advance_pc = 9,
	DW_LNE_end_sequence = 1,
	DW_LNE_set_address = 2,
	DW_LNE_define_file = 3,
	DW_LNCT_path = 1,
	DW_LNCT_directory_index = 2,
	FORMAT_MAX = 8, /* fields of a file's entry */
};

/* Runs that a look-up goes back over, where they overlap. */
#define LOOK_BACK 64

/* One field of a directory's or file's entry. */
struct field {
	uint16_t type;
	uint16_t form;
};

/* The header (6.2.4), and the state of the program (6.2.2). */
struct program {
	const struct dwunw_unit *unit;
	struct dwu_stream line;
	struct dwu_stream str_offsets;
	struct dwunw_unit sizes; /* of the table: forms are read by them */
	uint64_t off;
	uint64_t end;
	uint64_t start; /* where the operations begin */
	struct dwu_array dirs;
	struct dwu_array files;
	struct dwu_array rows;
	struct field fields[FORMAT_MAX];
	uint32_t field_count;
	uint16_t version;
	uint8_t instruction_size;
	uint8_t line_range;
	uint8_t opcode_base;
	int8_t line_base;
	uint8_t lengths[256];
	/* the state */
	uint64_t vaddr;
	uint64_t file;
	uint64_t column;
	uint32_t row_line;
	uint32_t sequence; /* its first row */
	bool no_memory;
};

/* --- header -------------------------------------------------------------------- */

/*
 * 6.2.4. Version 2 to 5; 5 has the sizes of an address and a segment selector.
 */
static bool read_header(struct program *p, struct dwu_cursor *c)
{
	uint64_t length = dwu_initial_length(c, &p->sizes.offset_size);
	uint64_t head = c->off, header_length;
	uint32_t i;

	/* a byte of the program makes at most a row of 16: this bounds memory,
	 * too */
	if (c->bad || length > DWUNW_LINE_MAX ||
	    length > p->line.section.size - p->off - head)
		return false;
	p->end = p->off + head + length;
	p->version = dwu_u16(c);
	p->sizes.version = p->version;
	if (p->version >= 5) {
		p->sizes.address_size = dwu_u8(c);
		(void)dwu_u8(c); /* segment selector size */
	}
	header_length = dwu_uint(c, p->sizes.offset_size);
	if (header_length > p->end - p->off - c->off)
		return false;
	/* where the operations begin is said, not found: later versions may add
	 * fields to the header */
	p->start = p->off + c->off + header_length;
	p->instruction_size = dwu_u8(c);
	if (p->version >= 4)
		(void)dwu_u8(c); /* operations an instruction: VLIW only */
	(void)dwu_u8(c);	 /* default_is_stmt */
	p->line_base = (int8_t)dwu_u8(c);
	p->line_range = dwu_u8(c);
	p->opcode_base = dwu_u8(c);
	/* opcode_base is a byte, and `lengths` has 256 elements */
	for (i = 1; i < p->opcode_base; i++)
		p->lengths[i] = dwu_u8(c);
	return !c->bad && p->version >= 2 && p->version <= 5 && p->line_range;
}

/* A directory, or a file with the number of its directory; 16 bytes each. */
static bool push_file(struct program *p, struct dwu_array *array,
		      dwunw_text_t name, uint64_t dir)
{
	struct dwunw_line_file *file = dwu_array_push(array);

	if (!file) {
		p->no_memory = true;
		return false;
	}
	*file = (struct dwunw_line_file){
		.name = name,
		.dir = dir > UINT32_MAX ? UINT32_MAX : (uint32_t)dir,
	};
	return true;
}

/*
 * DWARF 2 to 4: a string; of a file also directory, time and size.
 *
 * False without c->bad: the empty name that ends the list.
 */
static bool read_old(struct program *p, struct dwu_cursor *c, bool files)
{
	uint64_t off = p->off + c->off, dir = 0;
	bool last = dwu_string(c)[0] == '\0';

	if (c->bad || last)
		return false;
	if (files) {
		dir = dwu_uleb(c);
		(void)dwu_uleb(c);
		(void)dwu_uleb(c);
	}
	return !c->bad &&
	       push_file(p, files ? &p->files : &p->dirs,
			 dwu_text_ref(DWUNW_DWARF_LINE, false, off), dir);
}

/* Reads entries until one is the last; p->off moves on: an entry has a byte at
 * least, and those end with the table. */
static bool read_old_list(struct program *p, bool files)
{
	struct dwu_cursor c;

	for (;;) {
		c = dwu_stream_at(&p->line, p->off, p->end);
		if (read_old(p, &c, files)) {
			p->off += c.off;
			continue;
		}
		if (p->no_memory)
			return false;
		if (!c.bad) {
			p->off += c.off;
			return true;
		}
		if (!dwu_stream_more(&p->line, p->off, p->end))
			return false;
	}
}

/* DWARF 5 6.2.4.1: what an entry is made of; then their number. */
static bool read_format(struct program *p, struct dwu_cursor *c,
			uint64_t *count)
{
	uint32_t i;

	/* producers write up to five: path, directory, time, size, MD5 */
	p->field_count = dwu_u8(c);
	if (p->field_count > FORMAT_MAX)
		return false;
	for (i = 0; i < p->field_count; i++) {
		uint64_t type = dwu_uleb(c), form = dwu_uleb(c);

		p->fields[i].type = (uint16_t)type;
		p->fields[i].form = (uint16_t)form;
		if (type > UINT16_MAX || form > UINT16_MAX)
			c->bad = true;
	}
	*count = dwu_uleb(c);
	return true;
}

/*
 * One entry by its format: for a file of GCC 12, path (line_strp) and directory
 * (udata); clang adds MD5 (data16), which is stepped over.
 */
static bool read_new(struct program *p, struct dwu_cursor *c,
		     struct dwu_array *array)
{
	dwunw_text_t name = 0;
	uint64_t dir = 0;
	uint32_t i;

	for (i = 0; i < p->field_count; i++) {
		const struct dwunw_abbrev_spec spec = {
			.form = p->fields[i].form
		};
		struct dwu_value value = dwu_form_read(
			c, &p->sizes, &spec, DWUNW_DWARF_LINE, p->off);

		if (c->bad)
			return false;
		if (p->fields[i].type == DW_LNCT_path)
			name = dwu_unit_text(p->unit, &p->str_offsets, value);
		else if (p->fields[i].type == DW_LNCT_directory_index)
			dir = value.u;
	}
	return push_file(p, array, name, dir);
}

/* 6.2.4.1: the format, the number of entries, the entries. */
static bool read_new_list(struct program *p, struct dwu_array *array)
{
	uint64_t count = 0, i;
	struct dwu_cursor c;

	do {
		c = dwu_stream_at(&p->line, p->off, p->end);
		if (!read_format(p, &c, &count))
			return false;
	} while (c.bad && dwu_stream_more(&p->line, p->off, p->end));
	p->off += c.off;
	/* entries of no bytes would never end */
	if (c.bad || count > p->end - p->off)
		return false;
	/* count is at most the bytes that are left, and each entry is pushed
	 * once */
	for (i = 0; i < count;) {
		c = dwu_stream_at(&p->line, p->off, p->end);
		if (read_new(p, &c, array)) {
			p->off += c.off;
			i++;
			continue;
		}
		if (p->no_memory || !dwu_stream_more(&p->line, p->off, p->end))
			return false;
	}
	return true;
}

/*
 * Directories first, then files, in either form. Each array needs the arena for
 * itself until it is finished.
 */
static bool read_names(struct program *p, struct dwunw_arena *arena)
{
	bool good;

	p->dirs = dwu_array(arena, sizeof(struct dwunw_line_file));
	if (p->version >= 5)
		good = read_new_list(p, &p->dirs);
	else
		good = read_old_list(p, false);
	if (!good)
		return false;
	p->files = dwu_array(arena, sizeof(struct dwunw_line_file));
	return p->version >= 5 ? read_new_list(p, &p->files) :
				 read_old_list(p, true);
}

/* --- program ------------------------------------------------------------------- */

/* 6.2.2: the registers at the start of each sequence. */
static void begin_sequence(struct program *p)
{
	p->vaddr = 0;
	p->file = 1;
	p->row_line = 1;
	p->column = 0;
	p->sequence = p->rows.count;
}

/*
 * 16 bytes a row: files beyond 16 bits become the largest number that is one,
 * columns beyond them 0, which is "not known" (6.2.2).
 */
static bool push_row(struct program *p, bool end)
{
	struct dwunw_line_row *row = dwu_array_push(&p->rows);

	if (!row) {
		p->no_memory = true;
		return false;
	}
	row->vaddr = dwu_address(p->vaddr, p->unit->address_size);
	row->line = p->row_line;
	row->file = p->file < DWUNW_LINE_END ? (uint16_t)p->file :
					       DWUNW_LINE_END - 1;
	row->column = p->column > UINT16_MAX ? 0 : (uint16_t)p->column;
	if (end)
		row->file = DWUNW_LINE_END;
	return true;
}

/*
 * operation_index is for VLIW machines, which none of ours is: an advance is
 * that many instructions of minimum_instruction_length.
 */
static void advance(struct program *p, uint64_t instructions)
{
	p->vaddr += instructions * p->instruction_size;
}

/*
 * 6.2.5.1
 *
 * For example, 0x83 with opcode_base 13, line_range 14, line_base -5: 0x83 - 13
 * = 118; 118 / 14 = 8 instructions on, -5 + 118 % 14 = 1 line on.
 */
static bool special(struct program *p, uint8_t opcode)
{
	/* line_range is not 0: read_header() */
	uint32_t adjusted = (uint32_t)opcode - p->opcode_base;

	advance(p, adjusted / p->line_range);
	p->row_line += (uint32_t)p->line_base + adjusted % p->line_range;
	return push_row(p, false);
}

/* 6.2.5.3 */
static bool extended(struct program *p, struct dwu_cursor *c)
{
	struct dwunw_span bytes = dwu_take(c, dwu_uleb(c));
	struct dwu_cursor op = dwu_cursor(bytes.data, bytes.size, c->big);
	bool good = true;

	/* its own size leads behind it, so one that is not known is passed over */
	if (c->bad || !bytes.size)
		return true;
	switch (dwu_u8(&op)) {
	case DW_LNE_end_sequence:
		good = push_row(p, true);
		begin_sequence(p);
		break;
	case DW_LNE_set_address:
		/* not the header's address_size: before DWARF 5 it has none */
		if (bytes.size - 1 == 4 || bytes.size - 1 == 8)
			p->vaddr = dwu_uint(&op, (uint8_t)(bytes.size - 1));
		break;
	}
	return good;
}

/*
 * 6.2.5.2
 *
 * DW_LNS_const_add_pc is a special opcode of 255 without its line: how far it
 * moves the address (6.2.5.2 (8)).
 */
static bool standard(struct program *p, struct dwu_cursor *c, uint8_t opcode)
{
	uint8_t i;

	switch (opcode) {
	case DW_LNS_copy:
		return push_row(p, false);
	case DW_LNS_advance_pc:
		advance(p, dwu_uleb(c));
		return true;
	case DW_LNS_advance_line:
		p->row_line += (uint32_t)dwu_sleb(c);
		return true;
	case DW_LNS_set_file:
		p->file = dwu_uleb(c);
		return true;
	case DW_LNS_set_column:
		p->column = dwu_uleb(c);
		return true;
	case DW_LNS_const_add_pc:
		advance(p, (255u - p->opcode_base) / p->line_range);
		return true;
	case DW_LNS_fixed_advance_pc:
		p->vaddr += dwu_u16(c);
		return true;
	/* negate_stmt and the like, and opcodes of later versions: their
	 * operands are ULEB128, as many as the header says */
	default:
		for (i = 0; i < p->lengths[opcode]; i++)
			(void)dwu_uleb(c);
		return true;
	}
}

/* As many operations as are at hand, p->off behind the last whole one. */
static bool run_some(struct program *p, struct dwu_cursor *c)
{
	uint64_t at = p->off;

	while (c->off < c->size) {
		uint8_t opcode = dwu_u8(c);
		bool good;

		if (opcode >= p->opcode_base)
			good = special(p, opcode);
		else
			good = opcode ? standard(p, c, opcode) : extended(p, c);
		/* bad: the operand reads 0, and the operation runs again */
		if (!good || c->bad)
			return good;
		p->off = at + c->off;
	}
	return true;
}

/*
 * The stream is asked again for an operation that it has cut. A program that
 * ends in the middle of one, or of a sequence, keeps what was whole.
 */
static dwunw_status_t run(struct program *p)
{
	struct dwu_cursor c;

	begin_sequence(p);
	/* p->off moves on by whole operations, or the stream has no more */
	while (p->off < p->end) {
		c = dwu_stream_at(&p->line, p->off, p->end);
		if (!run_some(p, &c))
			return DWUNW_ERR_NO_MEMORY;
		if (c.bad && !dwu_stream_more(&p->line, p->off, p->end))
			break;
	}
	/* rows without an end have none */
	p->rows.count = p->sequence;
	return DWUNW_OK;
}

/* --- runs -------------------------------------------------------------------------- */

/*
 * By start, then in the order of the program, so that equal runs stay in order.
 */
static bool before(void *ctx, uint32_t a, uint32_t b)
{
	const struct dwunw_line_run *runs = ctx;

	if (runs[a].start != runs[b].start)
		return runs[a].start < runs[b].start;
	return runs[a].first < runs[b].first;
}

static void swap(void *ctx, uint32_t a, uint32_t b)
{
	struct dwunw_line_run *runs = ctx, held = runs[a];

	runs[a] = runs[b];
	runs[b] = held;
}

/*
 * A sequence of a function that was not linked has a tombstone for its start,
 * and is left out (dwu_is_live()).
 */
static dwunw_status_t make_runs(struct dwunw_lines *lines,
				const struct dwunw_unit *unit,
				struct dwunw_arena *arena)
{
	struct dwu_array runs = dwu_array(arena, sizeof(struct dwunw_line_run));
	uint32_t i, first = 0;

	for (i = 0; i < lines->row_count; i++) {
		struct dwunw_line_run *run;
		uint64_t start = lines->rows[first].vaddr;
		uint64_t end = lines->rows[i].vaddr;

		if (lines->rows[i].file != DWUNW_LINE_END)
			continue;
		if (dwu_is_live(unit, start, end)) {
			run = dwu_array_push(&runs);
			if (!run)
				return DWUNW_ERR_NO_MEMORY;
			*run = (struct dwunw_line_run){ .start = start,
							.end = end,
							.first = first,
							.count = i - first };
		}
		first = i + 1;
	}
	dwu_sort(&(struct dwu_sort){ .ctx = runs.items,
				     .count = runs.count,
				     .before = before,
				     .swap = swap });
	lines->runs = (const void *)runs.items;
	lines->run_count = runs.count;
	return DWUNW_OK;
}

/* `rows` false: the file names alone, for the calls of a unit. */
static dwunw_status_t open_lines(struct dwunw_lines *lines,
				 const struct dwunw_unit *unit, bool rows,
				 struct dwunw_arena *arena,
				 struct dwunw_arena *scratch)
{
	struct program p = { .unit = unit,
			     .off = unit->line_off,
			     .sizes = *unit };
	dwunw_status_t status;
	struct dwu_cursor c;

	if (!dwu_stream_open(&p.line, unit->dwarf, DWUNW_DWARF_LINE,
			     DWU_STREAM_ROOM, scratch) ||
	    !dwu_stream_open(&p.str_offsets, unit->dwarf,
			     DWUNW_DWARF_STR_OFFSETS, 64, scratch))
		return DWUNW_ERR_NO_MEMORY;
	if (p.off >= p.line.section.size)
		return DWUNW_ERR_BAD_FORMAT;
	c = dwu_stream_at(&p.line, p.off, p.line.section.size);
	if (!read_header(&p, &c))
		return DWUNW_ERR_BAD_FORMAT;
	p.off += c.off;
	if (!read_names(&p, arena))
		return p.no_memory ? DWUNW_ERR_NO_MEMORY : DWUNW_ERR_BAD_FORMAT;
	lines->version = p.version;
	lines->dirs = (const void *)p.dirs.items;
	lines->dir_count = p.dirs.count;
	lines->files = (const void *)p.files.items;
	lines->file_count = p.files.count;
	if (!rows)
		return DWUNW_OK;
	p.off = p.start;
	p.rows = dwu_array(arena, sizeof(struct dwunw_line_row));
	status = run(&p);
	if (status != DWUNW_OK)
		return status;
	lines->rows = (const void *)p.rows.items;
	lines->row_count = p.rows.count;
	return make_runs(lines, unit, arena);
}

/* What is found stays in `arena`; `scratch` is as it was. */
dwunw_status_t dwunw_lines_open(struct dwunw_lines *lines,
				const struct dwunw_unit *unit, bool rows,
				struct dwunw_arena *arena,
				struct dwunw_arena *scratch)
{
	dwunw_status_t status;
	size_t used;

	if (!lines || !unit || !arena || !scratch)
		return DWUNW_ERR_INVALID_ARG;
	*lines = (struct dwunw_lines){ 0 };
	if (!unit->has_line)
		return DWUNW_ERR_NO_DEBUG_DATA;
	used = scratch->used;
	status = open_lines(lines, unit, rows, arena, scratch);
	scratch->used = used;
	return status;
}

/*
 * 6.2.2: rows of a sequence rise in address, and a row is valid up to the
 * next. A hostile file's may not rise: then some row of the run is the answer.
 */
static const struct dwunw_line_row *row_of(const struct dwunw_lines *lines,
					   const struct dwunw_line_run *run,
					   uint64_t vaddr)
{
	const struct dwunw_line_row *rows = lines->rows + run->first;
	uint32_t low = 0, high = run->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (rows[middle].vaddr <= vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &rows[low - 1] : NULL;
}

/*
 * NULL: no run holds the address. The row lives as long as the arena of *lines.
 */
const struct dwunw_line_row *dwunw_lines_find(const struct dwunw_lines *lines,
					      uint64_t vaddr)
{
	uint32_t low = 0, high = lines->run_count, middle, tries;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (lines->runs[middle].start <= vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	/* runs that start at vaddr or before it; one that ended before may lie
	 * in front of the one that goes on */
	for (tries = 0; low > 0 && tries < LOOK_BACK; tries++)
		if (vaddr < lines->runs[--low].end)
			return row_of(lines, &lines->runs[low], vaddr);
	return NULL;
}

/* --- paths ------------------------------------------------------------------------- */

/* A path in the making; what does not fit is cut. */
struct path {
	char *dst;
	size_t size;
	size_t used;
};

/* Puts a text in front of nothing or behind a '/'. */
static void join(struct path *path, const struct dwunw_dwarf *dwarf,
		 dwunw_text_t text)
{
	size_t used = path->used;

	if (used && path->dst[used - 1] != '/' && used + 1 < path->size)
		path->dst[used++] = '/';
	(void)dwunw_dwarf_text(dwarf, text, path->dst + used,
			       path->size - used);
	if (!path->dst[used]) {
		path->dst[path->used] = '\0';
		return;
	}
	while (path->dst[used])
		used++;
	path->used = used;
}

/* "/usr/src/t.c" names itself; other names are joined to their directory. */
static bool is_absolute(const struct dwunw_dwarf *dwarf, dwunw_text_t text)
{
	char first[2];

	return dwunw_dwarf_text(dwarf, text, first, sizeof(first)) ==
		       DWUNW_OK &&
	       first[0] == '/';
}

/*
 * comp_dir / directory / name, as far as those are relative (6.2.4,
 * directories): for example "/build" + "src" + "t.c". What does not fit dst is
 * cut, at any byte.
 */
dwunw_status_t dwunw_lines_path(const struct dwunw_lines *lines,
				const struct dwunw_unit *unit, uint32_t file,
				char *dst, size_t size)
{
	struct path path = { .dst = dst, .size = size };
	const struct dwunw_dwarf *dwarf;
	dwunw_text_t name, dir = 0;
	uint32_t base;

	if (!lines || !unit || !dst || !size)
		return DWUNW_ERR_INVALID_ARG;
	dst[0] = '\0';
	dwarf = unit->dwarf;
	/* up to DWARF 4 numbers begin at 1, and directory 0 is comp_dir */
	base = lines->version >= 5 ? 0 : 1;
	if (file - base >= lines->file_count)
		return DWUNW_ERR_NO_DEBUG_DATA;
	name = lines->files[file - base].name;
	if (lines->files[file - base].dir - base < lines->dir_count)
		dir = lines->dirs[lines->files[file - base].dir - base].name;
	if (!is_absolute(dwarf, name)) {
		if (!is_absolute(dwarf, dir))
			join(&path, dwarf, unit->comp_dir);
		join(&path, dwarf, dir);
	}
	join(&path, dwarf, name);
	return path.used ? DWUNW_OK : DWUNW_ERR_NO_DEBUG_DATA;
}
