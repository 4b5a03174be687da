/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * The functions of a unit and what was inlined into them (DWARF 5 3.3): address
 * -> innermost call, and from there to its callers; and their names.
 *
 *	subprogram main        0x1139, 60 bytes
 *	  inlined_subroutine f 0x1150, 16 bytes   called at line 9
 *	    inlined_subroutine g 0x1154, 4 bytes  called at line 4
 *
 * becomes calls { main; f in main; g in f } and pieces, each from its start to
 * the next one's: 0x1139 main, 0x1150 f, 0x1154 g, 0x1158 f, 0x1160 main,
 * 0x1175 none. A look-up is a binary search of the pieces, then a step per
 * caller.
 *
 * Entries are walked once, forwards, without recursion; their number is bounded
 * by the unit, that of ranges by range_bytes (unit.c), memory by the arenas.
 * Names are looked up only for calls that somebody prints.
 */
#include "core/base/grow.h"
#include "core/base/sort.h"
#include "unit.h"

/* References from an entry to the one that has its name. */
#define HOPS 16

/* [start, start + size) of a call; callers come before what they call. */
struct range {
	uint64_t start;
	uint32_t size;
	uint32_t call;
};

/* A walk over the unit's entries. */
struct walk {
	struct dwu_entries entries;
	struct dwu_array calls;
	struct dwu_array ranges; /* in the scratch arena */
	uint32_t current;	 /* the call whose entry the walk is in */
	uint32_t depth;
	uint64_t next; /* the entry behind a type and all that is in it, or 0 */
	dwunw_status_t status;
};

/* An entry's attributes, as far as they matter here. */
struct entry {
	struct dwu_where where;
	uint64_t call_file;
	uint64_t call_line;
	uint64_t call_column;
};

static struct dwunw_call *call_at(const struct walk *w, uint32_t index)
{
	return (struct dwunw_call *)(void *)w->calls.items + index;
}

static void take_entry(struct entry *entry, uint16_t name,
		       struct dwu_value value)
{
	if (dwu_where_take(&entry->where, name, value))
		return;
	if (name == DW_AT_call_file)
		entry->call_file = value.u;
	else if (name == DW_AT_call_line)
		entry->call_line = value.u;
	else if (name == DW_AT_call_column)
		entry->call_column = value.u;
}

/*
 * All attributes, in the order of the abbreviation; `at` is the entry's offset,
 * which strings in the entry itself are told by.
 */
static void read_entry(const struct walk *w, struct dwu_cursor *c, uint64_t at,
		       const struct dwunw_abbrev *abbrev, struct entry *entry)
{
	const struct dwunw_unit *unit = w->entries.unit;
	uint32_t i;

	*entry = (struct entry){ .call_file = 0 };
	for (i = 0; i < abbrev->count && !c->bad; i++) {
		const struct dwunw_abbrev_spec *spec =
			&unit->specs[abbrev->first + i];

		take_entry(entry, spec->name,
			   dwu_form_read(c, unit, spec, DWUNW_DWARF_INFO, at));
	}
}

/*
 * An entry nobody asks about: a variable, a type, a block. In one step where
 * its size does not vary.
 */
static void skip_entry(const struct dwunw_unit *unit, struct dwu_cursor *c,
		       const struct dwunw_abbrev *abbrev)
{
	uint32_t i;

	if (abbrev->size != DWU_SIZE_VARIES) {
		dwu_skip(c, abbrev->size);
		return;
	}
	for (i = 0; i < abbrev->count && !c->bad; i++)
		dwu_form_skip(c, unit, unit->specs[abbrev->first + i].form);
}

/* A number that does not fit is none: 0 is what DWARF says for "not known". */
static uint32_t clamp(uint64_t value, uint32_t max)
{
	return value > max ? 0 : (uint32_t)value;
}

/*
 * Of the call that is pushed next: add_call() reads the ranges first, and
 * pushes the call only if there are any.
 */
static bool add_range(struct walk *w, uint64_t start, uint64_t end)
{
	struct range *range = dwu_array_push(&w->ranges);

	if (!range)
		return false;
	range->start = start;
	range->size = end - start > UINT32_MAX ? UINT32_MAX :
						 (uint32_t)(end - start);
	range->call = w->calls.count;
	return true;
}

/*
 * Adds the call if it has code. False: no memory.
 *
 * A function without code is a declaration, or one that was inlined everywhere.
 */
static bool add_call(struct walk *w, uint64_t off, bool inlined,
		     const struct entry *entry)
{
	struct dwu_range_list list = dwu_ranges(&w->entries, &entry->where);
	struct dwunw_call *call;
	uint64_t start = 0;
	bool any = false;

	while (dwu_ranges_next(&list)) {
		if (!add_range(w, list.start, list.end))
			return false;
		if (!any)
			start = list.start;
		any = true;
	}
	if (!any)
		return true;
	call = dwu_array_push(&w->calls);
	if (!call)
		return false;
	*call = (struct dwunw_call){
		.start = start,
		.die_off = (uint32_t)off,
		.caller = w->current,
		.call_file = clamp(entry->call_file, UINT32_MAX),
		.call_line = clamp(entry->call_line, UINT32_MAX),
		.call_column = (uint16_t)clamp(entry->call_column, UINT16_MAX),
		.inlined = inlined,
		.depth = w->depth,
	};
	return true;
}

/*
 * Types hold declarations only: functions that are members have their code in
 * an entry elsewhere, which refers to the one in the type.
 */
static bool is_type(uint16_t tag)
{
	return tag == DW_TAG_class_type || tag == DW_TAG_structure_type ||
	       tag == DW_TAG_union_type || tag == DW_TAG_enumeration_type;
}

/*
 * A type's DW_AT_sibling leads past what is in it.
 *
 * Much of C++'s .debug_info is types. A sibling must lie behind the type and in
 * the unit, else it is not believed, and the walk goes through the children.
 */
static void skip_type(struct walk *w, struct dwu_cursor *c, uint64_t off,
		      const struct dwunw_abbrev *abbrev)
{
	const struct dwunw_unit *unit = w->entries.unit;
	uint32_t i;

	for (i = 0; i < abbrev->count && !c->bad; i++) {
		const struct dwunw_abbrev_spec *spec =
			&unit->specs[abbrev->first + i];
		struct dwu_value value;

		if (spec->name != DW_AT_sibling) {
			dwu_form_skip(c, unit, spec->form);
			continue;
		}
		value = dwu_form_read(c, unit, spec, DWUNW_DWARF_INFO, off);
		if (value.kind == DWU_VALUE_REF && value.u > off &&
		    value.u < unit->end)
			w->next = value.u;
	}
	/* not into the type itself */
	if (c->bad || w->next < off + c->off)
		w->next = 0;
}

/*
 * One entry. False: the null entry that ends its siblings, or bad.
 *
 * c->bad: the entry was cut by the stream; nothing was added yet, and it is
 * read again.
 */
static bool visit(struct walk *w, struct dwu_cursor *c, uint64_t off)
{
	const struct dwunw_unit *unit = w->entries.unit;
	const struct dwunw_abbrev *abbrev;
	uint64_t code = dwu_uleb(c);
	uint32_t count = w->calls.count;
	bool inlined;
	struct entry entry;

	if (c->bad || !code)
		return false;
	abbrev = dwu_abbrev_find(unit, code);
	if (!abbrev) {
		w->status = DWUNW_ERR_BAD_FORMAT;
		return false;
	}
	inlined = abbrev->tag == DW_TAG_inlined_subroutine;
	if (inlined || abbrev->tag == DW_TAG_subprogram) {
		read_entry(w, c, off, abbrev, &entry);
		if (c->bad)
			return false;
		if (!add_call(w, off, inlined, &entry)) {
			w->status = DWUNW_ERR_NO_MEMORY;
			return false;
		}
	} else if (abbrev->has_sibling && abbrev->children &&
		   is_type(abbrev->tag)) {
		skip_type(w, c, off, abbrev);
		if (c->bad)
			return false;
		if (w->next)
			return true;
	} else {
		skip_entry(unit, c, abbrev);
		if (c->bad)
			return false;
	}
	if (abbrev->children) {
		if (w->calls.count > count)
			w->current = count;
		w->depth++;
	}
	return true;
}

/*
 * The walk leaves the children of an entry. False: of the last one.
 *
 * `current` becomes the nearest call around what comes next: one whose depth is
 * less.
 */
static bool leave(struct walk *w)
{
	if (w->depth == 0)
		return false;
	w->depth--;
	while (w->current != DWUNW_CALL_NONE &&
	       call_at(w, w->current)->depth >= w->depth)
		w->current = call_at(w, w->current)->caller;
	return w->depth > 0;
}

/*
 * DWARF 5 2.3: entries in the order of their tree, a null entry behind the
 * last child. The walk goes forwards only (`next` lies behind off) and needs
 * no recursion: depth is a number, and `current` leads to callers.
 */
static dwunw_status_t walk_entries(struct walk *w)
{
	const struct dwunw_unit *unit = w->entries.unit;
	uint64_t off = unit->die_off;

	while (off < unit->end) {
		struct dwu_cursor c =
			dwu_stream_at(&w->entries.info, off, unit->end);
		bool more = visit(w, &c, off);

		if (w->status != DWUNW_OK)
			return w->status;
		if (c.bad) {
			if (!dwu_stream_more(&w->entries.info, off, unit->end))
				return DWUNW_ERR_BAD_FORMAT;
			continue;
		}
		if (!more && !leave(w))
			break;
		off = w->next ? w->next : off + c.off;
		w->next = 0;
	}
	return DWUNW_OK;
}

/* --- ranges that nest -> pieces that do not ----------------------------------- */

/* Callers stand before what they call: they were pushed first. */
static bool before(void *ctx, uint32_t a, uint32_t b)
{
	const struct range *ranges = ctx;

	if (ranges[a].start != ranges[b].start)
		return ranges[a].start < ranges[b].start;
	return ranges[a].call < ranges[b].call;
}

static void swap(void *ctx, uint32_t a, uint32_t b)
{
	struct range *ranges = ctx, held = ranges[a];

	ranges[a] = ranges[b];
	ranges[b] = held;
}

/* A sweep over the sorted ranges; those that are open lie on a stack. */
struct sweep {
	const struct range *ranges;
	uint32_t *stack;
	uint32_t open;
	struct dwu_array pieces;
};

static uint64_t end_of(const struct range *range)
{
	return range->start + range->size;
}

/*
 * A piece goes on to the next one's start. One that begins where the last
 * began takes its place: of ranges that start together the innermost counts.
 */
static bool emit(struct sweep *s, uint64_t start, uint32_t call)
{
	struct dwunw_call_piece *pieces = (void *)s->pieces.items;
	uint32_t count = s->pieces.count;
	struct dwunw_call_piece *piece;

	piece = count && pieces[count - 1].start == start ?
			&pieces[count - 1] :
			dwu_array_push(&s->pieces);
	if (!piece)
		return false;
	*piece = (struct dwunw_call_piece){ .start = start, .call = call };
	return true;
}

/* Closes what ends at `until` or before. */
static bool close_until(struct sweep *s, uint64_t until)
{
	while (s->open) {
		uint64_t end = end_of(&s->ranges[s->stack[s->open - 1]]);
		uint32_t call = DWUNW_CALL_NONE;

		if (end > until)
			return true;
		while (s->open &&
		       end_of(&s->ranges[s->stack[s->open - 1]]) <= end)
			s->open--;
		if (s->open)
			call = s->ranges[s->stack[s->open - 1]].call;
		if (!emit(s, end, call))
			return false;
	}
	return true;
}

/*
 * Ranges of a hostile file may overlap without nesting: the last that began
 * counts then.
 */
static dwunw_status_t make_pieces(struct dwunw_calls *calls,
				  struct dwu_array *ranges,
				  struct dwunw_arena *arena,
				  struct dwunw_arena *scratch)
{
	struct sweep s = { .ranges = (const void *)ranges->items };
	uint32_t i;

	if (!ranges->count)
		return DWUNW_OK;
	dwu_sort(&(struct dwu_sort){ .ctx = ranges->items,
				     .count = ranges->count,
				     .before = before,
				     .swap = swap });
	s.stack = dwu_room(scratch, ranges->count * sizeof(*s.stack));
	if (!s.stack)
		return DWUNW_ERR_NO_MEMORY;
	s.pieces = dwu_array(arena, sizeof(struct dwunw_call_piece));
	/* sorted by start, callers first: what is on the stack began before,
	 * and the stack has room for all of them */
	for (i = 0; i < ranges->count; i++) {
		const struct range *range = &s.ranges[i];

		if (!close_until(&s, range->start) ||
		    !emit(&s, range->start, range->call))
			return DWUNW_ERR_NO_MEMORY;
		s.stack[s.open++] = i;
	}
	if (!close_until(&s, UINT64_MAX))
		return DWUNW_ERR_NO_MEMORY;
	calls->pieces = (const void *)s.pieces.items;
	calls->piece_count = s.pieces.count;
	return DWUNW_OK;
}

static dwunw_status_t open_calls(struct dwunw_calls *calls,
				 const struct dwunw_unit *unit,
				 struct dwunw_arena *arena,
				 struct dwunw_arena *scratch)
{
	struct walk w = { .current = DWUNW_CALL_NONE };
	dwunw_status_t status;

	if (!dwu_entries_open(&w.entries, unit, DWU_STREAM_ROOM, scratch))
		return DWUNW_ERR_NO_MEMORY;
	w.calls = dwu_array(arena, sizeof(struct dwunw_call));
	w.ranges = dwu_array(scratch, sizeof(struct range));
	status = walk_entries(&w);
	if (status == DWUNW_ERR_NO_MEMORY)
		return status;
	/* what came before a broken entry is as good as ever */
	calls->calls = (const void *)w.calls.items;
	calls->count = w.calls.count;
	return make_pieces(calls, &w.ranges, arena, scratch);
}

/* calls and pieces stay in `arena`; `scratch` is as it was. */
dwunw_status_t dwunw_calls_open(struct dwunw_calls *calls,
				const struct dwunw_unit *unit,
				struct dwunw_arena *arena,
				struct dwunw_arena *scratch)
{
	dwunw_status_t status;
	size_t used;

	if (!calls || !unit || !arena || !scratch)
		return DWUNW_ERR_INVALID_ARG;
	*calls = (struct dwunw_calls){ 0 };
	used = scratch->used;
	status = open_calls(calls, unit, arena, scratch);
	scratch->used = used;
	return status;
}

/* In front of the first piece, and in gaps between functions: CALL_NONE. */
uint32_t dwunw_calls_find(const struct dwunw_calls *calls, uint64_t vaddr)
{
	uint32_t low = 0, high = calls->piece_count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (calls->pieces[middle].start <= vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? calls->pieces[low - 1].call : DWUNW_CALL_NONE;
}

/* --- names ------------------------------------------------------------------------ */

/* A search for a name, from entry to entry. */
struct search {
	const struct dwunw_dwarf *dwarf; /* of the entry */
	const struct dwunw_unit *unit;	 /* of the entry; NULL: not open */
	struct dwunw_unit other;
	uint64_t off; /* of the entry */
	const struct dwunw_dwarf *name_dwarf;
	dwunw_text_t name; /* the first that is not a linkage name */
	dwunw_text_t linkage;
	struct dwunw_arena *scratch;
};

/*
 * A name may be in another unit (DW_FORM_ref_addr, which LTO and dwz make), or
 * in the file that dwz has shared out (DW_FORM_GNU_ref_alt). The list of units
 * must be there.
 */
static dwunw_status_t open_other(struct search *s)
{
	const struct dwunw_unit_place *place;

	if (!s->dwarf->units)
		return DWUNW_ERR_INVALID_ARG;
	place = dwu_unit_at(s->dwarf, s->off);
	if (!place)
		return DWUNW_ERR_BAD_FORMAT;
	s->unit = &s->other;
	return dwunw_unit_open(&s->other, s->dwarf, place->off, s->scratch,
			       s->scratch);
}

/* What one entry says of its name, and which other one to ask. */
struct naming {
	struct dwu_value name;
	struct dwu_value linkage;
	struct dwu_value next;
};

/*
 * abstract_origin leads from an inlined call to the function (3.3.8.2),
 * specification from a definition to its declaration (2.13.2); linkage names
 * are 2.22.
 */
static void take_naming(struct naming *naming, uint16_t name,
			struct dwu_value value)
{
	switch (name) {
	case DW_AT_name:
		naming->name = value;
		break;
	case DW_AT_linkage_name:
	case DW_AT_MIPS_linkage_name:
		naming->linkage = value;
		break;
	case DW_AT_abstract_origin:
	case DW_AT_specification:
		naming->next = value;
		break;
	}
}

/*
 * The entry must lie in the unit and begin with a code that the unit has. A
 * hostile reference may lead into the middle of another entry: what is read
 * there is bounded as any entry is, and the name may be a wrong one.
 */
static dwunw_status_t read_naming(const struct search *s,
				  struct dwu_stream *info,
				  struct naming *naming)
{
	const struct dwunw_unit *unit = s->unit;
	const struct dwunw_abbrev *abbrev;
	struct dwu_cursor c;
	uint32_t i;

	if (s->off < unit->die_off || s->off >= unit->end)
		return DWUNW_ERR_BAD_FORMAT;
	do {
		*naming = (struct naming){ .name = { 0 } };
		c = dwu_stream_at(info, s->off, unit->end);
		abbrev = dwu_abbrev_find(unit, dwu_uleb(&c));
		if (!abbrev)
			return DWUNW_ERR_BAD_FORMAT;
		for (i = 0; i < abbrev->count && !c.bad; i++) {
			const struct dwunw_abbrev_spec *spec =
				&unit->specs[abbrev->first + i];

			take_naming(naming, spec->name,
				    dwu_form_read(&c, unit, spec,
						  DWUNW_DWARF_INFO, s->off));
		}
	} while (c.bad && dwu_stream_more(info, s->off, unit->end));
	return c.bad ? DWUNW_ERR_BAD_FORMAT : DWUNW_OK;
}

/* Looks at one entry; *more: there is another one to look at. */
static dwunw_status_t look(struct search *s, bool *more)
{
	struct dwu_stream info, str_offsets;
	struct naming naming;
	dwunw_status_t status;
	bool alt;

	*more = false;
	if (!dwu_stream_open(&info, s->dwarf, DWUNW_DWARF_INFO,
			     DWU_STREAM_SMALL, s->scratch) ||
	    !dwu_stream_open(&str_offsets, s->dwarf, DWUNW_DWARF_STR_OFFSETS,
			     64, s->scratch))
		return DWUNW_ERR_NO_MEMORY;
	status = read_naming(s, &info, &naming);
	if (status != DWUNW_OK)
		return status;
	s->linkage = dwu_unit_text(s->unit, &str_offsets, naming.linkage);
	/* a linkage name further on goes before a plain name found earlier */
	if (s->linkage || !s->name) {
		s->name_dwarf = s->dwarf;
		s->name = dwu_unit_text(s->unit, &str_offsets, naming.name);
	}
	alt = naming.next.kind == DWU_VALUE_ALT;
	if (s->linkage || (!alt && naming.next.kind != DWU_VALUE_REF))
		return DWUNW_OK;
	if (alt && !s->dwarf->alt)
		return DWUNW_OK;
	if (alt)
		s->dwarf = s->dwarf->alt;
	s->off = naming.next.u;
	if (alt || s->off < s->unit->off || s->off >= s->unit->end)
		s->unit = NULL;
	*more = true;
	return DWUNW_OK;
}

static dwunw_status_t find_name(struct search *s)
{
	dwunw_status_t status;
	bool more = true;
	int hops;

	/* an entry may refer to another, that to a third, and a hostile one to
	 * itself */
	for (hops = 0; more && hops < HOPS; hops++) {
		if (!s->unit) {
			status = open_other(s);
			if (status != DWUNW_OK)
				return status;
		}
		status = look(s, &more);
		if (status != DWUNW_OK)
			return status;
	}
	return s->linkage || s->name ? DWUNW_OK : DWUNW_ERR_NO_DEBUG_DATA;
}

/*
 * The linkage name (mangled) where there is one, which a demangler makes
 * "ns::f(int)" of; C has none, and the plain name is it. `scratch` is as it
 * was.
 */
dwunw_status_t dwunw_call_name(const struct dwunw_unit *unit, uint64_t die_off,
			       struct dwunw_arena *scratch, char *dst,
			       size_t size)
{
	struct search s = { .unit = unit, .off = die_off, .scratch = scratch };
	dwunw_status_t status;
	size_t used;

	if (!unit || !scratch || !dst || !size)
		return DWUNW_ERR_INVALID_ARG;
	dst[0] = '\0';
	s.dwarf = unit->dwarf;
	used = scratch->used;
	status = find_name(&s);
	scratch->used = used;
	/* a name that was found is one, whatever came behind it */
	if (status != DWUNW_OK && status != DWUNW_ERR_INVALID_ARG && s.name)
		status = DWUNW_OK;
	if (status != DWUNW_OK)
		return status;
	return dwunw_dwarf_text(s.name_dwarf, s.linkage ? s.linkage : s.name,
				dst, size);
}
