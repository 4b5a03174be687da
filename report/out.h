/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * report/out.h - what formats write through: a buffer before a caller's output,
 * whose error is sticky, and the texts that they share.
 */
#ifndef DWU_REPORT_OUT_H
#define DWU_REPORT_OUT_H

#include "store.h"

#define DWU_OUT_SIZE 16384u

struct dwu_out {
	const struct dwunw_report_output *to;
	size_t used;
	bool failed;
	bool short_of_memory;
	bool in_page; /* of HTML: a "<" in a string could end a script */
	uint8_t bytes[DWU_OUT_SIZE];
};

void dwu_out_bytes(struct dwu_out *out, const void *bytes, size_t size);
void dwu_out_text(struct dwu_out *out, const char *text);
void dwu_out_char(struct dwu_out *out, char c);
/* As printf(3), up to 511 bytes: numbers, no text of others. */
void dwu_out_print(struct dwu_out *out, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* What is left in the buffer. OK, IO or NO_MEMORY. */
dwunw_status_t dwu_out_end(struct dwu_out *out);

/* A string of JSON with its quotes: whatever encoding the text has, the bytes
 * stay apart. */
void dwu_out_json(struct dwu_out *out, const char *text);
/* What could drive a terminal or begin a line becomes '?'. */
void dwu_out_name(struct dwu_out *out, const char *text);

/* Behind the last slash. */
const char *dwu_base_name(const char *path);
/* A frame's file; "": it has none. */
const char *dwu_file_of(const struct dwunw_report *report,
			const struct dwunw_report_frame *frame);
/* A frame's function, "[file]" or "[unknown]", for formats that need some name.
 * Returns text or the function's name. */
const char *dwu_frame_name(const struct dwunw_report *report,
			   const struct dwunw_report_frame *frame, char *text,
			   size_t size);
/* "[no_stack]", …: apart[kind], where a format shows it as a stack; NULL: it
 * is not shown. */
const char *dwu_apart_name(uint32_t kind);
/* Has it something of what a text shows: live blocks, or events? */
bool dwu_entry_has_any(const struct dwunw_report *report,
		       const struct dwunw_report_entry *entry);
/* The one value of formats that have one only: live bytes, or what the report
 * is of. */
uint32_t dwu_main_value(const struct dwunw_report *report);

/* bytes as a gzip file; without zlib in the build, as they are. */
void dwu_gzip(struct dwu_out *out, const uint8_t *bytes, size_t size);
/* The bytes of the UTF-8 character there; 0: it is none. */
size_t dwu_utf8_size(const char *text);
/* A copy, as long at most, that is UTF-8: a string of proto3 is. */
void dwu_copy_utf8(char *to, const char *text);

/* pprof.c: which values a profile has, in the order of Go's, and their names; false:
 * there are no more. */
struct dwu_value_type {
	uint32_t value;
	const char *type;
	const char *unit;
};
bool dwu_value_type(const struct dwunw_report *report, uint32_t index,
		    struct dwu_value_type *type);
/* Where a file says that its code is, by what some process has mapped. */
bool dwu_linked_at(const struct dwunw_report *report, uint32_t file,
		   struct dwunw_report_mapping *linked);

/* Entries that are `out` become a sum apart. */
void dwu_take_out(struct dwunw_report *report, uint32_t apart,
		  bool (*is_out)(void *ctx, const struct dwunw_report *report,
				 const struct dwunw_report_entry *entry),
		  void *ctx);
/* A line of folded stacks without its value: "program;outermost;…;innermost". */
void dwu_folded_entry(struct dwu_out *out, const struct dwunw_report *report,
		      const struct dwunw_report_entry *entry);

/* A format each. */
typedef void (*dwu_write_fn)(struct dwu_out *out,
			     const struct dwunw_report *report,
			     const struct dwunw_report_options *options);
void dwu_write_text(struct dwu_out *out, const struct dwunw_report *report,
		    const struct dwunw_report_options *options);
void dwu_write_folded(struct dwu_out *out, const struct dwunw_report *report,
		      const struct dwunw_report_options *options);
void dwu_write_json(struct dwu_out *out, const struct dwunw_report *report,
		    const struct dwunw_report_options *options);
void dwu_write_pprof(struct dwu_out *out, const struct dwunw_report *report,
		     const struct dwunw_report_options *options);
void dwu_write_html(struct dwu_out *out, const struct dwunw_report *report,
		    const struct dwunw_report_options *options);
void dwu_write_heaptrack(struct dwu_out *out, const struct dwunw_report *report,
			 const struct dwunw_report_options *options);
void dwu_write_speedscope(struct dwu_out *out,
			  const struct dwunw_report *report,
			  const struct dwunw_report_options *options);
void dwu_write_metrics(struct dwu_out *out, const struct dwunw_report *report,
		       const struct dwunw_report_options *options);
void dwu_write_otlp(struct dwu_out *out, const struct dwunw_report *report,
		    const struct dwunw_report_options *options);
/* … but for the default of options. */
void dwu_write_entry(struct dwu_out *out, const struct dwunw_report *report,
		     uint32_t entry);
void dwu_write_stack(struct dwu_out *out, const struct dwunw_report *report,
		     uint32_t stack,
		     const struct dwunw_report_options *options);
void dwu_write_rest(struct dwu_out *out, const struct dwunw_report *report,
		    const struct dwunw_report_options *options);

#endif
