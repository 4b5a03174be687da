/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * snapcore.c - recorded samples as core files, for a second opinion by gdb.
 *
 *	snapcore FILE.snap COUNT DIR
 *
 * takes COUNT samples evenly from the recording and writes to DIR: N.core
 * with registers and stack; `gdb.commands`, which prints the pcs of each; and
 * `truth`, the true chains in the same form.
 */
#include "../image.h"

#include <elf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/procfs.h>

/* DWARF number of each register of user_regs_struct; -1: none */
static const signed char user_order[] = {
	15, 14, 13, 12, 6, 3, 11, 10, 9, 8, 0, 2, 1, 4, 5, -1, 16, -1, -1, 7
};

static FILE *create(const char *dir, const char *name)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	if (!file) {
		perror(path);
		exit(2);
	}
	return file;
}

static void put(FILE *file, const void *bytes, size_t size)
{
	if (fwrite(bytes, 1, size, file) != size) {
		perror("write");
		exit(2);
	}
}

static void fill_status(const struct snap_sample *s,
			struct elf_prstatus *status)
{
	memset(status, 0, sizeof(*status));
	status->pr_pid = 1;
	for (size_t i = 0; i < sizeof(user_order); i++)
		if (user_order[i] >= 0)
			status->pr_reg[i] = s->regs[user_order[i]];
}

static void write_core(const struct snap_sample *s, FILE *file)
{
	static const char name[8] = "CORE";
	struct elf_prstatus status;
	Elf64_Nhdr note = { 5, sizeof(status), NT_PRSTATUS };
	size_t note_size = sizeof(note) + sizeof(name) + sizeof(status);
	Elf64_Ehdr h = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, 1 },
		.e_type = ET_CORE,
		.e_machine = EM_X86_64,
		.e_version = 1,
		.e_phoff = sizeof(h),
		.e_ehsize = sizeof(h),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = (Elf64_Half)(1 + s->memory_count),
	};
	Elf64_Phdr p = { .p_type = PT_NOTE,
			 .p_offset = sizeof(h) + h.e_phnum * sizeof(p),
			 .p_filesz = note_size };

	fill_status(s, &status);
	put(file, &h, sizeof(h));
	put(file, &p, sizeof(p));
	p.p_offset += note_size;
	for (size_t i = 0; i < s->memory_count; i++) {
		p = (Elf64_Phdr){ .p_type = PT_LOAD,
				  .p_flags = PF_R | PF_W,
				  .p_offset =
					  p.p_offset + p.p_filesz * (i != 0),
				  .p_vaddr = s->memory[i].addr,
				  .p_filesz = s->memory[i].size,
				  .p_memsz = s->memory[i].size };
		put(file, &p, sizeof(p));
	}
	put(file, &note, sizeof(note));
	put(file, name, sizeof(name));
	put(file, &status, sizeof(status));
	for (size_t i = 0; i < s->memory_count; i++)
		put(file, s->memory[i].data, s->memory[i].size);
}

static void begin_commands(const struct image *image, FILE *file)
{
	fprintf(file, "set pagination off\nset confirm off\n"
		      "set debug-file-directory /nonexistent\n"
		      "set backtrace past-main on\n");
	for (size_t i = 0; i < image->file_count; i++)
		fprintf(file, "add-symbol-file %s -o 0x%" PRIx64 "\n",
			image->files[i].path, image->files[i].bias);
}

static void add_commands(FILE *file, const char *dir, size_t index)
{
	fprintf(file,
		"core-file %s/%zu.core\n"
		"python\n"
		"f = gdb.newest_frame(); text = 'sample %zu'\n"
		"while f:\n"
		"    text += ' %%x' %% f.pc()\n"
		"    f = f.older()\n"
		"print(text)\n"
		"end\n",
		dir, index, index);
}

static void add_truth(FILE *file, const struct snap_sample *s, size_t index)
{
	fprintf(file, "sample %zu", index);
	for (size_t i = 0; i < s->chain_count; i++)
		fprintf(file, " %" PRIx64, s->chain[i].pc);
	fprintf(file, "\n");
}

int main(int argc, char **argv)
{
	struct image image;
	struct snap_sample s;
	FILE *commands, *truth;
	size_t count, step, next = 0;

	if (argc != 4 || (count = strtoul(argv[2], NULL, 10)) == 0) {
		fprintf(stderr, "usage: %s FILE.snap COUNT DIR\n", argv[0]);
		return 2;
	}
	if (!image_open(&image, argv[1]))
		return 2;
	step = image.snap.header.record_count / count + 1;
	commands = create(argv[3], "gdb.commands");
	truth = create(argv[3], "truth");
	begin_commands(&image, commands);
	for (size_t i = 0; snap_next(&image.snap, &s); i++) {
		char name[32];
		FILE *core;

		if (i < next || s.flags & SNAP_CUT)
			continue;
		next = i + step;
		snprintf(name, sizeof(name), "%zu.core", i);
		core = create(argv[3], name);
		write_core(&s, core);
		fclose(core);
		add_commands(commands, argv[3], i);
		add_truth(truth, &s, i);
	}
	fclose(commands);
	fclose(truth);
	image_close(&image);
	return 0;
}
