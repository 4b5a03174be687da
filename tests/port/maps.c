/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Text of /proc/PID/maps, as the kernel writes it and as it never would. */
#include "tap.h"

#include "target.h"

static struct dwunw_context ctx;

static const char good[] =
	"55d0c0a00000-55d0c0a02000 r--p 00000000 fe:00 1234                       /usr/bin/prog\n"
	"55d0c0a02000-55d0c0a08000 r-xp 00002000 fe:00 1234                       /usr/bin/prog\n"
	"55d0c1000000-55d0c1021000 rw-p 00000000 00:00 0                          [heap]\n"
	"7f0000000000-7f0000001000 r-xp 00000000 00:01 77                         /memfd:code (deleted)\n"
	"7f0000001000-7f0000002000 rwxp 00000000 00:00 0 \n"
	"7f0000002000-7f0000003000 r-xp 00000000 fe:00 78                         /a b\\012c\n"
	"7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0                          [stack]\n"
	"7ffc000f0000-7ffc000f2000 r-xp 00000000 00:00 0                          [vdso]\n"
	"7fffffffe000-7ffffffff000 --xp 00000000 00:00 0                          [uprobes]\n";

static dwunw_status_t parse(const char *text, size_t size,
			    struct dwunw_process **process)
{
	return dwunw_process_from_maps(&ctx, DWUNW_ARCH_X86_64, text, size,
				       NULL, process);
}

static dwunw_status_t verdict(const char *text)
{
	struct dwunw_process *process;
	dwunw_status_t status = parse(text, strlen(text), &process);

	dwunw_process_close(process);
	return status;
}

static void a_usual_text(void)
{
	static const char *const paths[] = { "/usr/bin/prog",
					     "/memfd:code (deleted)",
					     "",
					     "/a b\\012c",
					     "[vdso]",
					     "[uprobes]" };
	struct dwunw_process *process;
	const struct dwunw_space *space;

	if (!is_u64(parse(good, strlen(good), &process), DWUNW_OK,
		    "a usual text"))
		return;
	space = dwunw_process_space(process);
	is_u64(space->count, 6, "its executable mappings");
	for (uint32_t i = 0; i < space->count && i < 6; i++)
		is_str(dwunw_process_path(process, &space->mappings[i]),
		       paths[i], "path %u", i);
	is_u64(space->mappings[0].off, 0x2000, "the offset");
	is_u64(space->mappings[5].flags & DWUNW_MAPPING_TRAMPOLINE,
	       DWUNW_MAPPING_TRAMPOLINE, "[uprobes] is a trampoline");
	is_u64(dwunw_process_read(process, 0x1000, &ctx, 1),
	       DWUNW_ERR_INVALID_ARG, "it has no memory");
	dwunw_process_close(process);
}

/* Each line alone is refused, and no half of the text is taken. */
static void odd_lines(void)
{
	static const char *const odd[] = {
		"\n",
		" \n",
		"hello\n",
		"1000-2000\n",
		"1000-2000 r-xp\n",
		"1000-2000 r-xp 0 00:00\n",
		"1000-2000 rwxq 0 00:00 0 /a\n",
		"1000-2000 r-xp 0 00:00 /a\n",
		"1000-2000 r-xp 0 0000 0 /a\n",
		"1000 2000 r-xp 0 00:00 0 /a\n",
		"2000-1000 r-xp 0 00:00 0 /a\n",
		"1000-1000 r-xp 0 00:00 0 /a\n",
		"1000-2000 r-xp 0 00:00 0/a\n",
		"-1000-2000 r-xp 0 00:00 0 /a\n",
		"11112222333344445-2 r-xp 0 00:00 0 /a\n",
		"1000-fffffffffffffffff r-xp 0 00:00 0 /a\n",
		"1000-2000 r-xp 0 fffffffff:00 0 /a\n",
		"1000-2000 r-xp 0 00:00 99999999999999999999 /a\n",
		"1000-3000 r-xp 0 00:00 0 /a\n2000-4000 r-xp 0 00:00 0 /b\n",
		"3000-4000 r-xp 0 00:00 0 /a\n1000-2000 r-xp 0 00:00 0 /b\n",
		"1000-2000 r-xp 0 00:00 0 /a\n1000-2000 r-xp 0 00:00 0 /a\n",
	};
	struct dwunw_process *process;

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		is_u64(verdict(odd[i]), DWUNW_ERR_BAD_FORMAT, "%.*s",
		       (int)strcspn(odd[i], "\n"), odd[i]);
	is_u64(parse("1000-2000 r-xp 0 00:00 0 /a\0b\n", 29, &process),
	       DWUNW_ERR_BAD_FORMAT, "a NUL in a path");
	ok(strstr(logged, "line 2") != NULL, "the log names the line");
	is_u64(verdict(""), DWUNW_OK, "nothing at all");
	is_u64(verdict("0-1000 r-xp 0 00:00 0"), DWUNW_OK,
	       "the last line without its end");
	is_u64(verdict("1000-ffffffffffffffff r-xp 0 00:00 0 \n"), DWUNW_OK,
	       "up to the last address");
}

/* Cut anywhere: the mappings of the whole lines before, or refused. */
static void truncated(void)
{
	size_t lines = 0, wrong = 0, accepted = 0;

	for (size_t size = 0; size <= strlen(good); size++) {
		char *text = malloc(size + 1); /* so that a read behind shows */
		struct dwunw_process *process;
		dwunw_status_t status;

		memcpy(text, good, size);
		status = parse(text, size, &process);
		if (size && good[size - 1] == '\n')
			lines++;
		accepted += status == DWUNW_OK;
		if (status != DWUNW_OK && status != DWUNW_ERR_BAD_FORMAT)
			wrong++;
		if (status != DWUNW_OK && size && good[size - 1] == '\n')
			wrong++;
		dwunw_process_close(process);
		free(text);
	}
	is_u64(wrong, 0, "truncated at each of %zu bytes", strlen(good));
	is_u64(lines, 9, "at each end of a line it is accepted");
	ok(accepted < strlen(good) / 2, "within a line mostly not (%zu of %zu)",
	   accepted, strlen(good));
}

/* Reads every path to its end. */
static size_t path_bytes(struct dwunw_process *process)
{
	const struct dwunw_space *space = dwunw_process_space(process);
	size_t bytes = 0;

	for (uint32_t i = 0; i < space->count; i++)
		bytes += strlen(
			dwunw_process_path(process, &space->mappings[i]));
	return bytes;
}

/* Every byte replaced by each of some others: no crash, no odd status. */
static void flipped(void)
{
	static const char with[] = { 0,	  '\n', ' ',  '-',
				     'f', '/',	'\\', (char)0xff };
	size_t wrong = 0, refused = 0, bytes = 0;

	for (size_t i = 0; i < strlen(good); i++)
		for (size_t k = 0; k < sizeof(with); k++) {
			char *text = malloc(sizeof(good) - 1);
			struct dwunw_process *process;
			dwunw_status_t status;

			memcpy(text, good, sizeof(good) - 1);
			text[i] = with[k];
			status = parse(text, sizeof(good) - 1, &process);
			refused += status == DWUNW_ERR_BAD_FORMAT;
			if (status != DWUNW_OK &&
			    status != DWUNW_ERR_BAD_FORMAT)
				wrong++;
			if (status == DWUNW_OK)
				bytes += path_bytes(process);
			dwunw_process_close(process);
			free(text);
		}
	is_u64(wrong, 0, "each byte replaced: OK or BAD_FORMAT");
	note("%zu refused, %zu bytes of paths in the others", refused, bytes);
}

/* `count` mappings of a page, with a gap after each. */
static dwunw_status_t many(uint32_t count, uint32_t *found)
{
	char *text = malloc((size_t)count * 48 + 1);
	struct dwunw_process *process;
	dwunw_status_t status;
	size_t size = 0;

	for (uint32_t i = 0; i < count; i++)
		size += (size_t)sprintf(text + size,
					"%llx-%llx r-xp 0 0:0 0 /a\n",
					0x1000ull + i * 0x2000ull,
					0x2000ull + i * 0x2000ull);
	status = parse(text, size, &process);
	*found = status == DWUNW_OK ? dwunw_process_space(process)->count : 0;
	dwunw_process_close(process);
	free(text);
	return status;
}

static void huge(void)
{
	uint32_t found;

	is_u64(many(65535, &found), DWUNW_OK, "65,535 mappings");
	is_u64(many(65536, &found), DWUNW_OK, "65,536: the default limit");
	is_u64(found, 65536, "all are there");
	is_u64(many(65537, &found), DWUNW_ERR_NO_MEMORY, "65,537");
	ok(strstr(logged, "65536") != NULL, "the log names the limit");
}

static void arguments(void)
{
	struct dwunw_process *process;

	is_u64(dwunw_process_from_maps(&ctx, 99, good, 0, NULL, &process),
	       DWUNW_ERR_UNSUPPORTED_ARCH, "an unknown arch");
	is_u64(dwunw_process_from_maps(&ctx, 1, NULL, 5, NULL, &process),
	       DWUNW_ERR_INVALID_ARG, "no text");
	is_u64(parse(good, SIZE_MAX / 2, &process), DWUNW_ERR_INVALID_ARG,
	       "a size beyond all bounds");
	dwunw_process_close(NULL);
	ok(true, "closing nothing");
}

int main(void)
{
	context_start(&ctx, 0);
	a_usual_text();
	odd_lines();
	truncated();
	flipped();
	huge();
	arguments();
	dwunw_shutdown(&ctx);
	dwunw_shutdown(&ctx);
	return done();
}
