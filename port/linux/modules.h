/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * modules.h - file or bytes -> module, cached.
 */
#ifndef DWU_MODULES_H
#define DWU_MODULES_H

#include <pthread.h>

#include <dwunw/bounds.h>
#include <dwunw/linux.h>

#include "files.h"
#include "lend.h"

/* Files whose serial and label are remembered; later ones have no label. */
#define DWU_IDENTITY_MAX 65536u
#define DWU_IDENTITY_BUCKETS 256u
#define DWU_LABEL_BYTES_MAX ((size_t)16 << 20)
/* Different images of the kernel's vdso, and the bytes of each. */
#define DWU_BLOB_MAX 64u
#define DWU_BLOB_SIZE_MAX (256u << 10)

struct dwu_slot {
	struct dwunw_module module; /* serial 0: empty */
	struct dwu_file file;
	struct dwu_lent lent;
	struct dwunw_arena arena;
	uint64_t released; /* when it became warm */
	uint32_t refs;
};

/* identities[serial - 1] */
struct dwu_identity {
	struct dwu_file_id id;
	char *label;
	uint64_t content; /* dwunw_elf_identity(); 0: it cannot be read, */
	bool asked;	  /* … or nobody has asked for it yet */
	uint32_t build_id_size;
	uint8_t build_id[DWUNW_BUILD_ID_MAX];
	uint32_t next; /* serial of the next one in its bucket, 0: none */
};

/* Content of a vdso, shared by all processes that have the same. */
struct dwu_blob {
	struct dwunw_span bytes;
};

struct dwu_modules {
	pthread_mutex_t lock;
	struct dwu_slot *slots;
	struct dwu_identity *identities;
	uint32_t capacity;
	uint32_t identity_count;
	uint32_t identity_room;
	uint32_t last_serial;
	uint32_t blob_count;
	size_t label_bytes;
	uint64_t clock;
	uint64_t opens;
	uint64_t hits;
	uint64_t evictions;
	uint64_t arena_bytes; /* of all slots */
	size_t lent_bytes;    /* atomic; of memory, so a word is enough */
	uint64_t bytes_max;   /* of both together */
	pthread_mutex_t lent_lock;
	uint32_t buckets[DWU_IDENTITY_BUCKETS];
	struct dwu_blob blobs[DWU_BLOB_MAX];
	struct dwu_blocks *blocks; /* of the file that is being opened */
};

dwunw_status_t dwu_modules_init(struct dwu_modules *modules, uint32_t capacity);
void dwu_modules_free(struct dwu_modules *modules);

/* The three below: with modules.lock held. */

/* A module that is in a slot; NULL: it is not. */
const struct dwunw_module *dwu_modules_find(struct dwu_modules *modules,
					    uint32_t serial);
/* Takes the open file, whatever the status. */
dwunw_status_t dwu_modules_open(struct dwunw_context *ctx,
				struct dwu_file *file, const char *label,
				const struct dwunw_module **module);
/* Keeps bytes (from malloc), or frees them and finds the same ones. */
dwunw_status_t dwu_modules_open_bytes(struct dwunw_context *ctx,
				      struct dwunw_span bytes,
				      const char *label,
				      const struct dwunw_module **module);

/* As dwunw_cfi_text(), of what should tell of vaddr; "" too if the module is in
 * no slot. */
void dwu_modules_cfi_text(struct dwu_modules *modules, uint32_t serial,
			  uint64_t vaddr, char *text, size_t size);

/* What a serial stands for. */
struct dwu_module_is {
	struct dwu_file_id id;
	struct dwunw_span bytes; /* instead of a file; size 0: a file */
	const char *label;
};
/* The first file with this content (dwunw_elf_identity()); 0: none was opened. */
uint32_t dwu_modules_with(struct dwunw_context *ctx, uint64_t content);

/* False: the serial is not known. */
bool dwu_modules_is(struct dwunw_context *ctx, uint32_t serial,
		    struct dwu_module_is *is);

#endif
