/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * record/record.h - what the files of a recording share (SPEC.md 6).
 *
 *   bytes    numbers and texts -> bytes, and back by a cursor; CRC-32
 *   pack     bytes -> fewer, by zlib or zstd where they are in the build
 *   chunk    content -> a chunk of the file, and back
 *   encode   structs -> content
 *   pool     memory up to a bound
 *   decode   content -> structs
 *   reader   a file's bytes -> a recording
 *   sums     the entries of one stack in one process -> their sum
 *   merge    its oldest steps -> fewer
 *   values   what was counted of a stack, now and when it was last written
 *   file     bytes -> the file: beside its place, appended, replaced
 *   writer   the tool's side of it
 */
#ifndef DWU_RECORD_H
#define DWU_RECORD_H

#include <dwunw/linux.h>
#include <dwunw/record.h>

/* --- bytes.c ----------------------------------------------------------------- */

/* Grows; `failed` once there was no memory, and then it stays as it is. */
struct dwu_rec_buffer {
	uint8_t *data;
	size_t size;
	size_t room;
	bool failed;
};
void dwu_rec_put(struct dwu_rec_buffer *buffer, const void *bytes, size_t size);
/* ULEB128, SLEB128 as zigzag, 4 and 8 bytes with the lowest first. */
void dwu_rec_put_u(struct dwu_rec_buffer *buffer, uint64_t value);
void dwu_rec_put_s(struct dwu_rec_buffer *buffer, int64_t value);
void dwu_rec_put_32(struct dwu_rec_buffer *buffer, uint32_t value);
void dwu_rec_put_64(struct dwu_rec_buffer *buffer, uint64_t value);
/* Its length and its bytes; NULL is "". */
void dwu_rec_put_text(struct dwu_rec_buffer *buffer, const char *text);
/* Another's content behind its size; empties it. */
void dwu_rec_put_sized(struct dwu_rec_buffer *buffer,
		       struct dwu_rec_buffer *content);
void dwu_rec_free(struct dwu_rec_buffer *buffer);

/* Reads on, and gives 0 from the first thing on that is not there: `bad`. */
struct dwu_rec_cursor {
	const uint8_t *at;
	const uint8_t *end;
	bool bad;
};
uint64_t dwu_rec_take_u(struct dwu_rec_cursor *cursor);
int64_t dwu_rec_take_s(struct dwu_rec_cursor *cursor);
uint32_t dwu_rec_take_32(struct dwu_rec_cursor *cursor);
uint64_t dwu_rec_take_64(struct dwu_rec_cursor *cursor);
/* One that is at most max; else bad. */
uint32_t dwu_rec_take_number(struct dwu_rec_cursor *cursor, uint32_t max);
struct dwunw_span dwu_rec_take_text(struct dwu_rec_cursor *cursor);
/* What stands behind its size. */
struct dwu_rec_cursor dwu_rec_take_sized(struct dwu_rec_cursor *cursor);
/* CRC-32 of ISO-HDLC, zlib's, of what comes behind what gave `crc`; 0 first. */
uint32_t dwu_rec_crc(uint32_t crc, const uint8_t *bytes, size_t size);

/* --- pack.c ------------------------------------------------------------------ */

/* ch_type of the gABI. */
enum {
	DWU_REC_PLAIN = 0,
	DWU_REC_ZLIB = 1,
	DWU_REC_ZSTD = 2,
};
/* Appends src to dst in fewer bytes; how, PLAIN: it would not be fewer. */
uint8_t dwu_rec_pack(const uint8_t *src, size_t size,
		     struct dwu_rec_buffer *dst);

/* --- chunk.c ----------------------------------------------------------------- */

enum dwu_rec_kind {
	DWU_REC_HEAD = 1,
	DWU_REC_PROCESSES,
	DWU_REC_FILES,
	DWU_REC_MAPS,
	DWU_REC_FRAMES,
	DWU_REC_STACKS,
	DWU_REC_STEP,
	DWU_REC_COUNTS,
	DWU_REC_NAMES,
	DWU_REC_END,
};

#define DWU_REC_VERSION_ALLOC 1u /* of allocations alone */
#define DWU_REC_VERSION_EVENT 2u /* of one other event */
#define DWU_REC_FILE_HEAD 16u	 /* bytes before the first chunk */
#define DWU_REC_CHUNK_HEAD 24u
#define DWU_REC_CHUNK_MAX (16u << 20) /* of content, and as stored */
/* A writer begins another chunk when one has so much. */
#define DWU_REC_CHUNK_FULL (1u << 20)

/* For that head, the first of so many: its version. */
void dwu_rec_put_file_head(struct dwu_rec_buffer *out,
			   const struct dwunw_recording_head *head,
			   uint32_t events);
/* Empties content. event: which of a file of several, from 0 on. */
void dwu_rec_put_chunk(struct dwu_rec_buffer *out, uint16_t kind, uint8_t event,
		       uint32_t number, struct dwu_rec_buffer *content,
		       bool plain);

struct dwu_rec_chunk {
	uint64_t off;
	uint16_t kind;
	uint8_t packing;
	uint8_t event;
	uint32_t number;
	uint32_t stored;
	uint32_t size;	      /* of the content */
	const uint8_t *bytes; /* as stored */
};
/* The one at off. False: end says why, and text in words. */
bool dwu_rec_take_chunk(const uint8_t *bytes, size_t size, uint64_t off,
			struct dwu_rec_chunk *chunk, uint32_t *end, char *text,
			size_t text_size);
/* Its content, to dst of chunk->size bytes; enum dwunw_recording_end. */
uint32_t dwu_rec_unpack(const struct dwu_rec_chunk *chunk, uint8_t *dst);

/* --- encode.c ---------------------------------------------------------------- */

void dwu_rec_put_head(struct dwu_rec_buffer *out,
		      const struct dwunw_recording_head *head);
void dwu_rec_put_maps(struct dwu_rec_buffer *out,
		      const struct dwunw_recording_maps *maps);
void dwu_rec_put_name(struct dwu_rec_buffer *out, uint32_t frame,
		      const struct dwunw_recording_name *name);

/* Chunks in the making, one after another. */
struct dwu_rec_chunks {
	struct dwu_rec_buffer out;
	struct dwu_rec_buffer content;
	struct dwu_rec_buffer record;
	uint32_t first;	 /* number of the first chunk that is made */
	uint32_t number; /* of the next chunk */
	uint32_t events; /* of the file */
	uint8_t event;	 /* of these chunks */
	bool plain;
};
/* What content holds, if anything. */
void dwu_rec_end_chunk(struct dwu_rec_chunks *chunks, uint16_t kind);
/* Those from `from` to `to`, numbers less one. */
void dwu_rec_put_processes(struct dwu_rec_chunks *chunks,
			   const struct dwunw_recording_process *at,
			   uint32_t from, uint32_t to);
void dwu_rec_put_files(struct dwu_rec_chunks *chunks,
		       const struct dwunw_recording_file *at, uint32_t from,
		       uint32_t to);
void dwu_rec_put_frames(struct dwu_rec_chunks *chunks,
			const struct dwunw_recording_frame *at, uint32_t from,
			uint32_t to);
void dwu_rec_put_stacks(struct dwu_rec_chunks *chunks,
			const struct dwunw_recording_stack *at, uint32_t from,
			uint32_t to);
void dwu_rec_put_step(struct dwu_rec_chunks *chunks,
		      const struct dwunw_recording_step *step);
/* told: those that were not 0 before, as bits; they are written when they are. */
void dwu_rec_put_counts(struct dwu_rec_chunks *chunks, const uint64_t *counters,
			uint64_t *told);
void dwu_rec_put_end(struct dwu_rec_chunks *chunks, uint64_t time_ns);
void dwu_rec_chunks_free(struct dwu_rec_chunks *chunks);

/* --- pool.c ------------------------------------------------------------------ */

struct dwu_rec_pool;

/* Of at most max bytes. NULL: no memory. */
struct dwu_rec_pool *dwu_rec_pool_new(uint64_t max);
/* NULL is well. */
void dwu_rec_pool_free(struct dwu_rec_pool *pool);
/* Zeroed; NULL: no memory, or beyond the bound. */
void *dwu_rec_alloc(struct dwu_rec_pool *pool, size_t size);
/* Room for one more of an array of `count`. */
void *dwu_rec_grow(struct dwu_rec_pool *pool, const void *at, uint32_t count,
		   uint32_t *room, size_t size);
/* Printable, with a NUL, the same one for equal texts. NULL: no memory. */
const char *dwu_rec_keep_text(struct dwu_rec_pool *pool,
			      struct dwunw_span text);

/* --- decode.c ---------------------------------------------------------------- */

/* A recording in the making. */
struct dwu_rec_reading {
	struct dwunw_recording *recording;
	struct dwu_rec_pool *pool;
	uint32_t version; /* of the file */
	uint32_t event;	  /* which of it, of */
	uint32_t events;  /* so many */
	uint32_t number;  /* of the next chunk of the file */
	uint32_t process_room;
	uint32_t file_room;
	uint32_t frame_room;
	uint32_t stack_room;
	uint32_t map_room;
	uint32_t step_room;
	/* entries of a step whose last part is still to come */
	const struct dwunw_recording_entry *entries;
	uint32_t entry_count;
	uint32_t entry_room;
	uint64_t *biases; /* of frames of each file, in the chunk at hand */
	uint32_t bias_room;
	uint32_t stack_first; /* of the chunk at hand */
	bool no_memory;
	const char *what; /* NULL, or what is wrong with a content */
};
/* One chunk's content. False: what, or no_memory. */
bool dwu_rec_decode(struct dwu_rec_reading *reading, uint16_t kind,
		    struct dwunw_span content);

/* --- sums.c ------------------------------------------------------------------ */

/* The caller zeroes `there`; an amount is read where its bit is set. */
struct dwu_rec_sums {
	uint64_t there[DWUNW_RECORDING_FIELDS / 64];
	uint64_t amounts[DWUNW_RECORDING_FIELDS];
};
_Static_assert(DWUNW_RECORDING_FIELDS % 64 == 0, "a bit for each field");
void dwu_rec_sums_add(struct dwu_rec_sums *sums,
		      const struct dwunw_recording_entry *entry);
/* The amounts that are not 0, by field, ascending; without `values`, how many. */
uint32_t dwu_rec_sums_take(const struct dwu_rec_sums *sums,
			   struct dwunw_recording_value *values);
/* For qsort() of pointers to entries: by stack, then by process. */
int dwu_rec_by_stack(const void *a, const void *b);

/* --- merge.c ----------------------------------------------------------------- */

/*
 * The chunks of a recording of at most `wanted` bytes, if merging its steps can make it
 * so small: all that are older than `before_ns` are one, and pairs of the oldest
 * are as long as it takes. 0: wanted is no bound.
 */
int dwu_rec_merge(const struct dwunw_recording *recording, uint64_t wanted,
		  uint64_t before_ns, struct dwu_rec_chunks *chunks);

/* --- values.c ---------------------------------------------------------------- */

struct dwu_rec_values;
int dwu_rec_values_new(struct dwu_rec_values **values);
void dwu_rec_values_free(struct dwu_rec_values *values);
/* False: no memory. */
bool dwu_rec_values_set(struct dwu_rec_values *values, uint32_t process,
			uint32_t stack, uint16_t field, int64_t amount,
			bool add);
void dwu_rec_values_clear_gauges(struct dwu_rec_values *values);
/* What has changed since it was last written, as a step whose entries are freed by
 * dwu_rec_step_free(); it counts as written from now on. */
int dwu_rec_values_step(struct dwu_rec_values *values,
			struct dwunw_recording_step *step);
void dwu_rec_step_free(struct dwunw_recording_step *step);

/* --- file.c ------------------------------------------------------------------ */

struct dwu_rec_file {
	char *path;
	int fd;
	uint64_t size;
	int error; /* negative errno of the first that failed */
	/* of the writers that share it */
	uint32_t chunk_count;
	uint32_t events;    /* that it will have */
	uint32_t begun;	    /* writers so far, */
	uint32_t users;	    /* and those that are not closed */
	uint64_t merged_ns; /* when old steps were last merged */
};
/* 0, if what was written is what has that name; -ENOENT, -ESTALE. */
int dwu_rec_file_is_there(const struct dwu_rec_file *file);
/* Bytes at path from now on, whole: written beside, and then renamed. What has
 * taken the place of the file stays: -ESTALE. */
int dwu_rec_file_replace(struct dwu_rec_file *file, const void *bytes,
			 size_t size);
/* Behind the last ones: all of them or none. */
int dwu_rec_file_append(struct dwu_rec_file *file, const void *bytes,
			size_t size);
/* All of it; freed by free(). */
int dwu_rec_file_read(const struct dwu_rec_file *file, uint8_t **bytes);

#endif
