/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/*
 * push.c - a report -> a profile of pprof -> POST URL/ingest of a Pyroscope server
 * (its "Server HTTP API"), or by OTLP/HTTP to URL/v1development/profiles; by libcurl, which is loaded when it is asked for: no program
 * that was built with this needs it.
 *
 *	push_report()	a profile, behind the others that wait; the oldest goes if
 *			there are too many
 *	the thread	sends one after the other; one that a server cannot take now is
 *			tried again, a few times
 */
#include "push.h"

#include <dwunw/linux.h>

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

bool push_take_label(struct push_options *options, const char *text)
{
	const char *equals = strchr(text, '=');

	if (!equals || equals == text || options->label_count == PUSH_LABELS ||
	    strpbrk(equals + 1, "{},=\" \t"))
		return false;
	for (const char *at = text; at < equals; at++)
		if (!isalnum((unsigned char)*at) && *at != '_')
			return false;
	options->labels[options->label_count++] = text;
	return true;
}

const char *push_contradiction(const struct push_options *options)
{
	const char *url = options->url;

	if (!url)
		return options->headers || options->name || options->format ||
				       options->label_count ?
			       "--push-headers, --push-name, --push-label and "
			       "--push-format are about --push URL" :
			       NULL;
	if (strncmp(url, "http://", 7) && strncmp(url, "https://", 8))
		return "--push: a URL begins with http:// or https://";
	if (strchr(url, '@')) /* others would see it, in ps(1) as well */
		return "--push: who may send is in the file of --push-headers, "
		       "and not in the URL";
	return strpbrk(url, "?# ") ? "--push: the URL of the server alone, as "
				     "http://localhost:4040" :
				     NULL;
}

#ifdef CONFIG_PUSH
#include <dlfcn.h>

/* One report at a time may be behind by so many, and by so many bytes. */
#define WAITING_MAX 16u
#define BYTES_MAX ((size_t)64 << 20)
#define AGENT "User-Agent: dwunw (opentelemetry-proto 1.11.0)"
#define HEADERS_MAX 64u
#define TRIES 5u
#define FIRST_WAIT_MS 250u
#define CLOSE_MS 4000u
#define CONNECT_MS 3000L
#define SEND_MS 5000L

/* curl/curl.h of libcurl 7.19 and later, whose numbers do not change */
enum {
	CURLOPT_HTTPHEADER = 10023,
	CURLOPT_POSTFIELDS = 10015,
	CURLOPT_POSTFIELDSIZE_LARGE = 30120,
	CURLOPT_URL = 10002,
	CURLOPT_WRITEFUNCTION = 20011,
	CURLOPT_NOSIGNAL = 99,
	CURLOPT_CONNECTTIMEOUT_MS = 156,
	CURLOPT_TIMEOUT_MS = 155,
	CURLOPT_PROTOCOLS = 181,
	CURLINFO_RESPONSE_CODE = 0x200002,
	CURLPROTO_HTTP_HTTPS = 3,
	CURL_GLOBAL_DEFAULT = 3,
};

static struct {
	void *library;
	int (*global_init)(long flags);
	void *(*init)(void);
	int (*setopt)(void *handle, int option, ...);
	int (*perform)(void *handle);
	int (*getinfo)(void *handle, int info, ...);
	void (*cleanup)(void *handle);
	const char *(*strerror)(int error);
	void *(*append)(void *list, const char *text);
	void (*free_all)(void *list);
} curl;

struct message {
	struct message *next;
	char *url;
	uint8_t *body;
	size_t size;
	size_t room;
	char boundary[48];
};

struct push {
	struct push_options options;
	const char *tool;
	char *url; /* …/ingest, …/v1development/profiles */
	void *headers;
	char build_id[2 * DWUNW_BUILD_ID_MAX + 1];
	/* of the report before: what is sent are differences */
	int64_t (*before)[DWUNW_REPORT_VALUE_END]; /* by stack */
	uint32_t before_room;
	int64_t apart[DWUNW_REPORT_APART_END][DWUNW_REPORT_VALUE_END];
	uint64_t since_ns; /* CLOCK_REALTIME */
	/* the lock's: */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t thread;
	struct message *first;
	struct message **last;
	uint32_t waiting;
	size_t bytes;
	uint64_t sent;
	uint64_t lost;
	bool closing;
	uint64_t close_ns;
	char why[128]; /* of the last that failed; "": it was not tried */
};

static uint64_t now_ns(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void free_message(struct message *message)
{
	if (!message)
		return;
	free(message->url);
	free(message->body);
	free(message);
}

/* --- sending ---------------------------------------------------------------------- */

static size_t ignore(const char *bytes, size_t size, size_t count, void *ctx)
{
	(void)bytes;
	(void)ctx;
	return size * count;
}

static bool set_request(const struct push *push, void *handle, void *headers,
			const struct message *message)
{
	int bad = curl.setopt(handle, CURLOPT_URL, message->url);

	bad |= curl.setopt(handle, CURLOPT_HTTPHEADER, headers);
	bad |= curl.setopt(handle, CURLOPT_POSTFIELDS, message->body);
	bad |= curl.setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
			   (int64_t)message->size);
	bad |= curl.setopt(handle, CURLOPT_WRITEFUNCTION, ignore);
	bad |= curl.setopt(handle, CURLOPT_NOSIGNAL, 1L);
	bad |= curl.setopt(handle, CURLOPT_PROTOCOLS,
			   (long)CURLPROTO_HTTP_HTTPS);
	bad |= curl.setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	bad |= curl.setopt(handle, CURLOPT_TIMEOUT_MS, SEND_MS);
	(void)push;
	return !bad;
}

enum outcome {
	SENT,
	LATER, /* it may be taken then */
	REFUSED
};

static enum outcome send_with(struct push *push, void *handle, void *headers,
			      const struct message *message)
{
	long status = 0;
	int error;

	if (!set_request(push, handle, headers, message)) {
		snprintf(push->why, sizeof(push->why), "libcurl is too old");
		return REFUSED;
	}
	error = curl.perform(handle);
	curl.getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
	if (error)
		snprintf(push->why, sizeof(push->why), "%s",
			 curl.strerror(error));
	else
		snprintf(push->why, sizeof(push->why), "HTTP status %ld",
			 status);
	if (!error && status >= 200 && status < 300)
		return SENT;
	return error || status >= 500 || status == 429 || status == 408 ?
		       LATER :
		       REFUSED;
}

static void *add_header(void *list, const char *text)
{
	void *more = curl.append(list, text);

	return more ? more : list;
}

static enum outcome send_message(struct push *push,
				 const struct message *message)
{
	char type[96];
	void *handle = curl.init(), *headers;
	enum outcome outcome;

	if (!handle)
		return LATER;
	if (push->options.format == PUSH_OTLP)
		snprintf(type, sizeof(type),
			 "Content-Type: application/x-protobuf");
	else
		snprintf(type, sizeof(type),
			 "Content-Type: multipart/form-data; boundary=%s",
			 message->boundary);
	headers = add_header(NULL, type);
	headers = add_header(headers, "Expect:"); /* no 100-continue */
	headers = add_header(headers, AGENT);
	for (void **at = push->headers; at && *at; at++)
		headers = add_header(headers, *at);
	outcome = send_with(push, handle, headers, message);
	curl.free_all(headers);
	curl.cleanup(handle);
	return outcome;
}

/* Nobody waits any longer. With the lock. */
static bool is_over(const struct push *push)
{
	return push->closing && now_ns(CLOCK_MONOTONIC) >= push->close_ns;
}

/* False: it is over. With the lock. */
static bool wait_ms(struct push *push, uint32_t ms)
{
	uint64_t until = now_ns(CLOCK_REALTIME) + ms * 1000000ull;
	struct timespec at = { (time_t)(until / 1000000000u),
			       (long)(until % 1000000000u) };

	while (now_ns(CLOCK_REALTIME) < until && !is_over(push))
		if (pthread_cond_timedwait(&push->changed, &push->lock, &at))
			break;
	return !is_over(push);
}

/* With the lock, which is not held while it is sent. */
static bool try_often(struct push *push, const struct message *message)
{
	uint32_t wait = FIRST_WAIT_MS;

	for (uint32_t i = 0; i < TRIES; i++, wait *= 2) {
		enum outcome outcome;

		if (is_over(push) || (i && !wait_ms(push, wait)))
			return false;
		pthread_mutex_unlock(&push->lock);
		outcome = send_message(push, message);
		pthread_mutex_lock(&push->lock);
		if (outcome != LATER)
			return outcome == SENT;
	}
	return false;
}

static struct message *take_first(struct push *push)
{
	struct message *message = push->first;

	push->first = message->next;
	if (!push->first)
		push->last = &push->first;
	push->waiting--;
	push->bytes -= message->size;
	return message;
}

static void lose(struct push *push)
{
	if (!push->lost++)
		fprintf(stderr, "%s: --push %s: %s\n", push->tool,
			push->options.url,
			push->why[0] ? push->why : "the server is too slow");
}

static void *run(void *ctx)
{
	struct push *push = ctx;

	pthread_mutex_lock(&push->lock);
	while (push->first || !push->closing) {
		struct message *message;

		if (!push->first) {
			pthread_cond_wait(&push->changed, &push->lock);
			continue;
		}
		message = take_first(push);
		if (try_often(push, message))
			push->sent++;
		else
			lose(push);
		free_message(message);
	}
	pthread_mutex_unlock(&push->lock);
	return NULL;
}

/* --- what is sent ------------------------------------------------------------------- */

static bool put(void *ctx, const void *bytes, size_t size)
{
	struct message *message = ctx;
	uint8_t *body;

	if (message->size + size > message->room) {
		size_t room = 2 * (message->size + size) + 4096;

		body = realloc(message->body, room);
		if (!body)
			return false;
		message->body = body;
		message->room = room;
	}
	memcpy(message->body + message->size, bytes, size);
	message->size += size;
	return true;
}

static bool put_text(struct message *message, const char *text)
{
	return put(message, text, strlen(text));
}

/* As a string of JSON; what is no letter of ASCII there becomes '_'. */
static bool put_json(struct message *message, const char *text)
{
	bool good = put_text(message, "\"");

	for (; *text; text++) {
		char c = *text;

		if (c < 0x20 || c == 0x7f || c == '"' || c == '\\')
			c = '_';
		good &= put(message, &c, 1);
	}
	return good && put_text(message, "\"");
}

/* How the server adds up a kind of value over time. */
static bool put_type(struct message *message, const char *name,
		     const char *units, bool live)
{
	return put_json(message, name) && put_text(message, ":{\"units\":") &&
	       put_json(message, units) &&
	       put_text(message, live ? ",\"aggregation\":\"average\"" :
					",\"aggregation\":\"sum\"") &&
	       put_text(message, ",\"sampled\":false,\"display-name\":") &&
	       put_json(message, name) && put_text(message, "}");
}

static bool put_types(struct message *message,
		      const struct dwunw_report *report)
{
	bool good;

	if (!report->meta.event)
		return put_text(message, "{") &&
		       put_type(message, "alloc_objects", "objects", false) &&
		       put_text(message, ",") &&
		       put_type(message, "alloc_space", "bytes", false) &&
		       put_text(message, ",") &&
		       put_type(message, "inuse_objects", "objects", true) &&
		       put_text(message, ",") &&
		       put_type(message, "inuse_space", "bytes", true) &&
		       put_text(message, "}");
	good = put_text(message, "{") &&
	       put_type(message, "samples", "samples", false);
	if (report->meta.unit)
		good = good && put_text(message, ",") &&
		       put_type(message, report->meta.event, report->meta.unit,
				false);
	return good && put_text(message, "}");
}

static bool put_part(struct message *message, const char *name)
{
	char head[256];

	snprintf(head, sizeof(head),
		 "\r\n--%s\r\nContent-Disposition: form-data; name=\"%s\"; "
		 "filename=\"%s\"\r\nContent-Type: application/octet-stream"
		 "\r\n\r\n",
		 message->boundary, name, name);
	return put_text(message, head);
}

static bool put_otlp(struct message *message, const struct dwunw_report *report)
{
	struct dwunw_report_output output = { put, message };

	return dwunw_report_write(report, DWUNW_REPORT_AS_OTLP, NULL,
				  &output) == DWUNW_OK;
}

static bool put_body(struct message *message, const struct dwunw_report *report)
{
	struct dwunw_report_output output = { put, message };
	char end[64];

	snprintf(end, sizeof(end), "\r\n--%s--\r\n", message->boundary);
	return put_part(message, "profile") &&
	       dwunw_report_write(report, DWUNW_REPORT_AS_PPROF, NULL,
				  &output) == DWUNW_OK &&
	       put_part(message, "sample_type_config") &&
	       put_types(message, report) && put_text(message, end);
}

/* --- where to ------------------------------------------------------------------------- */

static void add_escaped(char *to, size_t room, const char *text)
{
	size_t used = strlen(to);

	for (; *text && used + 4 < room; text++) {
		unsigned char c = (unsigned char)*text;

		if (isalnum(c) || strchr("-._~", c))
			to[used++] = (char)c;
		else
			used += (size_t)snprintf(to + used, 4, "%%%02X", c);
		to[used] = 0;
	}
}

/* A name has letters, digits, and a few others. */
static void add_name(char *to, size_t room, const char *text)
{
	char one[2] = "";

	for (; *text; text++) {
		one[0] = *text;
		add_escaped(to, room,
			    isalnum((unsigned char)*text) ||
					    strchr("._:/-", *text) ?
				    one :
				    "_");
	}
}

static void add_label(char *to, size_t room, const char *key, const char *value,
		      bool first)
{
	add_escaped(to, room, first ? "" : ",");
	add_escaped(to, room, key);
	add_escaped(to, room, "=");
	add_name(to, room, value);
}

/* The build of the program, while it runs. */
static void find_build_id(struct push *push, const struct dwunw_report *report)
{
	char link[64], path[4096];
	ssize_t size;

	if (push->build_id[0] || !report->process_count)
		return;
	snprintf(link, sizeof(link), "/proc/%" PRId32 "/exe",
		 report->processes[0].pid);
	size = readlink(link, path, sizeof(path) - 1);
	if (size <= 0)
		return;
	path[size] = 0;
	for (uint32_t i = 0; i < report->file_count; i++) {
		const struct dwunw_report_file *file = &report->files[i];

		for (uint32_t k = 0;
		     !strcmp(file->path, path) && k < file->build_id_size; k++)
			snprintf(push->build_id + 2ul * k, 3, "%02x",
				 file->build_id[k]);
	}
}

static void add_labels(const struct push *push, char *to, size_t room)
{
	const struct push_options *options = &push->options;
	char host[256] = "";

	add_escaped(to, room, "{");
	if (gethostname(host, sizeof(host) - 1))
		host[0] = 0;
	add_label(to, room, "hostname", host, true);
	if (push->build_id[0])
		add_label(to, room, "build_id", push->build_id, false);
	for (uint32_t i = 0; i < options->label_count; i++) {
		add_escaped(to, room, ",");
		add_escaped(to, room, options->labels[i]);
	}
	add_escaped(to, room, "}");
}

static const char *name_of(const struct push *push,
			   const struct dwunw_report *report)
{
	const char *name = push->options.name;

	if (!name && report->process_count)
		name = report->processes[0].name;
	return name && *name ? name : "dwunw";
}

/* Of Pyroscope: the name, its labels and the time are in the URL. */
static char *make_url(struct push *push, const struct dwunw_report *report)
{
	const struct dwunw_report_meta *meta = &report->meta;
	uint64_t until =
		meta->start_realtime_ns + meta->end_ns - meta->start_ns;
	size_t room = strlen(push->url) + 16384;
	char *url = malloc(room), times[128];

	if (!url)
		return NULL;
	snprintf(times, sizeof(times),
		 "&from=%" PRIu64 "&until=%" PRIu64
		 "&format=pprof&spyName=dwunw",
		 meta->start_realtime_ns / 1000000000u, until / 1000000000u);
	snprintf(url, room, "%s?name=", push->url);
	add_name(url, room - sizeof(times), name_of(push, report));
	add_labels(push, url, room - sizeof(times));
	strcat(url, times);
	return url;
}

/* Of OTLP: they are attributes, by OpenTelemetry's names. */
static void add_attributes(const struct push *push, struct dwunw_report *report)
{
	const struct push_options *options = &push->options;
	char host[256] = "", key[256];

	if (!gethostname(host, sizeof(host) - 1))
		dwunw_report_add_label(report, "host.name", host);
	dwunw_report_add_label(report, "service.name", name_of(push, report));
	if (push->build_id[0])
		dwunw_report_add_label(report,
				       "process.executable.build_id.gnu",
				       push->build_id);
	for (uint32_t i = 0; i < options->label_count; i++) {
		const char *value = strchr(options->labels[i], '=') + 1;

		snprintf(key, sizeof(key), "%.*s",
			 (int)(value - 1 - options->labels[i]),
			 options->labels[i]);
		dwunw_report_add_label(report, key, value);
	}
}

/* --- since the one before ---------------------------------------------------------------- */

static bool is_counted(uint32_t value)
{
	return value != DWUNW_REPORT_LIVE_BLOCKS &&
	       value != DWUNW_REPORT_LIVE_BYTES;
}

static bool make_room(struct push *push, uint32_t stacks)
{
	int64_t(*more)[DWUNW_REPORT_VALUE_END];

	if (stacks <= push->before_room)
		return true;
	more = realloc(push->before, 2 * (size_t)stacks * sizeof(*more));
	if (!more)
		return false;
	memset(more + push->before_room, 0,
	       (2 * (size_t)stacks - push->before_room) * sizeof(*more));
	push->before = more;
	push->before_room = 2 * stacks;
	return true;
}

/* … += sign * what was there before. A report that has counts has each stack in a single
 * entry. */
static void shift(const struct push *push, struct dwunw_report *report,
		  int sign)
{
	for (uint32_t i = 0; i < report->entry_count; i++)
		for (uint32_t k = 0; k < DWUNW_REPORT_VALUE_END; k++)
			if (is_counted(k))
				report->entries[i].values[k] +=
					sign *
					push->before[report->entries[i].stack]
						    [k];
	for (uint32_t i = 0; i < DWUNW_REPORT_APART_END; i++)
		for (uint32_t k = 0; k < DWUNW_REPORT_VALUE_END; k++)
			if (is_counted(k))
				report->apart[i][k] += sign * push->apart[i][k];
}

static void remember(struct push *push, const struct dwunw_report *report)
{
	for (uint32_t i = 0; i < report->entry_count; i++)
		memcpy(push->before[report->entries[i].stack],
		       report->entries[i].values, sizeof(push->before[0]));
	memcpy(push->apart, report->apart, sizeof(push->apart));
}

/* --- the queue ------------------------------------------------------------------------------ */

static void enqueue(struct push *push, struct message *message)
{
	pthread_mutex_lock(&push->lock);
	while (push->first && (push->waiting >= WAITING_MAX ||
			       push->bytes + message->size > BYTES_MAX)) {
		snprintf(push->why, sizeof(push->why),
			 "the server is too slow");
		lose(push);
		free_message(take_first(push));
	}
	*push->last = message;
	push->last = &message->next;
	push->waiting++;
	push->bytes += message->size;
	pthread_cond_signal(&push->changed);
	pthread_mutex_unlock(&push->lock);
}

static struct message *make_message(struct push *push,
				    struct dwunw_report *report)
{
	struct message *message = calloc(1, sizeof(*message));

	if (!message)
		return NULL;
	snprintf(message->boundary, sizeof(message->boundary),
		 "dwunw-%016" PRIx64 "%08x", now_ns(CLOCK_MONOTONIC),
		 (unsigned int)getpid());
	find_build_id(push, report);
	if (push->options.format == PUSH_OTLP) {
		add_attributes(push, report);
		message->url = strdup(push->url);
		if (message->url && put_otlp(message, report))
			return message;
	} else {
		message->url = make_url(push, report);
		if (message->url && put_body(message, report))
			return message;
	}
	free_message(message);
	return NULL;
}

/* From the end of the one before on. */
static void set_times(struct push *push, struct dwunw_report_meta *meta)
{
	uint64_t until =
		meta->start_realtime_ns + meta->end_ns - meta->start_ns;

	if (push->since_ns && push->since_ns <= until) {
		meta->start_ns = meta->end_ns - (until - push->since_ns);
		meta->start_realtime_ns = push->since_ns;
	}
	push->since_ns = until;
}

void push_report(struct push *push, struct dwunw_report *report)
{
	struct dwunw_report_meta meta;
	struct message *message = NULL;

	if (!push)
		return;
	meta = report->meta;
	if (make_room(push, report->stack_count + 1)) {
		set_times(push, &report->meta);
		shift(push, report, -1);
		message = make_message(push, report);
		shift(push, report, 1);
		remember(push, report);
		report->meta = meta;
	}
	if (message) {
		enqueue(push, message);
		return;
	}
	pthread_mutex_lock(&push->lock);
	snprintf(push->why, sizeof(push->why), "out of memory");
	lose(push);
	pthread_mutex_unlock(&push->lock);
}

/* --- its beginning and its end ---------------------------------------------------------------- */

static bool take(const char *name, void *into)
{
	void *found = dlsym(curl.library, name);

	memcpy(into, &found, sizeof(found));
	return found;
}

static bool load(void)
{
	static const char *const names[] = { "libcurl.so.4",
					     "libcurl-gnutls.so.4" };

	for (size_t i = 0; !curl.library && i < 2; i++)
		curl.library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
	return curl.library && take("curl_global_init", &curl.global_init) &&
	       take("curl_easy_init", &curl.init) &&
	       take("curl_easy_setopt", &curl.setopt) &&
	       take("curl_easy_perform", &curl.perform) &&
	       take("curl_easy_getinfo", &curl.getinfo) &&
	       take("curl_easy_cleanup", &curl.cleanup) &&
	       take("curl_easy_strerror", &curl.strerror) &&
	       take("curl_slist_append", &curl.append) &&
	       take("curl_slist_free_all", &curl.free_all) &&
	       !curl.global_init(CURL_GLOBAL_DEFAULT);
}

static bool is_header(const char *line)
{
	const char *colon = strchr(line, ':');

	if (!colon || colon == line)
		return false;
	for (const char *at = line; at < colon; at++)
		if (!isalnum((unsigned char)*at) &&
		    !strchr("-_.!#$&'*+^`|~", *at))
			return false;
	for (const char *at = colon; *at; at++)
		if (((unsigned char)*at < 0x20 && *at != '\t') || *at == 0x7f)
			return false;
	return true;
}

/* 0; the number of a line that is none; -1: no memory, or too many. */
static int take_headers(struct push *push, FILE *in)
{
	char **list = calloc(HEADERS_MAX + 1, sizeof(*list)), line[8192];
	uint32_t count = 0;
	int number = 0;

	push->headers = list;
	while (list && fgets(line, sizeof(line), in)) {
		line[strcspn(line, "\r\n")] = 0;
		number++;
		if (!*line || *line == '#')
			continue;
		if (!is_header(line))
			return number;
		if (count < HEADERS_MAX)
			list[count] = strdup(line);
		if (count == HEADERS_MAX || !list[count++])
			return -1;
	}
	return list ? 0 : -1;
}

static int read_headers(struct push *push)
{
	const char *path = push->options.headers;
	FILE *in = path ? fopen(path, "re") : NULL;
	int line;

	if (!path)
		return 0;
	if (!in) {
		fprintf(stderr, "%s: --push-headers %s: %s\n", push->tool, path,
			strerror(errno));
		return EXIT_FAILURE;
	}
	line = take_headers(push, in);
	fclose(in);
	if (line > 0)
		fprintf(stderr,
			"%s: --push-headers %s: line %d is no \"Name: value\"\n",
			push->tool, path, line);
	else if (line)
		fprintf(stderr, "%s: --push-headers %s: more than %u lines\n",
			push->tool, path, HEADERS_MAX);
	return line ? EXIT_FAILURE : 0;
}

/* "http://host:4040/" -> "http://host:4040/ingest" */
static char *endpoint_of(const struct push_options *options)
{
	const char *path = options->format == PUSH_OTLP ?
				   "/v1development/profiles" :
				   "/ingest";
	size_t size = strlen(options->url), more = strlen(path);
	char *whole = malloc(size + more + 1);

	if (!whole)
		return NULL;
	memcpy(whole, options->url, size + 1);
	while (size && whole[size - 1] == '/')
		whole[--size] = 0;
	if (size < more || strcmp(whole + size - more, path))
		memcpy(whole + size, path, more + 1);
	return whole;
}

static void free_push(struct push *push)
{
	char **headers = push->headers;

	for (uint32_t i = 0; headers && headers[i]; i++)
		free(headers[i]);
	free(headers);
	free(push->before);
	free(push->url);
	free(push);
}

static int begin(struct push *push)
{
	int status = read_headers(push);

	if (status)
		return status;
	push->last = &push->first;
	push->url = endpoint_of(&push->options);
	if (!load())
		fprintf(stderr,
			"%s: --push: libcurl.so.4 cannot be loaded (Debian: "
			"libcurl4)\n",
			push->tool);
	else if (!dwunw_has_futex() || !push->url ||
		 pthread_mutex_init(&push->lock, NULL) ||
		 pthread_cond_init(&push->changed, NULL) ||
		 pthread_create(&push->thread, NULL, run, push))
		fprintf(stderr, "%s: --push: no thread for it\n", push->tool);
	else
		return 0;
	return EXIT_FAILURE;
}

int push_open(struct push **result, const struct push_options *options,
	      const char *tool)
{
	struct push *push;
	int status;

	*result = NULL;
	if (!options->url)
		return 0;
	push = calloc(1, sizeof(*push));
	if (!push)
		return EXIT_FAILURE;
	push->options = *options;
	push->tool = tool;
	status = begin(push);
	if (status)
		free_push(push);
	else
		*result = push;
	return status;
}

bool push_close(struct push *push)
{
	bool good;

	if (!push)
		return true;
	pthread_mutex_lock(&push->lock);
	push->closing = true;
	push->close_ns = now_ns(CLOCK_MONOTONIC) + CLOSE_MS * 1000000ull;
	pthread_cond_broadcast(&push->changed);
	pthread_mutex_unlock(&push->lock);
	pthread_join(push->thread, NULL);
	good = !push->lost;
	if (!good)
		fprintf(stderr,
			"%s: --push %s: %" PRIu64 " of %" PRIu64
			" profiles were not taken\n",
			push->tool, push->options.url, push->lost,
			push->lost + push->sent);
	free_push(push);
	return good;
}
#else
int push_open(struct push **push, const struct push_options *options,
	      const char *tool)
{
	*push = NULL;
	if (!options->url)
		return 0;
	fprintf(stderr,
		"%s: --push: not in this build, which CONFIG_PUSH is off in\n",
		tool);
	return EXIT_FAILURE;
}

void push_report(struct push *push, struct dwunw_report *report)
{
	(void)push;
	(void)report;
}

bool push_close(struct push *push)
{
	(void)push;
	return true;
}
#endif
