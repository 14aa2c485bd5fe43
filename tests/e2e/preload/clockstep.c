// SPDX-License-Identifier: BSD-2-Clause
/*
 * The clock of one process is set: CLOCK_REALTIME is off by the number of nanoseconds that the file
 * $STEP_FILE holds, and the timer that the kernel would cancel then is the pipe $STEP_FD.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *step_ns;
static int cancelled = -1;

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("STEP_FILE"), *number = getenv("STEP_FD");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	step_ns = mmap(NULL, sizeof(*step_ns), PROT_READ, MAP_SHARED, fd, 0);
	if (step_ns == MAP_FAILED || !number)
		abort();
	cancelled = atoi(number);
	close(fd);
}

int clock_gettime(clockid_t id, struct timespec *t)
{
	int result = (int)syscall(SYS_clock_gettime, id, t);
	int64_t ns;

	if (id != CLOCK_REALTIME || result)
		return result;
	ns = t->tv_sec * 1000000000 + t->tv_nsec + *step_ns;
	t->tv_sec = ns / 1000000000;
	t->tv_nsec = ns % 1000000000;
	return 0;
}

int timerfd_create(clockid_t id, int flags)
{
	return id == CLOCK_REALTIME ? cancelled : (int)syscall(SYS_timerfd_create, id, flags);
}

int timerfd_settime(int fd, int flags, const struct itimerspec *new, struct itimerspec *old)
{
	/* As the kernel wants it for this to work. */
	if (fd == cancelled)
		return flags == (TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET) ? 0 : -1;
	return (int)syscall(SYS_timerfd_settime, fd, flags, new, old);
}
