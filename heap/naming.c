/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
#include <dwunw/heap.h>
#include <dwunw/linux.h>
#include <dwunw/trace.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

struct wish {
	struct wish *next;
	struct dwunw_stack *stack;
	int32_t pid;
};

struct dwunw_naming {
	bool alone; /* without a thread: who asks waits */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct wish *first; /* under lock, as the rest */
	struct wish **last;
	uint32_t open; /* waiting, and the one at work */
	bool end;
	struct dwunw_context *ctx;
	struct dwunw_symbol_resolver *resolver;
};

bool dwunw_stack_is_named(const struct dwunw_stack *stack)
{
	return __atomic_load_n(&stack->named, __ATOMIC_ACQUIRE);
}

static void name(struct dwunw_naming *naming, struct dwunw_stack *stack,
		 int32_t pid)
{
	dwunw_stack_set_names(stack, naming->ctx, naming->resolver, pid);
	__atomic_store_n(&stack->named, true, __ATOMIC_RELEASE);
}

/* NULL: no more, and there will not be. */
static struct wish *take(struct dwunw_naming *naming)
{
	struct wish *wish;

	pthread_mutex_lock(&naming->lock);
	while (!naming->first && !naming->end)
		pthread_cond_wait(&naming->more, &naming->lock);
	wish = naming->end ? NULL : naming->first;
	if (wish) {
		naming->first = wish->next;
		if (!naming->first)
			naming->last = &naming->first;
	}
	pthread_mutex_unlock(&naming->lock);
	return wish;
}

static void *work(void *ctx)
{
	struct dwunw_naming *naming = ctx;
	struct wish *wish;

	/* the reader's is more urgent; Linux has this for each thread */
	prctl(PR_SET_NAME, "names");
	setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), 10);
	while ((wish = take(naming))) {
		name(naming, wish->stack, wish->pid);
		free(wish);
		pthread_mutex_lock(&naming->lock);
		naming->open--;
		pthread_mutex_unlock(&naming->lock);
	}
	return NULL;
}

int dwunw_naming_start(struct dwunw_naming **result, struct dwunw_context *ctx,
		       struct dwunw_symbol_resolver *resolver)
{
	struct dwunw_naming *naming = calloc(1, sizeof(*naming));
	int error;

	if (!naming)
		return -ENOMEM;
	naming->ctx = ctx;
	naming->resolver = resolver;
	naming->last = &naming->first;
	naming->alone = !dwunw_has_futex();
	if (naming->alone) {
		*result = naming;
		return 0;
	}
	pthread_mutex_init(&naming->lock, NULL);
	pthread_cond_init(&naming->more, NULL);
	error = pthread_create(&naming->thread, NULL, work, naming);
	if (error)
		free(naming);
	else
		*result = naming;
	return -error;
}

void dwunw_naming_add(struct dwunw_naming *naming, struct dwunw_stack *stack,
		      int32_t pid)
{
	struct wish *wish;

	if (naming->alone) {
		name(naming, stack, pid);
		return;
	}
	wish = malloc(sizeof(*wish));
	if (!wish) { /* it keeps its addresses */
		__atomic_store_n(&stack->named, true, __ATOMIC_RELEASE);
		return;
	}
	*wish = (struct wish){ .stack = stack, .pid = pid };
	pthread_mutex_lock(&naming->lock);
	*naming->last = wish;
	naming->last = &wish->next;
	naming->open++;
	pthread_cond_signal(&naming->more);
	pthread_mutex_unlock(&naming->lock);
}

bool dwunw_naming_is_done(struct dwunw_naming *naming)
{
	bool done;

	if (naming->alone)
		return true;
	pthread_mutex_lock(&naming->lock);
	done = !naming->open;
	pthread_mutex_unlock(&naming->lock);
	return done;
}

void dwunw_naming_end(struct dwunw_naming *naming)
{
	if (!naming)
		return;
	if (naming->alone) {
		free(naming);
		return;
	}
	pthread_mutex_lock(&naming->lock);
	naming->end = true;
	pthread_cond_signal(&naming->more);
	pthread_mutex_unlock(&naming->lock);
	pthread_join(naming->thread, NULL);
	while (naming->first) {
		struct wish *wish = naming->first;

		naming->first = wish->next;
		free(wish);
	}
	free(naming);
}
