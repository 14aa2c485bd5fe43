// SPDX-License-Identifier: BSD-2-Clause
#include "app/sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "util/log.h"

#define NOBODY 65534

static int drop_capabilities(void)
{
	bool keep_bpf = capng_have_capability(CAPNG_EFFECTIVE, CAP_BPF);
	struct passwd *user = getpwnam("nobody");
	int err;

	capng_clear(CAPNG_SELECT_BOTH);
	if (keep_bpf)
		capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_BPF);
	if (geteuid() != 0)
		return capng_apply(CAPNG_SELECT_CAPS);
	err = capng_change_id(user ? (int)user->pw_uid : NOBODY, user ? (int)user->pw_gid : NOBODY,
			      CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING);
	/* In a container that lacks CAP_SETUID or CAP_SETPCAP the capabilities can go all the same. */
	if (err)
		err = capng_apply(CAPNG_SELECT_CAPS);
	return err;
}

int sandbox_enter(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return log_errno(errno, "cannot set no_new_privs");
	capng_get_caps_process();
	if (drop_capabilities()) {
		log_error("cannot drop privileges");
		return -EPERM;
	}
	return 0;
}
