// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
/*
 * serve - a busy program of THREADS threads for attach.t, whose every answer is
 * checked: strings, maps, exceptions, what registers hold, and system calls that
 * something from outside would interrupt. "q" on stdin ends it; it says on stdout
 *
 *	rounds N wrong N interrupted N late N
 *
 * "l" leaks 1000 blocks of 1000 bytes from a known function, answered by "leaked";
 * "p" loads a plugin, "loaded", and "m" leaks 500 blocks of 700 bytes by it, "more".
 */
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <dlfcn.h>
#include <map>
#include <memory>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdexcept>
#include <string>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <thread>
#include <unistd.h>
#include <vector>

static std::atomic<long> rounds, wrong, interrupts, lates, leaked;
static std::atomic<bool> over;
static void *volatile kept[1 << 20];
static std::string directory;

#define NOINLINE __attribute__((noinline))

static void check(bool good)
{
	if (!good)
		wrong++;
}

/* --- what allocates ------------------------------------------------------------------- */

NOINLINE static double spend(unsigned int seed, int depth)
{
	std::unique_ptr<std::vector<std::string>> words(new std::vector<std::string>);

	for (unsigned int i = 0; i < 20; i++)
		words->push_back(std::string(1 + (seed * 31 + i) % 90, 'a' + i));
	if (depth)
		return spend(seed, depth - 1) + words->size();
	if (seed % 7 == 0)
		throw std::runtime_error(words->back());
	return words->back().size();
}

/* Floating point is a part of what must be kept. */
static void work(unsigned int seed)
{
	std::map<int, std::string> map;
	double sum = 0, want = 0;

	for (int i = 0; i < 50; i++)
		map[i * 7 % 50] = std::to_string(i * 1.5 + seed % 3);
	for (auto &pair : map)
		sum += std::stod(pair.second) / 3;
	for (int i = 0; i < 50; i++)
		want += std::stod(map[i]) / 3;
	check(sum == want);
	try {
		double got = spend(seed, seed % 9);
		check(seed % 7 && got == 20.0 * (seed % 9) + 1 + (seed * 31 + 19) % 90);
	} catch (const std::runtime_error &error) {
		check(seed % 7 == 0 && std::strlen(error.what()) == 1 + (seed * 31 + 19) % 90);
	}
	if (seed % 64 == 0) {
		void *at = mmap(nullptr, 65536, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		check(at != MAP_FAILED && !munmap(at, 65536));
	}
	rounds++;
}

static void run(unsigned int seed)
{
	while (!over)
		work(seed++);
}

/* All that a call from outside could change, held while nothing is called: registers
 * of vectors, errno, the mask of signals. */
static void hold()
{
	sigset_t before, after;

	pthread_sigmask(SIG_SETMASK, nullptr, &before);
	while (!over) {
		uint64_t in[4], out[64];
		long n = 3000000;

		for (int i = 0; i < 4; i++)
			in[i] = 0x0123456789abcdefull * (i + 1) + rounds;
		errno = 77;
#ifdef __x86_64__
#define EACH(f) f(0) f(1) f(2) f(3) f(4) f(5) f(6) f(7) f(8) f(9) f(10) f(11) \
	f(12) f(13) f(14) f(15)
#define LOAD(r) "movdqu (%1), %%xmm" #r "\n"
#define STORE(r) "movdqu %%xmm" #r ", 16*" #r "(%2)\n"
#define NAME(r) "xmm" #r,
		__asm__ volatile(EACH(LOAD) "1: dec %0\n jnz 1b\n" EACH(STORE)
				 : "+r"(n)
				 : "r"(in), "r"(out)
				 : EACH(NAME) "memory");
		for (int i = 0; i < 32; i++)
			check(out[i] == in[i % 2]);
#else
		for (volatile long i = 0; i < n / 10; i++)
			;
		(void)out;
#endif
		check(errno == 77);
		pthread_sigmask(SIG_SETMASK, nullptr, &after);
		for (int i = 1; i < 32; i++)
			check(sigismember(&before, i) == sigismember(&after, i));
		rounds++;
	}
}

/* Others go, and are born. */
static void start(unsigned int seed)
{
	while (!over) {
		std::thread thread([&] { work(seed++); });
		thread.join();
		usleep(500);
	}
}

/* --- what waits ----------------------------------------------------------------------- */

static double now()
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* It must not come back before its time, nor say that a signal came. */
static void waited(int result, double begun, double least)
{
	if (result < 0 && errno == EINTR)
		interrupts++;
	else
		check(now() - begun >= least - 0.001);
	if (now() - begun > least + 5)
		lates++;
}

static void wait_here(int kind)
{
	const struct timespec nap = { 0, 20000000 };
	struct timespec until;
	struct timeval time = { 0, 20000 };
	struct pollfd fd = { eventfd(0, 0), POLLIN, 0 };
	sem_t semaphore;

	sem_init(&semaphore, 0, 0);
	while (!over) {
		double begun = now();
		if (kind == 0)
			waited(nanosleep(&nap, nullptr), begun, 0.02);
		if (kind == 1)
			waited(poll(&fd, 1, 20), begun, 0.02);
		if (kind == 2)
			waited(select(0, nullptr, nullptr, nullptr, &time), begun,
			       time.tv_usec ? 0.02 : 0);
		if (kind == 3) {
			clock_gettime(CLOCK_REALTIME, &until);
			until.tv_nsec += 20000000;
			if (until.tv_nsec >= 1000000000) {
				until.tv_sec++;
				until.tv_nsec -= 1000000000;
			}
			int result = sem_timedwait(&semaphore, &until);
			waited(errno == ETIMEDOUT ? 0 : result, begun, 0.019);
		}
		time.tv_usec = 20000;
		free(malloc(100));
	}
	close(fd.fd);
}

/* --- on demand ------------------------------------------------------------------------- */

NOINLINE static void leak_known(int n)
{
	for (int i = 0; i < n; i++)
		kept[leaked++] = malloc(1000);
}

NOINLINE static void leak_outer(int n)
{
	leak_known(n);
	rounds++;
}

static void *(*late)(size_t);

static void load()
{
	void *handle = dlopen((directory + "/late.so").c_str(), RTLD_LAZY);

	check(handle);
	late = (void *(*)(size_t))(handle ? dlsym(handle, "late_leak") : nullptr);
	check(late);
}

NOINLINE static void leak_more(int n)
{
	for (int i = 0; i < n && late; i++)
		kept[leaked++] = late(700);
	rounds++;
}

static void answer()
{
	char c;

	while (errno = 77, read(0, &c, 1) == 1 && c != 'q') {
		check(errno == 77);
		if (c == 'l')
			leak_outer(1000);
		if (c == 'p')
			load();
		if (c == 'm')
			leak_more(500);
		puts(c == 'l' ? "leaked" : c == 'p' ? "loaded" :
		     c == 'm' ? "more" : "here");
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 16;
	std::vector<std::thread> threads;

	directory = std::string(argv[0]).substr(0, std::string(argv[0]).rfind('/'));
	threads.emplace_back(hold);
	for (int i = 0; i < count - 7; i++)
		threads.emplace_back(run, 1000 * i);
	threads.emplace_back(start, 77);
	for (int i = 0; i < 4; i++)
		threads.emplace_back(wait_here, i);
	puts("ready");
	fflush(stdout);
	answer();
	over = true;
	for (auto &thread : threads)
		thread.join();
	printf("rounds %ld wrong %ld interrupted %ld late %ld\n", rounds.load(),
	       wrong.load(), interrupts.load(), lates.load());
	return 0;
}
