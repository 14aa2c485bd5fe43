// SPDX-License-Identifier: BSD-2-Clause
#include "app/sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "util/log.h"

#define NOBODY 65534

static int drop_capabilities(uint64_t keep)
{
	struct passwd *user = getpwnam("nobody");
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
	err = capng_change_id(user ? (int)user->pw_uid : NOBODY, user ? (int)user->pw_gid : NOBODY,
			      CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING);
	/* In a container that lacks CAP_SETUID or CAP_SETPCAP the capabilities can go all the same. */
	if (err)
		err = capng_apply(CAPNG_SELECT_CAPS);
	return err;
}

int sandbox_enter(uint64_t keep)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return log_errno(errno, "cannot set no_new_privs");
	capng_get_caps_process();
	if (drop_capabilities(keep)) {
		log_error("cannot drop privileges");
		return -EPERM;
	}
	return 0;
}
