// SPDX-License-Identifier: BSD-2-Clause
#include "app/sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "app/syscall_filter.h"
#include "util/log.h"
#include "util/parse.h"

#define NOBODY 65534

static int drop_capabilities(uint64_t keep, uid_t uid, gid_t gid)
{
	int err;

	for (unsigned cap = 0; cap < 64; cap++)
		if (keep >> cap & 1 && !capng_have_capability(CAPNG_EFFECTIVE, cap))
			keep &= ~(1ull << cap);
	capng_clear(CAPNG_SELECT_BOTH);
	for (unsigned cap = 0; cap < 64; cap++)
		if (keep >> cap & 1)
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, cap);
	if (geteuid() != 0)
		return capng_apply(CAPNG_SELECT_CAPS);
	err = capng_change_id((int)uid, (int)gid,
			      CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING);
	/* In a container that lacks CAP_SETUID or CAP_SETPCAP the capabilities can go all the same. */
	if (err)
		err = capng_apply(CAPNG_SELECT_CAPS);
	return err;
}

int sandbox_find_user(const char *user, uid_t *ret_uid, gid_t *ret_gid)
{
	const struct passwd *found = getpwnam(user ? user : "nobody");
	uint64_t number;
	size_t at;

	*ret_uid = *ret_gid = NOBODY;
	if (!found && user && !parse_uint(user, 0, UINT32_MAX - 1, &number, &at)) {
		found = getpwuid((uid_t)number);
		*ret_uid = *ret_gid = (uid_t)number;
	} else if (!found && user) {
		log_error("no user '%s'", user);
		return -EINVAL;
	}
	if (found) {
		*ret_uid = found->pw_uid;
		*ret_gid = found->pw_gid;
	}
	return 0;
}

int sandbox_enter(uint64_t capabilities, unsigned syscalls, uid_t uid, gid_t gid)
{
	int err;

	/* The C library reads the time zone's file at its first use: now it still may. */
	tzset();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return log_errno(errno, "cannot set no_new_privs");
	capng_get_caps_process();
	if (drop_capabilities(capabilities, uid, gid)) {
		log_error("cannot drop privileges");
		return -EPERM;
	}
	err = syscall_filter_enter(syscalls);
	if (err)
		log_debug("system calls are not filtered: %s", strerror(-err));
	return 0;
}
