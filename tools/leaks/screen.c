/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * screen.c - a report as a table, on a terminal anew each time; keys sort it and
 * unfold its stacks. What a terminal is told are the sequences that all have had
 * since the VT100 (ECMA-48), of which nothing is asked back.
 */
#include "leak.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define HEAD_LINES 3
#define FRAMES_MAX 64

struct row {
	uint32_t entry;
	int64_t amount;
	int64_t growth;
	int64_t count;
};

static struct {
	int tty; /* -1: no terminal */
	struct termios before;
	bool is_drawn;
	enum screen_order order;
	uint32_t selected; /* a row, */
	uint32_t first;	   /* the topmost that is shown */
	bool unfolded;
	uint32_t stack; /* that is */
	int64_t *base;	/* amounts that growth is counted from, by stack */
	uint32_t base_room;
	bool has_base;
	struct row *rows;
	uint32_t row_count;
	/* of the line at hand */
	uint32_t width;
	uint32_t column;
	uint32_t height;
} screen = { .tty = -1 };

/* --- the terminal ---------------------------------------------------------------- */

static void tell(const char *text)
{
	fputs(text, stdout);
	fflush(stdout);
}

static void close_screen(void)
{
	if (screen.tty < 0)
		return;
	if (screen.is_drawn) /* the cursor, the screen of before */
		tell("\033[?25h\033[?1049l");
	tcsetattr(screen.tty, TCSANOW, &screen.before);
	close(screen.tty);
	screen.tty = -1;
}

/* Signals are what they were; nothing waits for a line's end. */
static bool set_keys(void)
{
	struct termios keys;

	if (tcgetattr(screen.tty, &screen.before))
		return false;
	keys = screen.before;
	keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	keys.c_cc[VMIN] = 0;
	keys.c_cc[VTIME] = 0;
	return !tcsetattr(screen.tty, TCSANOW, &keys);
}

void screen_open(enum screen_order order)
{
	screen.order = order;
	if (!isatty(STDOUT_FILENO))
		return;
	screen.tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (screen.tty < 0 || !set_keys()) {
		screen.tty = -1;
		return;
	}
	atexit(close_screen);
}

/* Not before there is something to show: what is said at the start stays. */
static void begin_screen(void)
{
	if (screen.tty >= 0 && !screen.is_drawn)
		tell("\033[?1049h\033[?25l");
	screen.is_drawn = true;
}

static void measure(void)
{
	struct winsize size = { 0 };

	screen.width = 80;
	screen.height = UINT32_MAX;
	if (screen.tty < 0)
		return;
	screen.height = 24;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col)
		return;
	screen.width = size.ws_col;
	screen.height = size.ws_row > HEAD_LINES + 1 ? size.ws_row :
						       HEAD_LINES + 1;
}

/* --- lines, no wider than the screen ------------------------------------------------ */

static bool is_continued(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80; /* UTF-8 */
}

static void put(const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (!is_continued(*text) && screen.column++ >= screen.width)
			return;
		putchar(c < 0x20 || c == 0x7f ? '?' : *text);
	}
}

static void put_right(const char *text, uint32_t width)
{
	for (size_t i = strlen(text); i < width; i++)
		put(" ");
	put(text);
	put(" ");
}

static void end_line(void)
{
	fputs(screen.tty < 0 ? "\n" : "\033[0m\033[K\r\n", stdout);
	screen.column = 0;
}

/* Four digits at most, and a unit. */
static void shorten(char *text, size_t size, int64_t value, bool bytes)
{
	static const char units[] = " KMGTPE";
	uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	uint64_t step = bytes ? 1024 : 1000, rest = 0;
	const char *sign = value < 0 ? "-" : "";
	size_t unit = 0;

	while (left >= 10000) {
		rest = left % step * 10 / step;
		left /= step;
		unit++;
	}
	if (!unit)
		snprintf(text, size, "%s%" PRIu64, sign, left);
	else if (left < 100)
		snprintf(text, size, "%s%" PRIu64 ".%" PRIu64 "%c", sign, left,
			 rest, units[unit]);
	else
		snprintf(text, size, "%s%" PRIu64 "%c", sign, left,
			 units[unit]);
}

/* --- rows ----------------------------------------------------------------------------- */

static uint32_t amount_value(const struct dwunw_report *report)
{
	return !report->meta.event ? DWUNW_REPORT_LIVE_BYTES :
	       report->meta.unit   ? DWUNW_REPORT_EVENT :
				     DWUNW_REPORT_SAMPLES;
}

static uint32_t count_value(const struct dwunw_report *report)
{
	return report->meta.event ? DWUNW_REPORT_SAMPLES :
				    DWUNW_REPORT_LIVE_BLOCKS;
}

static bool make_base(uint32_t count)
{
	int64_t *base;

	if (count <= screen.base_room)
		return true;
	base = realloc(screen.base, 2 * (size_t)count * sizeof(*base));
	if (!base)
		return false;
	memset(base + screen.base_room, 0,
	       (2 * (size_t)count - screen.base_room) * sizeof(*base));
	screen.base = base;
	screen.base_room = 2 * count;
	return true;
}

/* What is there at the first report, or when it is asked for, is no growth. */
static void set_base(const struct dwunw_report *report)
{
	memset(screen.base, 0, screen.base_room * sizeof(*screen.base));
	for (uint32_t i = 0; i < report->entry_count; i++)
		screen.base[report->entries[i].stack] +=
			report->entries[i].values[amount_value(report)];
	screen.has_base = true;
}

static int64_t key_of(const struct row *row)
{
	return screen.order == SCREEN_BY_GROWTH ? row->growth :
	       screen.order == SCREEN_BY_COUNT	? row->count :
						  row->amount;
}

static int most_first(const void *a, const void *b)
{
	int64_t left = key_of(a), right = key_of(b);

	if (left != right)
		return left < right ? 1 : -1;
	/* they come most bytes first */
	return ((const struct row *)a)->entry < ((const struct row *)b)->entry ?
		       -1 :
		       1;
}

static void sort_rows(void)
{
	if (screen.row_count)
		qsort(screen.rows, screen.row_count, sizeof(*screen.rows),
		      most_first);
}

static void make_rows(const struct dwunw_report *report)
{
	struct row *rows = realloc(screen.rows,
				   (report->entry_count + 1ul) * sizeof(*rows));

	screen.row_count = 0;
	if (!rows || !make_base(report->stack_count + 1))
		return;
	screen.rows = rows;
	if (!screen.has_base)
		set_base(report);
	for (uint32_t i = 0; i < report->entry_count; i++) {
		const struct dwunw_report_entry *entry = &report->entries[i];
		int64_t amount = entry->values[amount_value(report)];

		if (report->stacks[entry->stack].of_thread)
			continue;
		rows[screen.row_count++] = (struct row){
			.entry = i,
			.amount = amount,
			.growth = amount - screen.base[entry->stack],
			.count = entry->values[count_value(report)],
		};
	}
	sort_rows();
}

/* --- the table -------------------------------------------------------------------------- */

static const char *file_of(const struct dwunw_report *report,
			   const struct dwunw_report_frame *frame)
{
	const char *path, *slash;

	if (!frame->frame.module)
		return "unknown";
	path = report->files[frame->frame.module - 1].path;
	slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static void put_call(const struct dwunw_report *report,
		     const struct dwunw_report_frame *frame,
		     const struct dwunw_report_call *call, bool line)
{
	char text[320];

	if (call->function)
		put(call->function);
	if (!call->function) {
		snprintf(text, sizeof(text), "[%.200s]+0x%" PRIx64,
			 file_of(report, frame),
			 frame->frame.module ? frame->frame.vaddr :
					       frame->frame.pc);
		put(text);
	}
	if (!line || !call->source)
		return;
	snprintf(text, sizeof(text), " %.256s:%" PRIu32, call->source,
		 call->line);
	put(text);
}

/* Inwards to outwards, as far as the line goes. */
static void put_chain(const struct dwunw_report *report,
		      const struct dwunw_report_stack *stack)
{
	for (uint32_t i = 0; i < stack->count && screen.column < screen.width;
	     i++) {
		const struct dwunw_report_frame *frame =
			&report->frames[stack->frames[i]];

		for (uint32_t k = frame->inlined_count; k-- > 0;) {
			put_call(report, frame, &frame->inlined[k], false);
			put(" < ");
		}
		put_call(report, frame, &frame->call, false);
		if (i + 1 < stack->count)
			put(" < ");
	}
}

/* How many lines are used. */
static uint32_t put_frames(const struct dwunw_report *report,
			   const struct dwunw_report_stack *stack,
			   uint32_t room)
{
	uint32_t used = 0;

	for (uint32_t i = 0; i < stack->count && used < room; i++) {
		const struct dwunw_report_frame *frame =
			&report->frames[stack->frames[i]];

		for (uint32_t k = frame->inlined_count; k-- > 0 && used < room;
		     used++) {
			put("    ");
			put_call(report, frame, &frame->inlined[k], true);
			put(" (inlined)");
			end_line();
		}
		if (used == room)
			break;
		put("    ");
		put_call(report, frame, &frame->call, true);
		end_line();
		used++;
	}
	if (stack->end[0] && used < room) {
		put("    ends here: ");
		put(stack->end);
		end_line();
		used++;
	}
	return used;
}

/* A narrow terminal has fewer columns of numbers. */
static bool has_count(void)
{
	return screen.width >= 44;
}

static bool has_growth(void)
{
	return screen.width >= 28;
}

static void put_row(const struct dwunw_report *report, const struct row *row,
		    bool selected)
{
	const struct dwunw_report_entry *entry = &report->entries[row->entry];
	bool bytes = !report->meta.event;
	char text[32];

	if (selected && screen.tty >= 0)
		fputs("\033[7m", stdout);
	shorten(text, sizeof(text), row->amount, bytes);
	put_right(text, 8);
	if (has_growth()) {
		shorten(text, sizeof(text), row->growth, bytes);
		put_right(text, 8);
	}
	if (has_count()) {
		shorten(text, sizeof(text), row->count, false);
		put_right(text, 7);
	}
	put_chain(report, &report->stacks[entry->stack]);
	end_line();
}

static void put_sums(const struct dwunw_report *report)
{
	int64_t amount = dwunw_report_total(report, amount_value(report));
	int64_t count = dwunw_report_total(report, count_value(report));
	char text[256], clock[16];
	time_t now = time(NULL);

	strftime(clock, sizeof(clock), "%H:%M:%S", localtime(&now));
	if (!report->meta.event)
		snprintf(text, sizeof(text),
			 "%s %" PRId64 " bytes in %" PRId64 " allocations",
			 clock, amount, count);
	else if (report->meta.unit)
		snprintf(text, sizeof(text),
			 "%s %" PRId64 " %s in %" PRId64 " %.100s events",
			 clock, amount, report->meta.unit, count,
			 report->meta.event);
	else
		snprintf(text, sizeof(text), "%s %" PRId64 " %.100s events",
			 clock, count, report->meta.event);
	put(text);
	snprintf(text, sizeof(text), ", %" PRIu32 " stacks%s", screen.row_count,
		 report->meta.estimated ? " (estimated)" : "");
	put(text);
	count = report->apart[DWUNW_REPORT_UNKNOWN][count_value(report)] +
		report->apart[DWUNW_REPORT_UNKEPT][count_value(report)];
	if (count) {
		snprintf(text, sizeof(text),
			 ", %" PRId64 " of no stack that is kept", count);
		put(text);
	}
	end_line();
}

static const char *amount_name(const struct dwunw_report *report)
{
	return !report->meta.event			 ? "bytes" :
	       !report->meta.unit			 ? "events" :
	       !strcmp(report->meta.unit, "nanoseconds") ? "ns" :
							   "us";
}

static void put_head(const struct dwunw_report *report)
{
	static const char *const marks[] = { [SCREEN_BY_AMOUNT] = "amount",
					     [SCREEN_BY_GROWTH] = "growth",
					     [SCREEN_BY_COUNT] = "count" };

	put_sums(report);
	if (screen.tty >= 0) {
		put("by ");
		put(marks[screen.order]);
		put(": b g n, enter unfolds, r resets, q quits");
		end_line();
	}
	put_right(amount_name(report), 8);
	if (has_growth())
		put_right("growth", 8);
	if (has_count())
		put_right(report->meta.event ? "events" : "blocks", 7);
	put("stack");
	end_line();
}

/* The row that is selected is on the screen. */
static void scroll(uint32_t lines)
{
	if (screen.row_count && screen.selected >= screen.row_count)
		screen.selected = screen.row_count - 1;
	if (screen.selected < screen.first)
		screen.first = screen.selected;
	if (screen.selected >= screen.first + lines)
		screen.first = screen.selected - lines + 1;
	if (screen.first >= screen.row_count)
		screen.first = 0;
}

static void put_rows(const struct leak *leak)
{
	const struct dwunw_report *report = &leak->report;
	uint32_t most = leak->report_options.top, lines = 10, used = 0;

	if (screen.tty >= 0)
		lines = screen.height - HEAD_LINES - 1;
	if (screen.tty < 0 && most)
		lines = most;
	scroll(lines);
	for (uint32_t i = screen.first; i < screen.row_count && used < lines;
	     i++, used++) {
		const struct row *row = &screen.rows[i];
		uint32_t stack = report->entries[row->entry].stack;

		if (most && i >= most)
			break;
		put_row(report, row, i == screen.selected);
		if (screen.unfolded && stack == screen.stack)
			used += put_frames(report, &report->stacks[stack],
					   lines - used - 1);
	}
}

static void draw(const struct leak *leak)
{
	measure();
	begin_screen();
	if (screen.tty >= 0)
		fputs("\033[H", stdout);
	put_head(&leak->report);
	put_rows(leak);
	if (screen.tty >= 0)
		fputs("\033[J", stdout);
	else
		putchar('\n');
	fflush(stdout);
}

void screen_print(struct leak *leak)
{
	make_rows(&leak->report);
	if (leak->report.meta.last)
		close_screen();
	draw(leak);
}

/* --- keys ----------------------------------------------------------------------------------- */

static void unfold(const struct dwunw_report *report)
{
	uint32_t stack;

	if (screen.selected >= screen.row_count)
		return;
	stack = report->entries[screen.rows[screen.selected].entry].stack;
	screen.unfolded = !screen.unfolded || screen.stack != stack;
	screen.stack = stack;
}

static void sort_by(enum screen_order order)
{
	screen.order = order;
	screen.selected = screen.first = 0;
}

static void press(const struct leak *leak, char key)
{
	if (key == 'q')
		raise(SIGINT);
	if (!leak->report.meta.has) /* there is none yet */
		return;
	switch (key) {
	case 'b':
		sort_by(SCREEN_BY_AMOUNT);
		break;
	case 'g':
		sort_by(SCREEN_BY_GROWTH);
		break;
	case 'n':
		sort_by(SCREEN_BY_COUNT);
		break;
	case 'j':
		screen.selected++;
		break;
	case 'k':
		screen.selected -= screen.selected > 0;
		break;
	case 'r':
		if (make_base(leak->report.stack_count + 1))
			set_base(&leak->report);
		break;
	case '\r':
	case '\n':
		unfold(&leak->report);
		break;
	}
}

/* Arrows are ESC [ A and ESC [ B. */
bool screen_poll(struct leak *leak)
{
	char keys[64];
	ssize_t count = screen.tty < 0 ? 0 :
					 read(screen.tty, keys, sizeof(keys));

	for (ssize_t i = 0; i < count; i++) {
		if (keys[i] != '\033') {
			press(leak, keys[i]);
			continue;
		}
		if (i + 2 < count && keys[i + 1] == '[')
			press(leak, keys[i + 2] == 'A' ? 'k' :
				    keys[i + 2] == 'B' ? 'j' :
							 0);
		i += 2;
	}
	if (count <= 0 || !leak->report.meta.has)
		return false;
	make_rows(&leak->report);
	return true;
}
