/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* option.c - see option.h. */
#include "option.h"

#include "streams.h"

#include <dwunw/dwunw_api.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000000)

/* --- what is said ------------------------------------------------------------ */

static void put_prefix(const struct option_program *program)
{
	fprintf(stderr, "%s: ", program->name);
	if (program->command)
		fprintf(stderr, "%s: ", program->command);
}

static void put_try(const struct option_program *program)
{
	fprintf(stderr, "Try '%s%s%s --help'.\n", program->name,
		program->command ? " " : "",
		program->command ? program->command : "");
}

int option_wrong(const struct option_program *program, const char *format, ...)
{
	va_list args;
	char *text;
	int size;

	fflush(stdout);
	va_start(args, format);
	size = vasprintf(&text, format, args);
	va_end(args);
	put_prefix(program);
	if (size < 0) {
		fputs("out of memory\n", stderr);
		return OPTION_WRONG;
	}
	put_name(stderr, text);
	fputc('\n', stderr);
	free(text);
	put_try(program);
	return OPTION_WRONG;
}

static const char *a_time(uint64_t ns, char *text, size_t size)
{
	if (ns % SECOND)
		snprintf(text, size, "%" PRIu64 "ms", ns / 1000000);
	else
		snprintf(text, size, "%" PRIu64, ns / SECOND);
	return text;
}

static void allowed_range(const struct option_row *row, const char *what,
			  const char *more, char *text, size_t size)
{
	int used = snprintf(text, size, "%s", what);

	if (row->max)
		snprintf(text + used, size - (size_t)used,
			 " from %" PRIu64 " to %" PRIu64 "%s", row->min,
			 row->max, more);
	else if (row->min)
		snprintf(text + used, size - (size_t)used,
			 " from %" PRIu64 " on%s", row->min, more);
	else
		snprintf(text + used, size - (size_t)used, "%s", more);
}

static void allowed_time(const struct option_row *row, char *text, size_t size)
{
	char from[32], to[32];

	if (row->kind == OPTION_MS)
		snprintf(text, size,
			 "milliseconds from %" PRIu64 " to %" PRIu64
			 " (or with its unit: ms, s, m, h)",
			 row->min / 1000000, row->max / 1000000);
	else
		snprintf(text, size,
			 "seconds from %s to %s (or with its unit: ms, s, m, "
			 "h)",
			 a_time(row->min, from, sizeof(from)),
			 a_time(row->max, to, sizeof(to)));
}

/* What a value of it may be. */
static const char *allowed(const struct option_row *row, char *text,
			   size_t size)
{
	static const char units[] = " (K, M or G may follow)";

	switch (row->kind) {
	case OPTION_NUMBER:
	case OPTION_NUMBER64:
		allowed_range(row, "a number", "", text, size);
		break;
	case OPTION_SIZE:
	case OPTION_SIZE64:
		allowed_range(row, "bytes", units, text, size);
		break;
	case OPTION_POWER:
		allowed_range(row, "a power of two", units, text, size);
		break;
	case OPTION_SECONDS:
	case OPTION_MS:
		allowed_time(row, text, size);
		break;
	case OPTION_CHOICE:
		snprintf(text, size, "one of %s", row->allowed);
		break;
	case OPTION_TEXT:
	case OPTION_FILE:
		snprintf(text, size, "%s",
			 row->allowed ? row->allowed : "not empty");
		break;
	default:
		snprintf(text, size, "%s", row->allowed);
	}
	return text;
}

/* "--top" or "-T", as it was written; of an operand its name. */
static const char *as_written(const struct option_row *row, bool by_letter,
			      char *text, size_t size)
{
	if (*row->name >= 'A' && *row->name <= 'Z')
		snprintf(text, size, "%s", row->name);
	else if (by_letter)
		snprintf(text, size, "-%c", row->letter);
	else
		snprintf(text, size, "--%s", row->name);
	return text;
}

/* --- values -------------------------------------------------------------------- */

/* Decimal digits or 0x; *end is behind them. */
static bool take_digits(const char *text, const char **end, uint64_t *value)
{
	bool hex = *text == '0' && (text[1] == 'x' || text[1] == 'X');
	const char *from = hex ? text + 2 : text;
	char *behind;

	if (hex ? !strchr("0123456789abcdefABCDEF", *from) || !*from :
		  *from < '0' || *from > '9')
		return false;
	if (!hex && *text == '0' && text[1] >= '0' && text[1] <= '9')
		return false;
	errno = 0;
	*value = strtoull(from, &behind, hex ? 16 : 10);
	*end = behind;
	return !errno;
}

bool option_number(const char *text, uint64_t *value)
{
	const char *end;

	return take_digits(text, &end, value) && !*end;
}

static bool take_size(const char *text, uint64_t *value)
{
	static const char units[] = "KkMmGg";
	const char *end, *unit;
	unsigned shift;

	if (!take_digits(text, &end, value))
		return false;
	if (!*end)
		return true;
	unit = strchr(units, *end);
	if (!unit || end[1])
		return false;
	shift = 10 * (unsigned)((unit - units) / 2 + 1);
	if (*value > UINT64_MAX >> shift)
		return false;
	*value <<= shift;
	return true;
}

/* Nanoseconds of a unit by its name; 0: it is none. */
static uint64_t unit_ns(const char *name, uint64_t without)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = { { "ms", SECOND / 1000 },
		      { "s", SECOND },
		      { "m", 60 * SECOND },
		      { "h", 3600 * SECOND } };

	if (!*name)
		return without;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (!strcmp(name, units[i].name))
			return units[i].ns;
	}
	return 0;
}

/* "2", "0.5", "500ms": to ns. */
static bool take_time(const char *text, uint64_t without, uint64_t *value)
{
	uint64_t whole = 0, part = 0, scale = 1, unit;
	const char *end = text;

	if (*text < '0' || *text > '9')
		return false;
	for (; *end >= '0' && *end <= '9'; end++) {
		if (whole > UINT32_MAX)
			return false;
		whole = 10 * whole + (uint64_t)(*end - '0');
	}
	if (*end == '.' && end[1] >= '0' && end[1] <= '9') {
		for (end++; *end >= '0' && *end <= '9'; end++) {
			if (scale == 1000000)
				continue; /* below what counts */
			part = 10 * part + (uint64_t)(*end - '0');
			scale *= 10;
		}
	}
	unit = unit_ns(end, without);
	if (!unit || whole > UINT64_MAX / unit - 1)
		return false;
	*value = whole * unit + part * (unit / scale);
	return true;
}

/* "off|fallback|force" */
static bool take_choice(const char *words, const char *text, uint64_t *value)
{
	size_t size = strlen(text);

	for (*value = 0; size; ++*value) {
		size_t length = strcspn(words, "|");

		if (length == size && !strncmp(words, text, size))
			return true;
		if (!words[length])
			break;
		words += length + 1;
	}
	return false;
}

static bool in_range(const struct option_row *row, uint64_t value)
{
	return value >= row->min && (!row->max || value <= row->max);
}

static void put_value(const struct option_row *row, void *into, uint64_t value)
{
	uint32_t narrow = (uint32_t)value;
	char *to = (char *)into + row->to;

	if (row->kind == OPTION_NUMBER64 || row->kind == OPTION_SIZE64 ||
	    row->kind == OPTION_SECONDS || row->kind == OPTION_MS)
		memcpy(to, &value, sizeof(value));
	else
		memcpy(to, &narrow, sizeof(narrow));
}

/* Numbers, sizes, times, choices. */
static bool take_number(const struct option_row *row, void *into,
			const char *text)
{
	uint64_t value = 0;
	bool right;

	switch (row->kind) {
	case OPTION_CHOICE:
		right = take_choice(row->allowed, text, &value);
		break;
	case OPTION_SECONDS:
	case OPTION_MS:
		right = take_time(
			text, row->kind == OPTION_MS ? SECOND / 1000 : SECOND,
			&value);
		break;
	case OPTION_SIZE:
	case OPTION_SIZE64:
	case OPTION_POWER:
		right = take_size(text, &value);
		break;
	default:
		right = option_number(text, &value);
	}
	if (!right || !in_range(row, value) ||
	    (row->kind == OPTION_POWER && (value & (value - 1))))
		return false;
	put_value(row, into, value);
	return true;
}

static bool take_value(const struct option_row *row, void *into,
		       const char *text)
{
	switch (row->kind) {
	case OPTION_OTHER:
		return row->take(into, text);
	case OPTION_TEXT:
	case OPTION_FILE:
		if (!*text)
			return false;
		memcpy((char *)into + row->to, &text, sizeof(text));
		return true;
	default:
		return take_number(row, into, text);
	}
}

static bool take_or_say(const struct option_program *program,
			const struct option_row *row, bool by_letter,
			void *into, const char *text)
{
	char option[64], what[512];

	if (take_value(row, into, text))
		return true;
	as_written(row, by_letter, option, sizeof(option));
	allowed(row, what, sizeof(what));
	option_wrong(program, "%s: '%s' is wrong; allowed: %s", option, text,
		     what);
	return false;
}

bool option_operand(const struct option_program *program,
		    const struct option_row *row, void *into, const char *text)
{
	return take_or_say(program, row, false, into, text);
}

/* --- which one is meant ---------------------------------------------------------- */

/* Letters to insert, leave out or change (Levenshtein's distance), of a word
 * of `size` letters; large: too long. */
static size_t distance(const char *word, size_t size, const char *text)
{
	size_t row[48], i, k, length = strlen(text);

	if (length >= 48)
		return 48;
	for (i = 0; i <= length; i++)
		row[i] = i;
	for (k = 1; k <= size; k++) {
		size_t diagonal = row[0];

		row[0] = k;
		for (i = 1; i <= length; i++) {
			size_t least = diagonal + (word[k - 1] != text[i - 1]);

			diagonal = row[i];
			least = least < row[i] + 1 ? least : row[i] + 1;
			row[i] = least < row[i - 1] + 1 ? least :
							  row[i - 1] + 1;
		}
	}
	return row[length];
}

/* So many may differ for a word to be meant. */
static size_t near_enough(size_t size)
{
	return size < 4 ? 1 : size < 8 ? 2 : 3;
}

const char *option_nearest(const char *words, const char *text, size_t *size)
{
	const char *found = NULL;
	size_t least = 48;

	while (*words) {
		size_t length = strcspn(words, "|");
		size_t apart = distance(words, length, text);

		if (apart < least && apart <= near_enough(length)) {
			least = apart;
			found = words;
			*size = length;
		}
		words += length + (words[length] == '|');
	}
	return found;
}

static const struct option_row standard[] = {
	{ .name = "help", .letter = 'h', .kind = OPTION_FLAG },
	{ .name = "version", .letter = 'V', .kind = OPTION_FLAG },
	{ .kind = OPTION_END },
};

/* The table's rows, then the standard ones; NULL behind them. */
static const struct option_row *row_at(const struct option_program *program,
				       size_t index)
{
	size_t count = 0;

	while (program->rows[count].kind != OPTION_END)
		count++;
	if (index < count)
		return &program->rows[index];
	index -= count;
	return standard[index].kind == OPTION_END ? NULL : &standard[index];
}

/* The one that is spelled nearly so. */
static const struct option_row *
nearest_option(const struct option_program *program, const char *written)
{
	const struct option_row *row, *nearest = NULL;
	size_t least = 48;

	for (size_t i = 0; (row = row_at(program, i)); i++) {
		size_t length = strlen(row->name);
		size_t apart = distance(row->name, length, written);

		if (apart < least && apart <= near_enough(length)) {
			least = apart;
			nearest = row;
		}
	}
	return nearest;
}

/* Those that begin so: none, one, or the first two. */
static size_t options_that_begin(const struct option_program *program,
				 const char *written,
				 const struct option_row *found[2])
{
	const struct option_row *row;
	size_t count = 0;

	for (size_t i = 0; count < 2 && (row = row_at(program, i)); i++) {
		if (*written && !strncmp(row->name, written, strlen(written)))
			found[count++] = row;
	}
	return count;
}

/* What another program calls so, by the table of this one: "-p", "--pid". */
static const char *find_hint(const struct option_program *program,
			     const char *option)
{
	const struct option_hint *hint = program->hints;

	while (hint && hint->option && strcmp(hint->option, option))
		hint++;
	return hint && hint->option ? hint->text : NULL;
}

/* A name that is not whole is not taken for one that is: a later version could
 * have two that begin so. */
static int no_such_option(const struct option_program *program,
			  const char *name, size_t size)
{
	const struct option_row *found[2];
	char option[64], *written = option + 2;
	const char *hint;
	size_t count;

	snprintf(option, sizeof(option), "--%.*s", (int)size, name);
	hint = find_hint(program, option);
	if (hint)
		return option_wrong(program, "%s: no such option; %s", option,
				    hint);
	count = options_that_begin(program, written, found);
	if (count == 2)
		return option_wrong(
			program,
			"%s: no such option; did you mean --%s or --%s?",
			option, found[0]->name, found[1]->name);
	if (!count)
		found[0] = nearest_option(program, written);
	if (found[0])
		return option_wrong(program,
				    "%s: no such option; did you mean --%s?",
				    option, found[0]->name);
	return option_wrong(program, "%s: no such option", option);
}

/* NULL: what is wrong is printed. */
static const struct option_row *find_long(const struct option_program *program,
					  const char *name, size_t size)
{
	const struct option_row *row;

	for (size_t i = 0; (row = row_at(program, i)); i++) {
		if (!strncmp(row->name, name, size) && !row->name[size])
			return row;
	}
	no_such_option(program, name, size);
	return NULL;
}

static const struct option_row *
find_letter(const struct option_program *program, char letter)
{
	const char option[] = { '-', letter, 0 }, *hint;
	const struct option_row *row;

	for (size_t i = 0; (row = row_at(program, i)); i++) {
		if (row->letter == letter)
			return row;
	}
	hint = find_hint(program, option);
	option_wrong(program, "%s: no such option%s%s", option,
		     hint ? "; " : "", hint ? hint : "");
	return NULL;
}

/* --- the line --------------------------------------------------------------------- */

struct line {
	const struct option_program *program;
	void *into;
	char **at; /* the word that is looked at */
};

static int print_standard(const struct option_program *program, bool help)
{
	if (help)
		printf("%s%s", program->help,
		       program->more ? program->more : "");
	else
		printf("%s %s\n", program->name, DWUNW_VERSION);
	return 0;
}

static bool needs_value(const struct option_row *row)
{
	return row->kind != OPTION_FLAG && row->kind != OPTION_FILE;
}

/* value NULL: the next word, if it needs one. */
static int take_option(struct line *line, const struct option_row *row,
		       bool by_letter, const char *value)
{
	static const char none[] = "", *const no_value = none;
	char option[64], what[512];
	const bool yes = true;

	as_written(row, by_letter, option, sizeof(option));
	if (row == &standard[0] || row == &standard[1])
		return print_standard(line->program, row == &standard[0]);
	if (row->kind == OPTION_FLAG && value)
		return option_wrong(line->program, "%s: takes no value, '%s'",
				    option, value);
	if (needs_value(row) && !value) {
		if (!line->at[1])
			return option_wrong(line->program,
					    "%s: without a value; allowed: %s",
					    option,
					    allowed(row, what, sizeof(what)));
		value = *++line->at;
	}
	if (row->kind == OPTION_FLAG)
		memcpy((char *)line->into + row->to, &yes, sizeof(yes));
	else if (!value)
		memcpy((char *)line->into + row->to, &no_value,
		       sizeof(no_value));
	else if (!take_or_say(line->program, row, by_letter, line->into, value))
		return OPTION_WRONG;
	return -1;
}

static int take_long(struct line *line, const char *name)
{
	size_t size = strcspn(name, "=");
	const struct option_row *row = find_long(line->program, name, size);

	if (!row)
		return OPTION_WRONG;
	return take_option(line, row, false,
			   name[size] ? name + size + 1 : NULL);
}

/* "vt", or "T10": what is behind one that needs a value is that. */
static int take_letters(struct line *line, const char *letters)
{
	int status = -1;

	while (*letters && status < 0) {
		const struct option_row *row =
			find_letter(line->program, *letters++);

		if (!row)
			return OPTION_WRONG;
		if (needs_value(row) && *letters)
			return take_option(line, row, true, letters);
		status = take_option(line, row, true, NULL);
	}
	return status;
}

/* Set-user-ID: whoever starts it would start commands and write files as another
 * user. What it needs are capabilities, which a command does not inherit. */
static bool is_set_id(const struct option_program *program)
{
	if (getuid() == geteuid() && getgid() == getegid())
		return false;
	fprintf(stderr,
		"%s: it is set-user-ID or set-group-ID, and refuses to run so: "
		"setcap gives it what it needs\n",
		program->name);
	return true;
}

int option_parse(const struct option_program *program, void *into, char **argv,
		 int *count)
{
	struct line line = { program, into, argv + 1 };
	char **operand = argv + 1;
	bool options = true;
	int status = -1;

	if (is_set_id(program))
		return OPTION_REFUSED;
	for (; *line.at && status < 0; line.at++) {
		char *word = *line.at;

		if (options && !strcmp(word, "--")) {
			options = false;
		} else if (!options || word[0] != '-' || !word[1]) {
			*operand++ = word;
			options &= !program->operands_last;
		} else if (word[1] == '-') {
			status = take_long(&line, word + 2);
		} else {
			status = take_letters(&line, word + 1);
		}
	}
	*count = (int)(operand - argv) - 1;
	if (status < 0)
		*operand = NULL;
	return status;
}
