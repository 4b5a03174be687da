/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* The life of processes: every way in which what is known becomes wrong. */
#include "tap.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/personality.h>

#include "target.h"

#define MAIN "outer2 outer1 main"

static struct dwunw_context ctx;
static struct stack s;
static struct moment moment;

/* The stack of a process that waits, by all that is known of it now. */
static bool now(pid_t pid, const char *names)
{
	return stack_now(&ctx, pid, pid, &s) && whole(&s, names);
}

/* Whole, of whatever functions. */
static bool rooted(void)
{
	return s.status == DWUNW_OK && s.count > 3 &&
	       s.stop.reason == DWUNW_STOP_ROOT;
}

static void plain(void)
{
	struct target t;

	context_start(&ctx, 0);
	if (!ok(target_start(&t, TARGET("victim"), "wait"), "a target"))
		return;
	ok(now(t.pid, "leaf " MAIN), "a whole stack");
	target_go(&t);
	waitpid(t.pid, NULL, 0);
	t.pid = 0;
	target_end(&t);
	dwunw_shutdown(&ctx);
}

static void deleted(void)
{
	char *path = SCRATCH("gone\nprog (deleted)");
	struct target t;

	context_start(&ctx, 0);
	file_copy(TARGET("victim"), path);
	target_start(&t, path, "wait");
	ok(now(t.pid, "leaf " MAIN), "a newline and (deleted) in the name");
	dwunw_shutdown(&ctx);

	context_start(&ctx, 0);
	unlink(path);
	ok(now(t.pid, "leaf " MAIN), "the file was deleted meanwhile");
	dwunw_shutdown(&ctx);

	context_start(&ctx, 0);
	file_copy(TARGET("chain"), path);
	ok(now(t.pid, "leaf " MAIN), "and another file has its name now");
	unlink(path);
	mkfifo(path, 0600);
	dwunw_shutdown(&ctx);

	context_start(&ctx, 0);
	alarm(10);
	ok(now(t.pid, "leaf " MAIN), "or a FIFO");
	alarm(0);
	unlink(path);
	dwunw_shutdown(&ctx);
	target_end(&t);
}

/*
 * Two libraries one after another at one address, and a counter of mapping
 * changes as the BPF side keeps it. (0: it keeps none.)
 */
static void late_libraries(bool counted)
{
	const char *how = counted ? "counted" : "not counted";
	char first[256], expected[64];
	struct target t;

	context_start(&ctx, 0);
	target_start(&t, TARGET("victim"), "plugin", TARGET("plugin_a.so"),
		     TARGET("plugin_b.so"), TARGET("plugin_a.so"));
	snprintf(first, sizeof(first), "%s", t.line);
	for (unsigned i = 0; i < 3; i++) {
		snprintf(expected, sizeof(expected),
			 "leaf inner plugin_%c use_plugin main", "aba"[i]);
		if (i && !is_str(t.line, first, "library %u: same address", i))
			break;
		s = (struct stack){ 0 };
		ok(moment_take(&moment, t.pid, t.pid) &&
			   stack_of(&ctx, t.pid, &moment, counted ? i + 1 : 0,
				    &s) == DWUNW_OK,
		   "library %u, changes %s: a stack", i, how);
		if (counted || !i) {
			name_frames(&ctx, t.pid, &s);
			ok(whole(&s, expected), "library %u, changes %s", i,
			   how);
		}
		target_go(&t);
		if (i < 2)
			target_line(&t);
	}
	target_end(&t);
	dwunw_shutdown(&ctx);
}

/* A library's file is written to while it is mapped, and opened again. */
static void written_to(void)
{
	struct dwunw_config config = { .row_cache_entries = DWUNW_ROW_CACHE_OFF,
				       .log = keep_log };
	char *path = SCRATCH("plugin_a.so");
	uint32_t before;
	struct target t;

	logged[0] = 0;
	dwunw_init_with(&ctx, &config);
	file_copy(TARGET("plugin_a.so"), path);
	target_start(&t, TARGET("victim"), "plugin", path);
	moment_take(&moment, t.pid, t.pid);
	stack_of(&ctx, t.pid, &moment, 0, &s);
	before = s.frames[2].module;
	usleep(50 * 1000); /* change times have the clock tick's grain */
	chmod(path, 0700);
	stack_of(&ctx, t.pid, &moment, 0, &s);
	is_u64(s.frames[2].module, before, "what is read is kept");
	dwunw_module_cache_flush(&ctx);
	s = (struct stack){ 0 };
	stack_of(&ctx, t.pid, &moment, 0, &s);
	name_frames(&ctx, t.pid, &s);
	ok(whole(&s, "leaf inner plugin_a use_plugin main"),
	   "a file that changed under its mapping");
	ok(s.frames[2].module != before, "it has another serial");
	ok(strstr(logged, "changed since") != NULL, "the log tells");
	target_end(&t);
	dwunw_shutdown(&ctx);
}

/* A library that was loaded after the mappings were read. */
static void dlopen_after(uint32_t generation)
{
	struct target t;

	context_start(&ctx, 0);
	target_start(&t, TARGET("victim"), "keep", TARGET("plugin_a.so"),
		     TARGET("plugin_b.so"));
	moment_take(&moment, t.pid, t.pid);
	stack_of(&ctx, t.pid, &moment, generation, &s);
	target_go(&t);
	target_line(&t);
	moment_take(&moment, t.pid, t.pid);
	s = (struct stack){ 0 };
	stack_of(&ctx, t.pid, &moment, generation, &s);
	name_frames(&ctx, t.pid, &s);
	ok(whole(&s, "leaf inner plugin_b use_plugin main"),
	   "dlopen after the first stack, counter %s",
	   generation ? "bumped too early" : "unknown");
	target_end(&t);
	dwunw_shutdown(&ctx);
}

static void forked(void)
{
	struct target t;
	pid_t child;

	context_start(&ctx, 0);
	target_start(&t, TARGET("victim"), "fork");
	if (!strcmp(t.line, "child")) /* who is first is chance */
		target_line(&t);
	child = atoi(t.line + strlen("ready"));
	ok(now(t.pid, "leaf " MAIN), "the parent of a fork");
	ok(now(child, "leaf " MAIN), "the child");
	kill(child, SIGKILL);
	target_end(&t);
	dwunw_shutdown(&ctx);
}

/* So that the old mappings hold the new program's addresses. */
static void same_addresses(void)
{
	personality(ADDR_NO_RANDOMIZE);
}

/* Same pid, same start time; another program. */
static void exec(uint32_t generation, uint16_t kind)
{
	struct dwunw_event_header header = {
		.magic = DWUNW_EVENT_MAGIC,
		.version = DWUNW_EVENT_VERSION,
		.arch = DWUNW_ARCH_X86_64,
		.size = sizeof(header),
		.kind = kind,
	};
	static struct dwunw_event event;
	struct target t;

	context_start(&ctx, 0);
	target_start_in(&t,
			(char *[]){ TARGET("victim"), "exec", TARGET("frames"),
				    "wait", NULL },
			same_addresses);
	moment_take(&moment, t.pid, t.pid);
	is_u64(stack_of(&ctx, t.pid, &moment, generation, &s), DWUNW_OK,
	       "before exec");
	target_go(&t);
	target_line(&t);
	header.pid = (uint32_t)t.pid;
	header.tid = header.pid;
	if (kind)
		is_u64(dwunw_consume(&ctx, &header, sizeof(header), &event,
				     s.frames, FRAMES, &s.count, &s.stop),
		       DWUNW_OK, "an EXEC event");
	moment_take(&moment, t.pid, t.pid);
	s = (struct stack){ 0 };
	stack_of(&ctx, t.pid, &moment, generation, &s);
	name_frames(&ctx, t.pid, &s);
	ok(whole(&s, "leaf " MAIN), "after exec%s",
	   kind ? ", told by an event" : ", seen by the program's identity");
	target_end(&t);
	dwunw_shutdown(&ctx);
}

/*
 * Names are asked for in a thread of their own, while another one looks at the
 * mappings: these stay, though the process runs another program by now.
 */
static void naming(void)
{
	char *path = SCRATCH("named");
	struct dwunw_symbol_resolver resolver;
	struct dwunw_symbol_info info;
	const struct dwunw_space *space;
	struct dwunw_process *process;
	struct target t;

	context_start(&ctx, 0);
	dwunw_symbol_resolver_init(&resolver, NULL);
	file_copy(TARGET("victim"), path);
	target_start(&t, path, "exec", TARGET("frames"), "wait");
	unlink(path); /* else its names are found without the process */
	ok(stack_now(&ctx, t.pid, t.pid, &s) && rooted(), "before exec");
	dwunw_process_open(&ctx, t.pid, &process);
	space = dwunw_process_space(process);
	target_go(&t);
	target_line(&t);
	for (size_t i = 0; i < s.count; i++)
		dwunw_symbol_frame(&resolver, &ctx, t.pid, &s.frames[i], &info);
	ok(dwunw_process_space(process) == space,
	   "naming frames reads no mappings anew");
	ok(now(t.pid, "leaf " MAIN), "a walk does");
	ok(dwunw_process_space(process) != space, "and has others");
	dwunw_process_close(process);
	dwunw_symbol_resolver_shutdown(&resolver);
	target_end(&t);
	dwunw_shutdown(&ctx);
}

/* Events that are still on their way when the process has gone. */
static void exited(void)
{
	struct dwunw_process *process;
	struct target t;
	uint8_t byte;

	context_start(&ctx, 0);
	target_start(&t, TARGET("victim"), "wait");
	moment_take(&moment, t.pid, t.pid);
	stack_of(&ctx, t.pid, &moment, 0, &s);
	is_u64(dwunw_process_open(&ctx, t.pid, &process), DWUNW_OK, "opened");
	kill(t.pid, SIGKILL);
	is_u64(stack_of(&ctx, t.pid, &moment, 0, &s), DWUNW_OK,
	       "a stack of a process that ends");
	waitid(P_PID, (id_t)t.pid, &(siginfo_t){ 0 }, WEXITED | WNOWAIT);
	stack_of(&ctx, t.pid, &moment, 0, &s);
	ok(rooted(), "of a zombie: whole");
	is_u64(dwunw_process_refresh(process), DWUNW_ERR_IO,
	       "its mappings cannot be read anew");
	is_u64(dwunw_process_read(process, moment.regs.sp, &byte, 1),
	       DWUNW_ERR_IO, "nor its memory");
	waitpid(t.pid, NULL, 0);
	dwunw_module_cache_flush(&ctx);
	stack_of(&ctx, t.pid, &moment, 7, &s);
	ok(rooted(), "of one that is gone: whole, files opened again");
	dwunw_process_close(process);
	is_u64(stack_of(&ctx, t.pid, &moment, 0, &s), DWUNW_ERR_IO,
	       "forgotten and gone: IO");
	ok(strstr(logged, "pid ") != NULL, "the log names the pid");
	t.pid = 0;
	target_end(&t);
	dwunw_shutdown(&ctx);
}

static bool next_pid(pid_t pid)
{
	char text[16];
	int fd = open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);
	int size = snprintf(text, sizeof(text), "%d", (int)pid - 1);
	bool good = fd >= 0 && write(fd, text, (size_t)size) == size;

	if (fd >= 0)
		close(fd);
	return good;
}

static void pid_reused(uint32_t generation)
{
	struct target t, other;
	pid_t pid;

	context_start(&ctx, 0);
	target_start(&t, TARGET("victim"), "wait");
	pid = t.pid;
	moment_take(&moment, pid, pid);
	stack_of(&ctx, pid, &moment, generation, &s);
	/* a counter may vouch for a second, a start time has 10 ms */
	usleep(generation ? 1100 * 1000 : 50 * 1000);
	for (int tries = 0; tries < 50; tries++) {
		target_end(&t);
		if (!next_pid(pid)) {
			skip(1, "/proc/sys/kernel/ns_last_pid: %s",
			     strerror(errno));
			dwunw_shutdown(&ctx);
			return;
		}
		target_start(&other, TARGET("chain"), "wait");
		t = other;
		if (other.pid == pid)
			break;
	}
	if (other.pid != pid) {
		skip(1, "pid %d was not given again", (int)pid);
	} else {
		s = (struct stack){ 0 };
		moment_take(&moment, pid, pid);
		stack_of(&ctx, pid, &moment, generation, &s);
		name_frames(&ctx, pid, &s);
		ok(whole(&s, "chain2 chain1 main"),
		   "a pid that another process has now, counter %u",
		   generation);
	}
	target_end(&other);
	dwunw_shutdown(&ctx);
}

static bool last_tid(void *tid, int32_t at)
{
	*(int32_t *)tid = at;
	return true;
}

/* The first thread has ended: /proc/PID/maps is empty, others live on. */
static void orphaned(void)
{
	static struct stack orphan;
	int32_t tid = 0;
	struct target t;

	context_start(&ctx, 0);
	target_start(&t, TARGET("victim"), "orphan");
	dwunw_threads(t.pid, last_tid, &tid);
	ok(stack_now(&ctx, t.pid, tid, &orphan) &&
		   strstr(orphan.names, "leaf "
					"outer2 outer1 orphan"),
	   "a thread that outlives the first one: %s", orphan.names);
	is_u64(orphan.stop.reason, DWUNW_STOP_ROOT, "to its start");
	kill(t.pid, SIGKILL);
	target_end(&t);
	dwunw_shutdown(&ctx);
}

static void jit(void)
{
	struct target t;

	context_start(&ctx, 0);
	target_start(&t, TARGET("victim"), "jit");
	ok(stack_now(&ctx, t.pid, t.pid, &s), "a stack through made code");
	is_u64(s.stop.reason, DWUNW_STOP_NO_MODULE, "ends there");
	is_u64(s.stop.status, DWUNW_ERR_NO_DEBUG_DATA, "without a fault");
	ok(strstr(s.why, "without a file") != NULL, "and says: %s", s.why);
	target_end(&t);
	dwunw_shutdown(&ctx);
}

/* --- permission ----------------------------------------------------------------- */

static void as_nobody(void)
{
	if (setgid(65534) || setuid(65534))
		_exit(126);
	prctl(PR_SET_DUMPABLE, 1);
}

/* In a child of ours that is nobody: what root's process answers. */
static int try_as_nobody(pid_t pid)
{
	struct dwunw_stack_reader reader;
	struct dwunw_process *process;
	dwunw_status_t opened, captured, attached;
	char text[512];

	as_nobody();
	context_start(&ctx, 0);
	opened = dwunw_process_open(&ctx, pid, &process);
	captured = stack_of(&ctx, pid, &moment, 0, &s);
	dwunw_stack_reader_init(&reader, pid, pid);
	attached = dwunw_stack_reader_attach(&reader);
	dwunw_stack_reader_detach(&reader);
	dwunw_denied_text(pid, text, sizeof(text));
	printf("# nobody: %s, %s, %s; %s\n", dwunw_status_name(opened),
	       dwunw_status_name(captured), dwunw_status_name(attached), text);
	fflush(stdout);
	if (opened != DWUNW_ERR_ATTACH_DENIED)
		return 1;
	if (captured != DWUNW_ERR_ATTACH_DENIED)
		return 2;
	if (attached != DWUNW_ERR_ATTACH_DENIED)
		return 3;
	if (!strstr(text, "CAP_SYS_PTRACE"))
		return 4;
	return strstr(logged, "CAP_SYS_PTRACE") ? 0 : 5;
}

static void no_permission(void)
{
	struct target t;
	int status = 0;
	pid_t child;

	context_start(&ctx, 0);
	target_start(&t, TARGET("victim"), "wait");
	moment_take(&moment, t.pid, t.pid);
	fflush(stdout);
	child = fork();
	if (!child)
		_exit(try_as_nobody(t.pid));
	waitpid(child, &status, 0);
	is_u64(WEXITSTATUS(status), 0, "nobody is denied root's process");
	target_end(&t);
	dwunw_shutdown(&ctx);
}

/* No privilege is needed for one's own processes. */
static void own_processes(void)
{
	int status = 0;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (!child) {
		struct target t;

		as_nobody();
		if (access(TARGET("victim"), X_OK))
			_exit(77);
		context_start(&ctx, 0);
		if (!target_start(&t, TARGET("victim"), "wait"))
			_exit(2);
		_exit(!now(t.pid, "leaf " MAIN));
	}
	waitpid(child, &status, 0);
	if (WEXITSTATUS(status) == 77)
		skip(1, "the build is in a directory that is closed to nobody");
	else
		is_u64(WEXITSTATUS(status), 0,
		       "nobody may see nobody's process");
}

/* --- another root ---------------------------------------------------------------- */

static void in_namespace(void)
{
	if (unshare(CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount(SCRATCH("real"), SCRATCH("seen"), NULL, MS_BIND, NULL))
		_exit(125);
}

static void mount_namespace(void)
{
	char *path = SCRATCH("seen/prog");
	struct target t;

	mkdir(SCRATCH("real"), 0755);
	mkdir(SCRATCH("seen"), 0755);
	file_copy(TARGET("chain"), path);
	file_copy(TARGET("victim"), SCRATCH("real/prog"));
	context_start(&ctx, 0);
	if (target_start_in(&t, (char *[]){ path, NULL }, in_namespace))
		ok(now(t.pid, "leaf " MAIN),
		   "a file that only the target's mount namespace has");
	else
		skip(1, "no mount namespace here");
	target_end(&t);
	dwunw_shutdown(&ctx);
}

static void in_chroot(void)
{
	if (chroot(SCRATCH("jail")) || chdir("/"))
		_exit(125);
}

static void changed_root(void)
{
	struct target t;

	mkdir(SCRATCH("jail"), 0755);
	file_copy(TARGET("static"), SCRATCH("jail/prog"));
	context_start(&ctx, 0);
	if (target_start_in(&t, (char *[]){ "/prog", NULL }, in_chroot))
		ok(now(t.pid, "leaf " MAIN), "a static program in a chroot");
	else
		skip(1, "no chroot here");
	target_end(&t);
	dwunw_shutdown(&ctx);
}

/* A link put into the path must not lead out of the target's root. */
static void path_becomes_link(void)
{
	char *path = SCRATCH("turned");
	char name[4096];
	struct dwunw_process *process;
	struct target t;

	context_start(&ctx, 0);
	file_copy(TARGET("victim"), path);
	target_start(&t, path, "wait");
	unlink(path);
	if (symlink("/etc/shadow", path))
		note("symlink: %s", strerror(errno));
	ok(now(t.pid, "leaf " MAIN), "the path is a link by now");
	dwunw_process_open(&ctx, t.pid, &process);
	is_u64(dwunw_process_file(process,
				  &dwunw_process_space(process)->mappings[0],
				  name, sizeof(name)),
	       DWUNW_OK, "it is found");
	ok(strstr(name, "/map_files/") != NULL, "as %s", name);
	is_u64(dwunw_process_file(process,
				  &dwunw_process_space(process)->mappings[0],
				  name, 10),
	       DWUNW_ERR_INVALID_ARG, "into too few bytes: not");
	target_end(&t);
	dwunw_shutdown(&ctx);
}

/* --- the vdso, memory, the table -------------------------------------------------- */

static void vdso(void)
{
	struct dwunw_process *process;
	const struct dwunw_space *space;
	unsigned found = 0;
	struct target t;

	context_start(&ctx, 0);
	target_start(&t, TARGET("victim"), "wait");
	dwunw_process_open(&ctx, t.pid, &process);
	space = dwunw_process_space(process);
	for (uint32_t i = 0; i < space->count; i++) {
		struct dwunw_mapping *mapping = &space->mappings[i];
		const struct dwunw_module *module = NULL;
		struct dwunw_fde_cursor cursor;
		struct dwunw_fde fde;

		if (strcmp(dwunw_process_path(process, mapping), "[vdso]"))
			continue;
		is_u64(space->open_module(space->ctx, mapping, &module),
		       DWUNW_OK, "the vdso opens");
		if (!module)
			break;
		dwunw_fde_cursor_init(&cursor, module, &module->eh);
		while (dwunw_fde_next(&cursor, &fde) == DWUNW_OK)
			found++;
		is_str(dwunw_module_label(&ctx, mapping->serial), "[vdso]",
		       "its label");
		is_u64(dwunw_process_file(process, mapping, s.why,
					  sizeof(s.why)),
		       DWUNW_ERR_IO, "it is no file");
		space->close_module(space->ctx, module);
	}
	ok(found > 3, "it has %u FDEs", found);
	target_end(&t);
	dwunw_shutdown(&ctx);
}

static void memory(void)
{
	struct dwunw_process *process;
	uint8_t bytes[8192];
	struct target t;
	uint64_t sp, border;

	context_start(&ctx, 0);
	target_start(&t, TARGET("victim"), "wait");
	moment_take(&moment, t.pid, t.pid);
	sp = moment.regs.sp;
	dwunw_process_open(&ctx, t.pid, &process);
	is_u64(dwunw_process_read(process, sp, bytes, 64), DWUNW_OK,
	       "live memory");
	ok(!memcmp(bytes, moment.bytes + 128, 64), "is the target's");
	is_u64(dwunw_process_read(process, 0, bytes, 8), DWUNW_ERR_INVALID_ARG,
	       "nothing at 0");
	is_u64(dwunw_process_read(process, UINT64_MAX - 3, bytes, 8),
	       DWUNW_ERR_INVALID_ARG, "nor around the end");
	border = (moment.addr + moment.size + 4095) & ~4095ull;
	is_u64(dwunw_process_read(process, border - 8, bytes, 8), DWUNW_OK,
	       "the last bytes of the stack");
	is_u64(dwunw_process_read(process, border - 8, bytes, 16),
	       DWUNW_ERR_INVALID_ARG, "half of a range is none of it");
	is_u64(dwunw_process_read(process, 0, bytes, 0), DWUNW_OK,
	       "no byte is anywhere");
	target_end(&t);
	dwunw_shutdown(&ctx);
}

static void small_table(void)
{
	struct dwunw_config config = { .process_capacity = 2, .log = keep_log };
	struct dwunw_process *held[3] = { 0 };
	struct target t[3];

	logged[0] = 0;
	dwunw_init_with(&ctx, &config);
	for (unsigned i = 0; i < 3; i++)
		target_start(&t[i], TARGET("victim"), "wait");
	for (unsigned i = 0; i < 6; i++) {
		moment_take(&moment, t[i % 3].pid, t[i % 3].pid);
		stack_of(&ctx, t[i % 3].pid, &moment, 1, &s);
		ok(rooted(), "process %u in a table of two", i % 3);
	}
	for (unsigned i = 0; i < 2; i++)
		is_u64(dwunw_process_open(&ctx, t[i].pid, &held[i]), DWUNW_OK,
		       "held by hand: %u", i);
	is_u64(dwunw_process_open(&ctx, t[2].pid, &held[2]),
	       DWUNW_ERR_NO_MEMORY, "a third has no place");
	dwunw_process_close(held[0]);
	is_u64(dwunw_process_open(&ctx, t[2].pid, &held[2]), DWUNW_OK,
	       "until one is closed");
	for (unsigned i = 0; i < 3; i++)
		target_end(&t[i]);
	dwunw_shutdown(&ctx);
}

/* --- requests ----------------------------------------------------------------------- */

static void requests(void)
{
	struct dwunw_unwind_request request;
	struct dwunw_frame frames[8];
	struct dwunw_regset regs;
	size_t count = 9;

	context_start(&ctx, 0);
	dwunw_regset_prepare(&regs, DWUNW_ARCH_X86_64);
	request = (struct dwunw_unwind_request){ .regs = &regs,
						 .frames = frames,
						 .max_frames = 8 };
	is_u64(dwunw_capture(&ctx, &request, &count), DWUNW_ERR_INVALID_ARG,
	       "neither pid, space nor path");
	is_u64(count, 0, "no frame");
	request.module_path = TARGET("victim");
	regs.pc = 0x10000;
	is_u64(dwunw_capture(&ctx, &request, &count), DWUNW_OK, "a path");
	is_u64(count, 1, "without memory: one frame");
	is_u64(frames[0].flags, DWUNW_FRAME_FLAG_PARTIAL, "flagged PARTIAL");
	request.max_frames = 0;
	is_u64(dwunw_capture(&ctx, &request, &count), DWUNW_ERR_INVALID_ARG,
	       "room for no frame");
	request.max_frames = 8;
	regs.version = 9;
	is_u64(dwunw_capture(&ctx, &request, &count), DWUNW_ERR_INVALID_ARG,
	       "registers of another version");
	regs.version = DWUNW_REGSET_VERSION;
	regs.arch = 77;
	is_u64(dwunw_capture(&ctx, &request, &count),
	       DWUNW_ERR_UNSUPPORTED_ARCH, "an unknown arch");
	regs.arch = DWUNW_ARCH_X86_64;
	request.module_path = "/nowhere";
	is_u64(dwunw_capture(&ctx, &request, &count), DWUNW_ERR_IO,
	       "a path without a file");
	request.pid = -1;
	is_u64(dwunw_capture(&ctx, &request, &count), DWUNW_ERR_INVALID_ARG,
	       "a negative pid");
	dwunw_shutdown(&ctx);
	is_u64(dwunw_capture(&ctx, &request, &count), DWUNW_ERR_INVALID_ARG,
	       "after shutdown");
	is_u64(dwunw_init_with(
		       &ctx, &(struct dwunw_config){ .row_cache_entries = 3 }),
	       DWUNW_ERR_INVALID_ARG, "a row cache of three entries");
}

/* One file and a bias, the stack as a copy: up to the file's border. */
static void one_file(void)
{
	struct dwunw_unwind_request request = { 0 };
	struct dwunw_frame frames[FRAMES];
	struct target t;
	size_t count;

	context_start(&ctx, 0);
	target_start(&t, TARGET("static"), "wait");
	moment_take(&moment, t.pid, t.pid);
	request.regs = &moment.regs;
	request.frames = frames;
	request.max_frames = FRAMES;
	request.module_path = TARGET("static");
	request.stack = (struct dwunw_snapshot){ moment.bytes, moment.addr,
						 moment.size };
	is_u64(dwunw_capture(&ctx, &request, &count), DWUNW_OK,
	       "a static program by its path");
	is_u64(request.stop.reason, DWUNW_STOP_ROOT, "%zu frames, to its root",
	       count);
	request.load_bias = 0x100000000000;
	is_u64(dwunw_capture(&ctx, &request, &count), DWUNW_OK, "elsewhere");
	is_u64(request.stop.reason, DWUNW_STOP_NO_MODULE,
	       "with a wrong bias it does not hold the pc");
	request.load_bias = UINT64_MAX - 0x1000;
	dwunw_capture(&ctx, &request, &count);
	target_end(&t);
	dwunw_shutdown(&ctx);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	plain();
	deleted();
	late_libraries(true);
	written_to();
	dlopen_after(0);
	dlopen_after(5);
	forked();
	exec(0, 0);
	exec(3, DWUNW_EVENT_EXEC);
	naming();
	exited();
	orphaned();
	jit();
	path_becomes_link();
	vdso();
	memory();
	small_table();
	requests();
	one_file();
	if (geteuid()) {
		skip(5, "needs root");
		return done();
	}
	pid_reused(0);
	pid_reused(4);
	no_permission();
	own_processes();
	mount_namespace();
	changed_root();
	return done();
}
