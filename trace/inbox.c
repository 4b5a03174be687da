/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * Events between the kernel's buffer and the tool: a thread reads the buffer at
 * once, so that it does not overflow while the tool is busy (reading a file,
 * printing), and keeps them in a list of at most DWUNW_INBOX_MAX bytes until
 * they are asked for.
 *
 *	kernel -> [ring buffer] -> thread: put() -> list -> dwunw_inbox_read() -> tool
 *
 * For example, a report that takes 2 s while 100,000 events a second arrive:
 * they wait in memory, and none is lost. When the list is full, or there is no
 * memory, the thread waits, and the kernel's buffer, which counts what it drops,
 * is the limit again.
 */
#include <dwunw/linux.h>
#include <dwunw/loader.h>
#include <dwunw/trace.h>

#include <errno.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

/* How long the thread waits for the kernel before it looks for its end. */
#define READ_MS 20
/* A burst that was larger is given back to the system once it is read. */
#define BURST_SIZE (1ul << 20)

struct letter {
	struct letter *next;
	size_t size;
	_Alignas(8) uint8_t bytes[];
};

struct dwunw_inbox {
	bool alone; /* without a thread: who asks reads */
	struct dwunw_loader *loader;
	dwunw_loader_event_fn on_event;
	void *ctx;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t came;
	pthread_cond_t went;
	struct letter *first; /* under lock, as the rest */
	struct letter **last;
	size_t bytes;
	size_t most; /* that there were since they were given back */
	/* an event for which there was no memory, where the kernel has it: the
	 * thread waits while it is lent */
	void *lent;
	size_t lent_size;
	bool lending;
	uint64_t passes; /* of the thread over the kernel's buffer */
	int error;
	bool end;
};

/*
 * Without memory, and nothing that could be read to have some again: who reads is
 * given the kernel's own bytes, and the thread waits until they were read.
 */
static void lend(struct dwunw_inbox *inbox, void *bytes, size_t size)
{
	inbox->lent = bytes;
	inbox->lent_size = size;
	inbox->lending = true;
	pthread_cond_signal(&inbox->came);
	while (inbox->lending && !inbox->end)
		pthread_cond_wait(&inbox->went, &inbox->lock);
	inbox->lent = NULL;
}

/* Under lock. */
static void append(struct dwunw_inbox *inbox, struct letter *letter)
{
	*inbox->last = letter;
	inbox->last = &letter->next;
	inbox->bytes += letter->size;
	if (inbox->most < inbox->bytes)
		inbox->most = inbox->bytes;
	pthread_cond_signal(&inbox->came);
}

/*
 * From the kernel, in the thread.
 *
 * The bytes are the kernel's and are copied. An event is dropped here only at the
 * end: without memory it waits for events that are read, then it is lent; and
 * the kernel's buffer counts what has no room meanwhile.
 */
static void put(void *ctx, void *bytes, size_t size)
{
	struct dwunw_inbox *inbox = ctx;
	struct letter *letter = malloc(sizeof(*letter) + size);

	if (letter) {
		letter->next = NULL;
		letter->size = size;
		memcpy(letter->bytes, bytes, size);
	}
	pthread_mutex_lock(&inbox->lock);
	while (!inbox->end && inbox->first &&
	       (!letter || inbox->bytes > DWUNW_INBOX_MAX))
		pthread_cond_wait(&inbox->went, &inbox->lock);
	if (letter && !inbox->end) {
		append(inbox, letter);
		letter = NULL;
	} else if (!inbox->end) {
		lend(inbox, bytes, size);
	}
	pthread_mutex_unlock(&inbox->lock);
	free(letter);
}

static bool ended(struct dwunw_inbox *inbox)
{
	bool end;

	pthread_mutex_lock(&inbox->lock);
	end = inbox->end;
	pthread_mutex_unlock(&inbox->lock);
	return end;
}

/*
 * An error of the kernel's buffer ends the thread and is told by the next read.
 */
static void *work(void *ctx)
{
	struct dwunw_inbox *inbox = ctx;

	prctl(PR_SET_NAME, "events");
	while (!ended(inbox)) {
		int error = dwunw_loader_read_events(inbox->loader, READ_MS);

		pthread_mutex_lock(&inbox->lock);
		inbox->passes++;
		if (error) {
			inbox->error = error;
			inbox->end = true;
			pthread_cond_signal(&inbox->came);
		}
		pthread_mutex_unlock(&inbox->lock);
	}
	return NULL;
}

static void free_all(struct dwunw_inbox *inbox)
{
	while (inbox->first) {
		struct letter *letter = inbox->first;

		inbox->first = letter->next;
		free(letter);
	}
	free(inbox);
}

/* CLOCK_MONOTONIC: a wait must not depend on who sets the clock. */
static int start(struct dwunw_inbox *inbox)
{
	pthread_condattr_t clock;

	inbox->last = &inbox->first;
	pthread_mutex_init(&inbox->lock, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&inbox->came, &clock);
	pthread_cond_init(&inbox->went, NULL);
	return pthread_create(&inbox->thread, NULL, work, inbox);
}

int dwunw_inbox_open(struct dwunw_inbox **result, struct dwunw_loader *loader,
		     dwunw_loader_event_fn on_event, void *ctx)
{
	struct dwunw_inbox *inbox = calloc(1, sizeof(*inbox));
	int error;

	if (!inbox)
		return -ENOMEM;
	inbox->loader = loader;
	inbox->on_event = on_event;
	inbox->ctx = ctx;
	inbox->alone = !dwunw_has_futex();
	error = inbox->alone ? dwunw_loader_open_events(loader, on_event, ctx) :
			       dwunw_loader_open_events(loader, put, inbox);
	if (!error && !inbox->alone)
		error = -start(inbox);
	if (error)
		free(inbox);
	else
		*result = inbox;
	return error;
}

/*
 * The first letter that waits; NULL: none came within timeout_ms. It is the
 * caller's, to be freed.
 */
static struct letter *take(struct dwunw_inbox *inbox, int timeout_ms,
			   int *error)
{
	struct letter *first;
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += timeout_ms / 1000;
	until.tv_nsec += timeout_ms % 1000 * 1000000l;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&inbox->lock);
	/* ends with a letter, the end, or ETIMEDOUT */
	while (!inbox->first && !inbox->lent && !inbox->end && timeout_ms &&
	       !pthread_cond_timedwait(&inbox->came, &inbox->lock, &until))
		;
	first = inbox->first;
	if (first) {
		inbox->first = first->next;
		inbox->bytes -= first->size;
		if (!inbox->first)
			inbox->last = &inbox->first;
	}
	*error = inbox->error;
	pthread_cond_signal(&inbox->went);
	pthread_mutex_unlock(&inbox->lock);
	return first;
}

/* What is lent comes behind all letters. */
static bool read_lent(struct dwunw_inbox *inbox)
{
	void *bytes;

	pthread_mutex_lock(&inbox->lock);
	bytes = inbox->lent;
	inbox->lent = NULL;
	pthread_mutex_unlock(&inbox->lock);
	if (!bytes)
		return false;
	inbox->on_event(inbox->ctx, bytes, inbox->lent_size);
	pthread_mutex_lock(&inbox->lock);
	inbox->lending = false;
	pthread_cond_signal(&inbox->went);
	pthread_mutex_unlock(&inbox->lock);
	return true;
}

/* glibc keeps what a burst took until it is asked; other libcs decide by themselves. */
static void give_back(struct dwunw_inbox *inbox)
{
	bool large;

	pthread_mutex_lock(&inbox->lock);
	large = !inbox->first && inbox->most > BURST_SIZE;
	if (large)
		inbox->most = 0;
	pthread_mutex_unlock(&inbox->lock);
#ifdef __GLIBC__
	if (large)
		malloc_trim(0);
#endif
}

/* False: nothing has come. */
static bool read_one(struct dwunw_inbox *inbox, int timeout_ms, int *error)
{
	struct letter *letter = take(inbox, timeout_ms, error);

	if (!letter) {
		give_back(inbox);
		return read_lent(inbox);
	}
	inbox->on_event(inbox->ctx, letter->bytes, letter->size);
	free(letter);
	return true;
}

/*
 * Calls on_event() for what has come; timeout_ms is waited for the first only.
 */
int dwunw_inbox_read(struct dwunw_inbox *inbox, int timeout_ms)
{
	struct timespec now, begun;
	int error = 0;

	if (inbox->alone)
		return dwunw_loader_read_events(inbox->loader, timeout_ms);
	clock_gettime(CLOCK_MONOTONIC, &begun);
	while (read_one(inbox, timeout_ms, &error)) {
		timeout_ms = 0;
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec - begun.tv_sec > 1)
			break; /* who asks has other things to do as well */
	}
	return error;
}

static uint64_t passes(struct dwunw_inbox *inbox)
{
	uint64_t passes;

	pthread_mutex_lock(&inbox->lock);
	passes = inbox->end ? UINT64_MAX : inbox->passes;
	pthread_mutex_unlock(&inbox->lock);
	return passes;
}

/*
 * The pass that is under way may have begun before.
 *
 * Two passes later everything that was in the kernel's buffer before the call
 * has come.
 */
int dwunw_inbox_read_all(struct dwunw_inbox *inbox)
{
	uint64_t begun = inbox->alone ? 0 : passes(inbox);
	int error = dwunw_inbox_read(inbox, 0);

	while (!error && !inbox->alone && passes(inbox) - begun < 2)
		error = dwunw_inbox_read(inbox, 5);
	return error ? error : dwunw_inbox_read(inbox, 0);
}

/*
 * The thread sees `end` within READ_MS; letters that nobody has read are freed.
 */
void dwunw_inbox_close(struct dwunw_inbox *inbox)
{
	if (!inbox)
		return;
	if (inbox->alone) {
		free(inbox);
		return;
	}
	pthread_mutex_lock(&inbox->lock);
	inbox->end = true;
	pthread_cond_signal(&inbox->went);
	pthread_mutex_unlock(&inbox->lock);
	pthread_join(inbox->thread, NULL);
	free_all(inbox);
}
