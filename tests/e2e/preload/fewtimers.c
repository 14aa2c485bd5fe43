// SPDX-License-Identifier: BSD-2-Clause
/* No more than $TIMERS timers can be made. */
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

int timerfd_create(clockid_t id, int flags)
{
	static int made;

	if (made++ < atoi(getenv("TIMERS")))
		return (int)syscall(SYS_timerfd_create, id, flags);
	errno = EMFILE;
	return -1;
}
