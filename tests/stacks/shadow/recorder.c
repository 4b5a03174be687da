/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include "recorder.h"

#include <elf.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE 4096u

EXPORT extern int qemu_plugin_version;
int qemu_plugin_version = 1;

struct guest guest;
struct options opt = {
	.period = 1000,
	.steps = 100000000,
	.samples = 10000,
	.seed = 1,
	.cap = 65536,
	.below = 256,
	.out = "out.snap",
	.label = "",
};

struct snap_header header;
struct entry *entries;
size_t entry_count;
struct stack stacks[SNAP_SEGMENT_MAX];
size_t stack_depth;
bool landing;
bool done;
uint64_t next_step;
uint64_t trampoline_page;

static size_t entry_size;
static size_t main_index; /* of main()'s entry, while it is there */
static bool main_known;
static bool started;
static bool handles; /* a signal's handler has run */
static int out_fd = -1;
static uint8_t *buffer;
static size_t buffer_used, buffer_size;
static uint64_t written;
static struct pending pending; /* of the activation that runs */

void give_up(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "shadow: %s: ", opt.label);
	vfprintf(stderr, format, args);
	fprintf(stderr, "\n");
	va_end(args);
	unlink(opt.out);
	_exit(3);
}

static uint64_t random_next(void)
{
	static uint64_t state;

	if (!state)
		state = 88172645463325252u + opt.seed * 7919u;
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

bool peek(uint64_t addr, void *dst, size_t size)
{
	struct iovec to = { dst, size };
	struct iovec from = { (void *)(uintptr_t)host(addr), size };

	return process_vm_readv(getpid(), &to, 1, &from, 1, 0) == (ssize_t)size;
}

/* `size` bytes in the guest's order. */
static uint64_t field(const uint8_t *bytes, size_t size)
{
	uint64_t value = 0;

	for (size_t i = 0; i < size; i++)
		value = value << 8 | bytes[guest.big_endian ? i : size - 1 - i];
	return value;
}

static void put_field(uint8_t *bytes, size_t size, uint64_t value)
{
	for (size_t i = 0; i < size; i++, value >>= 8)
		bytes[guest.big_endian ? size - 1 - i : i] = (uint8_t)value;
}

bool peek_word(uint64_t addr, uint64_t *value)
{
	uint8_t bytes[8];

	if (!peek(addr, bytes, guest.word))
		return false;
	*value = field(bytes, guest.word);
	return true;
}

static void put_file(const void *bytes, size_t size)
{
	const uint8_t *at = bytes;

	while (size) {
		ssize_t n = write(out_fd, at, size);

		if (n <= 0)
			give_up("cannot write %s", opt.out);
		at += n;
		size -= (size_t)n;
		written += (uint64_t)n;
	}
}

/* --- the shadow stack --- */

struct entry *push(uint64_t ra, uint64_t slot, uint16_t kind)
{
	struct entry *entry;

	if (entry_count == entry_size) {
		entry_size = entry_size ? 2 * entry_size : 1024;
		entries = realloc(entries, entry_size * sizeof(*entries));
		if (!entries)
			give_up("no memory for %zu entries", entry_size);
	}
	handles |= kind == SNAP_INTERRUPTED;
	entry = &entries[entry_count++];
	*entry = (struct entry){ .ra = ra,
				 .slot = slot,
				 .kind = kind,
				 .pending = pending,
				 .landing = landing };
	return entry;
}

bool on_stack(const struct stack *stack, uint64_t sp)
{
	return sp >= stack->low && sp <= stack->high;
}

void leave_stacks(uint64_t sp)
{
	while (stack_depth && !on_stack(&stacks[stack_depth], sp) &&
	       on_stack(&stacks[stack_depth - 1], sp)) {
		entry_count = stacks[stack_depth].base;
		stack_depth--;
	}
}

void enter_stack(const struct stack *alt, uint64_t outer_sp)
{
	if (stack_depth + 1 == SNAP_SEGMENT_MAX)
		give_up("more than %u stacks", SNAP_SEGMENT_MAX);
	stacks[++stack_depth] = *alt;
	stacks[stack_depth].base = entry_count;
	stacks[stack_depth].outer_sp = outer_sp;
}

size_t drop(uint64_t limit)
{
	size_t base = stacks[stack_depth].base;
	size_t count = entry_count;

	while (entry_count > base && entries[entry_count - 1].slot < limit)
		entry_count--;
	return count - entry_count;
}

void main_called(void)
{
	main_index = entry_count - 1;
	main_known = true;
	entries[main_index].main = true;
}

static bool in_main(void)
{
	return main_known && entry_count > main_index &&
	       entries[main_index].main;
}

/* Not while interrupted functions may still want theirs rejected. */
static bool may_flush(void)
{
	for (size_t i = 0; i < entry_count; i++)
		if (entries[i].kind == SNAP_INTERRUPTED)
			return false;
	return true;
}

/* Whether a frame was interrupted between loading sp and jumping. */
static bool landing_anywhere(void)
{
	for (size_t i = 0; i < entry_count; i++)
		if (entries[i].kind == SNAP_INTERRUPTED && entries[i].landing)
			return true;
	return landing;
}

void new_activation(void)
{
	if (buffer_used > (4u << 20) && may_flush()) {
		put_file(buffer, buffer_used);
		buffer_used = 0;
	}
	pending.off = written + buffer_used;
	pending.records = header.record_count;
}

void reject_pending(void)
{
	header.bad_landing += header.record_count - pending.records;
	header.record_count = pending.records;
	buffer_used = pending.off - written;
}

void after_sigreturn(uint64_t sp)
{
	while (entry_count && entries[entry_count - 1].kind == SNAP_RETURN)
		entry_count--;
	new_activation();
	if (entry_count) {
		entry_count--;
		pending = entries[entry_count].pending;
		landing = entries[entry_count].landing;
	}
	leave_stacks(sp);
	drop(sp);
}

/* --- samples --- */

void choose_next(void)
{
	next_step = header.steps + 1 + random_next() % (2 * opt.period - 1);
}

void count_step(void)
{
	header.steps++;
	if (opt.alarm && handles && header.steps % opt.alarm == 0)
		raise(SIGALRM);
}

static void *reserve(size_t size)
{
	void *at;

	if (buffer_used + size > buffer_size) {
		buffer_size = 2 * (buffer_used + size) + (16u << 20);
		buffer = realloc(buffer, buffer_size);
		if (!buffer)
			give_up("no memory for %zu bytes", buffer_size);
	}
	at = buffer + buffer_used;
	buffer_used += size;
	return at;
}

/* [from, to) of each stack, innermost first, at most cap bytes above sp. */
static size_t choose_segments(uint64_t sp, struct snap_segment *segments)
{
	uint64_t left = opt.cap;
	size_t count = 0;

	for (size_t i = stack_depth + 1; i-- > 0 && left;) {
		uint64_t low = sp - opt.below;
		uint64_t high = stacks[i].high;

		if (low < stacks[i].low)
			low = stacks[i].low;
		if (high - sp > left)
			high = sp + left;
		left -= high - sp;
		segments[count++] =
			(struct snap_segment){ .addr = low,
					       .size = (uint32_t)(high - low) };
		sp = stacks[i].outer_sp;
	}
	return count;
}

static bool copied(const struct snap_segment *segments, size_t count,
		   uint64_t slot)
{
	for (size_t i = 0; i < count; i++)
		if (slot >= segments[i].addr &&
		    slot + guest.slot_size <=
			    segments[i].addr + segments[i].size)
			return true;
	return false;
}

static void put_chain(uint64_t pc, struct snap_record *record,
		      const struct snap_segment *segments)
{
	struct snap_frame *frame = reserve(sizeof(*frame));

	*frame = (struct snap_frame){ .pc = pc, .kind = SNAP_PC };
	record->chain_count = 1;
	for (size_t i = entry_count; i-- > 0;) {
		const struct entry *e = &entries[i];

		if (!copied(segments, record->segment_count, e->slot)) {
			record->flags |= SNAP_CUT;
			return;
		}
		if (e->kind == SNAP_INTERRUPTED)
			record->flags |= SNAP_SIGNAL;
		frame = reserve(sizeof(*frame));
		*frame = (struct snap_frame){ .pc = e->ra,
					      .at = e->slot,
					      .kind = e->kind,
					      .main = e->main };
		record->chain_count++;
	}
}

static bool put_segments(const struct snap_segment *segments, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t size = (segments[i].size + 7u) & ~7u;
		uint8_t *bytes;

		memcpy(reserve(sizeof(*segments)), &segments[i],
		       sizeof(*segments));
		bytes = reserve(size);
		memset(bytes + size - 8, 0, size ? 8 : 0);
		if (!peek(segments[i].addr, bytes, segments[i].size))
			return false;
	}
	return true;
}

/* reserve() moves the buffer: the chain is where the segments would begin. */
static bool chain_holds(const struct snap_record *record)
{
	size_t size = record->chain_count * sizeof(struct snap_frame);
	void *chain = buffer + buffer_used - size;

	return guest.chain_holds(chain, record->chain_count);
}

void take_sample(uint64_t pc, uint64_t sp)
{
	struct snap_segment segments[SNAP_SEGMENT_MAX];
	struct snap_record record = { .step = header.steps };
	size_t at = buffer_used;

	if (opt.within && !in_main())
		return;
	if (!on_stack(&stacks[stack_depth], sp)) {
		header.bad_stack++;
		return;
	}
	if (landing_anywhere()) {
		header.bad_landing++;
		return;
	}
	record.segment_count = (uint32_t)choose_segments(sp, segments);
	reserve(sizeof(record));
	guest.put_registers(reserve(guest.reg_count * sizeof(uint64_t)));
	put_chain(pc, &record, segments);
	if (!chain_holds(&record) ||
	    !put_segments(segments, record.segment_count)) {
		header.bad_slots++;
		buffer_used = at;
		return;
	}
	record.size = (uint32_t)(buffer_used - at);
	memcpy(buffer + at, &record, sizeof(record));
	header.record_count++;
}

/* --- code without a file --- */

/* Pages where code was translated, and mappings of no file that hold some:
 * [0, made_count) are in the file from made[].off on. */
static uint64_t *code_pages;
static size_t code_page_count;
static struct {
	uint64_t start;
	uint64_t off;
} made[16];
static size_t made_count;

void note_code(uint64_t pc)
{
	uint64_t page = pc & ~(PAGE - 1ull);
	size_t i = code_page_count;

	while (i-- > 0)
		if (code_pages[i] == page)
			return;
	if ((code_page_count & (code_page_count - 1)) == 0) {
		i = code_page_count ? 2 * code_page_count : 1;
		code_pages = realloc(code_pages, i * sizeof(*code_pages));
		if (!code_pages)
			give_up("no memory for %zu pages", i);
	}
	code_pages[code_page_count++] = page;
}

static bool has_code(uint64_t start, uint64_t end)
{
	for (size_t i = 0; i < code_page_count; i++)
		if (code_pages[i] >= start && code_pages[i] < end &&
		    code_pages[i] != trampoline_page)
			return true;
	return false;
}

/* Where its bytes are in the recording; 0: no code of this mapping is. */
static uint64_t made_off(uint64_t start)
{
	for (size_t i = 0; i < made_count; i++)
		if (made[i].start == start)
			return made[i].off;
	return 0;
}

static void put_made_of(uint64_t start, uint64_t end)
{
	if (made_count == sizeof(made) / sizeof(*made))
		give_up("code in too many mappings of no file");
	made[made_count].start = start;
	made[made_count++].off = written;
	put_file(host(start), end - start);
}

/* The bytes of mappings of no file where code ran. */
static void put_made(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	uint64_t start, end;
	char line[1024], perms[5];

	while (maps && fgets(line, sizeof(line), maps))
		if (!strchr(line, '/') &&
		    sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", &start, &end,
			   perms) == 3 &&
		    perms[0] == 'r' && start >= opt.base &&
		    has_code(start - opt.base, end - opt.base))
			put_made_of(start - opt.base, end - opt.base);
	if (maps)
		fclose(maps);
}

/* --- the maps text --- */

struct load {
	uint64_t vaddr;
	uint64_t size;
	bool exec;
};

struct elf_file {
	uint64_t load_addr; /* of the mapping with file offset 0 */
	struct load loads[32];
	size_t count;
	char path[512];
};

/* Elf32_Phdr or Elf64_Phdr (gABI, Program Header). */
static struct load read_load(const uint8_t *p)
{
	if (guest.word == 4)
		return (struct load){ .vaddr = field(p + 8, 4),
				      .size = field(p + 20, 4),
				      .exec = field(p + 24, 4) & PF_X };
	return (struct load){ .vaddr = field(p + 16, 8),
			      .size = field(p + 40, 8),
			      .exec = field(p + 4, 4) & PF_X };
}

/* Only the guest's own class and order are of interest here. */
static void read_headers(struct elf_file *file, const char *path)
{
	uint8_t bytes[4096];
	size_t wide = guest.word == 8;
	size_t entry = wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	uint64_t off, count;
	ssize_t got;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	file->count = 0;
	snprintf(file->path, sizeof(file->path), "%s", path);
	if (fd < 0)
		return;
	got = pread(fd, bytes, sizeof(bytes), 0);
	close(fd);
	if (got < (ssize_t)sizeof(Elf64_Ehdr) ||
	    memcmp(bytes, ELFMAG, SELFMAG) != 0 ||
	    bytes[EI_CLASS] != (wide ? ELFCLASS64 : ELFCLASS32) ||
	    bytes[EI_DATA] != (guest.big_endian ? ELFDATA2MSB : ELFDATA2LSB))
		return;
	off = wide ? field(bytes + 32, 8) : field(bytes + 28, 4);
	count = field(bytes + (wide ? 56 : 44), 2);
	for (; count && off + entry <= (size_t)got; count--, off += entry)
		if (field(bytes + off, 4) == PT_LOAD && file->count < 32)
			file->loads[file->count++] = read_load(bytes + off);
}

/*
 * Whether the file's program headers make addr executable; *end is lowered to
 * where that may change.
 */
static bool is_exec(const struct elf_file *file, uint64_t addr, uint64_t *end)
{
	uint64_t bias = 0;
	bool exec = false;

	for (size_t i = 0; i < file->count; i++) {
		const struct load *p = &file->loads[i];
		uint64_t from = p->vaddr & ~(PAGE - 1ull);
		uint64_t to = (p->vaddr + p->size + PAGE - 1) & ~(PAGE - 1ull);

		if (i == 0)
			bias = file->load_addr - from;
		if (addr >= from + bias && addr < to + bias)
			exec = p->exec;
		if (from + bias > addr && from + bias < *end)
			*end = from + bias;
		if (to + bias > addr && to + bias < *end)
			*end = to + bias;
	}
	return exec;
}

/* Is addr in the load that was seen last? Segments may share a page at 0. */
static bool is_inside(const struct elf_file *file, uint64_t addr)
{
	uint64_t first, last = 0;

	if (!file->count)
		return false;
	first = file->loads[0].vaddr & ~(PAGE - 1ull);
	for (size_t i = 0; i < file->count; i++)
		if (file->loads[i].vaddr + file->loads[i].size > last)
			last = file->loads[i].vaddr + file->loads[i].size;
	return addr - file->load_addr < last - first;
}

static void put_line(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
static void put_line(const char *format, ...)
{
	char line[1200];
	va_list args;
	int size;

	va_start(args, format);
	size = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	put_file(line, (size_t)size);
	header.maps_size += (uint64_t)size;
}

/* The page is made to stand behind a page of headers in its file. */
static void put_trampoline(void)
{
	put_line("%" PRIx64 "-%" PRIx64 " r-xp %08x 00:00 0 [vdso]\n",
		 trampoline_page, trampoline_page + PAGE, PAGE);
}

static void put_map_line(const struct elf_file *file, const char *line)
{
	char perms[5], rest[1024] = "";
	uint64_t start, end, off;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %1023[^\n]",
		   &start, &end, perms, &off, rest) < 4 ||
	    (!file && strcmp(perms, "---p") == 0))
		return;
	start -= opt.base;
	end -= opt.base;
	/* a libc's own restorer: qemu's page is of no file */
	if (file && trampoline_page >= start && trampoline_page < end)
		trampoline_page = 0;
	if (!file && made_off(start)) {
		put_line("%" PRIx64 "-%" PRIx64 " %.2sx%c %08" PRIx64
			 " 00:00 0 [made]\n",
			 start, end, perms, perms[3], made_off(start));
		return;
	}
	while (start < end) {
		uint64_t to = end;
		bool exec = file && is_exec(file, start, &to);

		if (trampoline_page > start && trampoline_page < to)
			to = trampoline_page;
		if (trampoline_page && start == trampoline_page) {
			to = start + PAGE;
			put_trampoline();
		} else {
			put_line("%" PRIx64 "-%" PRIx64 " %.2s%c%c %08" PRIx64
				 " %s\n",
				 start, to, perms, exec ? 'x' : perms[2],
				 perms[3], off, rest);
		}
		off += file ? to - start : 0;
		start = to;
	}
}

/*
 * qemu maps the guest's code readable only, since it translates it, and the
 * kernel then joins it with its neighbours: lines are cut and permissions
 * given as the program headers have them.
 */
static void put_maps(void)
{
	static struct elf_file file;
	FILE *maps = fopen("/proc/self/maps", "r");
	uint64_t limit = guest.word == 4 ? 1ull << 32 : 0x500000000000u;
	char line[1024];
	uint64_t start, off;

	if (!maps)
		give_up("cannot read its mappings");
	while (fgets(line, sizeof(line), maps)) {
		char *path = strchr(line, '/');

		if (sscanf(line, "%" SCNx64 "-%*x %*s %" SCNx64, &start,
			   &off) != 2 ||
		    start < opt.base || start - opt.base >= limit)
			continue;
		if (path) {
			char *newline = strchr(path, '\n');

			if (newline)
				*newline = '\0';
			if (strcmp(path, file.path) != 0 ||
			    (off == 0 && !is_inside(&file, start - opt.base))) {
				read_headers(&file, path);
				file.load_addr = start - opt.base - off;
			}
		}
		put_map_line(path ? &file : NULL, line);
	}
	fclose(maps);
}

/* The guest's vdso as it is in memory. */
static void put_vdso(void)
{
	Elf64_Ehdr h;
	uint64_t size;
	void *bytes;

	if (!header.vdso_addr || !peek(header.vdso_addr, &h, sizeof(h)))
		return;
	size = h.e_shoff + (uint64_t)h.e_shnum * h.e_shentsize;
	bytes = malloc(size);
	if (bytes && peek(header.vdso_addr, bytes, size)) {
		put_file(bytes, size);
		header.vdso_size = size;
	}
	free(bytes);
}

/*
 * qemu 7.2 has no vdso for these targets, only a page with the trampolines:
 * a file around it, with one segment and nothing else, is what mips kernels
 * have (their vdso is stripped of its tables).
 */
static void put_trampoline_file(void)
{
	static uint8_t file[2 * PAGE];
	bool wide = guest.word == 8;
	size_t word = guest.word, at = wide ? 64 : 52;
	uint8_t *p = file + at;

	memcpy(file, ELFMAG, SELFMAG);
	file[EI_CLASS] = wide ? ELFCLASS64 : ELFCLASS32;
	file[EI_DATA] = guest.big_endian ? ELFDATA2MSB : ELFDATA2LSB;
	file[EI_VERSION] = EV_CURRENT;
	put_field(file + 16, 2, ET_DYN);
	put_field(file + 18, 2, guest.machine);
	put_field(file + 20, 4, EV_CURRENT);
	put_field(file + 24 + word, word, at);	   /* e_phoff */
	put_field(file + (wide ? 52 : 40), 2, at); /* e_ehsize */
	put_field(file + (wide ? 54 : 42), 2, wide ? 56 : 32);
	put_field(file + (wide ? 56 : 44), 2, 1); /* e_phnum */
	put_field(p, 4, PT_LOAD);
	put_field(p + (wide ? 4 : 24), 4, PF_R | PF_X);
	p += wide ? 8 : 4;
	put_field(p, word, PAGE);			   /* p_offset */
	put_field(p + word, word, PAGE);		   /* p_vaddr */
	put_field(p + 2 * word, word, PAGE);		   /* p_paddr */
	put_field(p + 3 * word, word, PAGE);		   /* p_filesz */
	put_field(p + 4 * word, word, PAGE);		   /* p_memsz */
	put_field(p + (wide ? 5 * word : 24), word, PAGE); /* p_align */
	if (!peek(trampoline_page, file + PAGE, PAGE))
		give_up("cannot read the trampolines");
	put_file(file, sizeof(file));
	header.vdso_addr = trampoline_page - PAGE;
	header.vdso_size = sizeof(file);
}

/* --- beginning and end --- */

/* How the activations that are still under way will end is not known. */
static void reject_unfinished(void)
{
	for (size_t i = 0; i < entry_count; i++)
		if (entries[i].kind == SNAP_INTERRUPTED) {
			pending = entries[i].pending;
			break;
		}
	reject_pending();
}

void finish(void)
{
	if (done)
		return;
	done = true;
	if (!started)
		give_up("the entry point was never reached");
	reject_unfinished();
	put_file(buffer, buffer_used);
	put_made();
	header.maps_off = written;
	put_maps();
	header.vdso_off = written;
	if (trampoline_page)
		put_trampoline_file();
	else
		put_vdso();
	if (pwrite(out_fd, &header, sizeof(header), 0) !=
	    (ssize_t)sizeof(header))
		give_up("cannot write %s", opt.out);
	fprintf(stderr,
		"%s: %" PRIu64 " steps, %u samples, rejected %" PRIu64
		" slots %" PRIu64 " landing %" PRIu64 " stack\n",
		opt.label, header.steps, header.record_count, header.bad_slots,
		header.bad_landing, header.bad_stack);
}

static void at_exit(qemu_plugin_id_t id, void *unused)
{
	(void)id;
	(void)unused;
	finish();
}

/* fork's child, and vfork's, which qemu makes of fork. */
static void in_child(void)
{
	done = true;
}

/* It lies above argc, argv and envp (psABI 3.4.1 and its like). */
void recorder_read_auxv(uint64_t sp)
{
	uint64_t word, type, value;

	sp += guest.word;
	for (int lists = 0; lists < 2; sp += guest.word) {
		if (!peek_word(sp, &word))
			give_up("no argument block: guest_base is not base=?");
		lists += word == 0;
	}
	for (;; sp += 2ull * guest.word) {
		if (!peek_word(sp, &type) || type == AT_NULL ||
		    !peek_word(sp + guest.word, &value))
			break;
		if (type == AT_ENTRY)
			header.entry = value;
		if (type == AT_SYSINFO_EHDR)
			header.vdso_addr = value;
		if (type == AT_PAGESZ && value != PAGE)
			give_up("page size %" PRIu64 "?", value);
	}
	if (!header.entry)
		give_up("no AT_ENTRY: registers are not where expected");
}

/* The stack's lower end; its upper end is what the entry point found. */
static void find_stack(uint64_t sp)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[1024];
	uint64_t start, end;

	while (maps && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%" SCNx64 "-%" SCNx64, &start, &end) == 2 &&
		    sp >= start - opt.base && sp < end - opt.base)
			stacks[0] = (struct stack){
				.low = start - opt.base,
				.high = end - opt.base,
			};
	if (stacks[0].high > sp + 256)
		stacks[0].high = sp + 256;
	if (maps)
		fclose(maps);
	if (!stacks[0].high)
		give_up("stack pointer %" PRIx64 " is in no mapping", sp);
}

void recorder_start(uint64_t sp)
{
	find_stack(sp);
	started = true;
	header.steps = 0;
	choose_next();
	next_step += opt.skip;
}

static void set_option(const char *name, const char *value)
{
	static const struct {
		const char *name;
		uint64_t *value;
	} numbers[] = {
		{ "period", &opt.period }, { "skip", &opt.skip },
		{ "steps", &opt.steps },   { "samples", &opt.samples },
		{ "seed", &opt.seed },	   { "cap", &opt.cap },
		{ "below", &opt.below },   { "main", &opt.main },
		{ "within", &opt.within }, { "base", &opt.base },
		{ "alarm", &opt.alarm },
	};

	if (strcmp(name, "out") == 0)
		opt.out = strdup(value);
	if (strcmp(name, "label") == 0)
		opt.label = strdup(value);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (strcmp(name, numbers[i].name) == 0)
			*numbers[i].value = strtoull(value, NULL, 0);
}

static void fill_header(void)
{
	memcpy(header.magic, SNAP_MAGIC, sizeof(header.magic));
	header.version = SNAP_VERSION;
	header.arch = guest.arch;
	header.reg_count = guest.reg_count;
	header.records_off = sizeof(header);
	header.below = (uint32_t)opt.below;
	header.cap = (uint32_t)opt.cap;
	snprintf(header.label, sizeof(header.label), "%s", opt.label);
}

void recorder_install(qemu_plugin_id_t id, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		char *value = strchr(argv[i], '=');

		if (!value)
			give_up("option %s without a value", argv[i]);
		*value = '\0';
		set_option(argv[i], value + 1);
		*value = '=';
	}
	if (opt.period == 0)
		give_up("period 0");
	out_fd = open(opt.out, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (out_fd < 0)
		give_up("cannot create %s", opt.out);
	fill_header();
	put_file(&header, sizeof(header));
	pthread_atfork(NULL, NULL, in_child);
	qemu_plugin_register_atexit_cb(id, at_exit, NULL);
}
