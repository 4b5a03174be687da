/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * option.h - the command line of every program here: one table says which
 * options there are, where their values go and which are allowed.
 *
 *	--name VALUE  --name=VALUE  -n VALUE  -nVALUE  -ab (both)
 *	--  (the rest are operands)
 *
 * -h, --help, -V and --version are in no table: every program has them, on
 * stdout, with status 0. What is wrong is said with the option, the value and
 * what is allowed. getopt_long() names neither, and musl has no argp.
 */
#ifndef DWUNW_TOOLS_OPTION_H
#define DWUNW_TOOLS_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The exit status of a wrong command line. */
#define OPTION_WRONG 2
/* … of a program that is set-user-ID. */
#define OPTION_REFUSED 77

enum option_kind {
	OPTION_END,    /* of the table */
	OPTION_FLAG,   /* bool: true */
	OPTION_TEXT,   /* const char *: anything but "" */
	OPTION_FILE,   /* const char *; "" without a value: only --name=FILE */
	OPTION_NUMBER, /* uint32_t: decimal, or 0x */
	OPTION_NUMBER64, /* uint64_t */
	OPTION_SIZE,	 /* uint32_t of bytes: also 4K, 16M, 1G */
	OPTION_SIZE64,	 /* uint64_t */
	OPTION_POWER,	 /* OPTION_SIZE, and a power of two */
	OPTION_SECONDS,	 /* uint64_t of ns: 2, 0.5, 500ms, 2s, 5m, 1h */
	OPTION_MS,	 /* the same; without a unit, milliseconds */
	OPTION_CHOICE,	 /* uint32_t: which word of `allowed`, from 0 on */
	OPTION_OTHER	 /* take() says whether it is right */
};

struct option_row {
	const char *name; /* without its dashes; of an operand: "PID" */
	char letter;	  /* 0: none */
	enum option_kind kind;
	size_t to;    /* offsetof() the value in what is filled */
	uint64_t min; /* of numbers, sizes, and times in ns; max 0: no limit */
	uint64_t max;
	/* OPTION_CHOICE: "off|fallback|force"; OPTION_OTHER: what is said to
	 * be right, "process ids: 12, or 12,13" */
	const char *allowed;
	bool (*take)(void *into, const char *text);
};

/* Habits of another program's users. */
struct option_hint {
	const char *option; /* "-p" or "--pid"; NULL: the end */
	const char *text;   /* behind "no such option; " */
};

struct option_program {
	const char *name;    /* "dwunw" */
	const char *command; /* "stack"; NULL: it has none */
	const char *help;
	const char *more; /* of it: C wants 4095 bytes at most; NULL: none */
	const struct option_row *rows;
	const struct option_hint *hints; /* NULL: none */
	bool operands_last; /* what follows the first operand is one, too */
};

/*
 * Fills `into`. -1: go on; argv[1] to argv[*count] are the operands then. Else
 * the exit status: help or the version was printed, or what is wrong.
 */
int option_parse(const struct option_program *program, void *into, char **argv,
		 int *count);

/* One operand, as a row of its own without a letter; or what is wrong is
 * printed. */
bool option_operand(const struct option_program *program,
		    const struct option_row *row, void *into, const char *text);

/* "dwunw: stack: …" and "Try 'dwunw stack --help'." to stderr; OPTION_WRONG. */
int option_wrong(const struct option_program *program, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Which of "stack|rows|symbolize" is nearest to text, if any is near; else
 * NULL. *size is its length. */
const char *option_nearest(const char *words, const char *text, size_t *size);

/*
 * A whole decimal or 0x number, nothing behind it. 010 is none: an address
 * without its 0x, or a padded one, would become another number.
 */
bool option_number(const char *text, uint64_t *value);

#endif
