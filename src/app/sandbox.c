// SPDX-License-Identifier: BSD-2-Clause
#include "app/sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "confine/syscall_filter.h"
#include "probe/kernel.h"
#include "util/log.h"
#include "util/parse.h"

#define NOBODY 65534

/* Of those capabilities to keep that we have. */
static void choose_capabilities(uint64_t keep)
{
	capng_clear(CAPNG_SELECT_BOTH);
	for (unsigned cap = 0; cap < 64; cap++)
		if (keep >> cap & 1)
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, cap);
}

/* Why the user could not be changed. */
static const char *reason(bool has_setuid, bool has_setgid, int error)
{
	if (!has_setuid)
		return has_setgid ? "CAP_SETUID is missing"
				  : "CAP_SETUID and CAP_SETGID are missing";
	if (!has_setgid)
		return "CAP_SETGID is missing";
	return error == EINVAL ? "this user namespace has no such user" : strerror(error);
}

/* From root to somebody else. Returns NULL, or why not: then nothing has changed that matters. */
static const char *change_user(uint64_t keep, uid_t uid, gid_t gid)
{
	bool has_setuid = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETUID);
	bool has_setgid = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETGID);
	/* No program can be started that would give back what the bounding set allows. */
	bool has_setpcap = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP);

	choose_capabilities(keep);
	errno = 0;
	if (capng_change_id((int)uid, (int)gid,
			    CAPNG_DROP_SUPP_GRP | (has_setpcap ? CAPNG_CLEAR_BOUNDING : 0)))
		return reason(has_setuid, has_setgid, errno);
	return NULL;
}

/*
 * Some containers have no other user: there all goes but the name of root, which in a user
 * namespace is but a name.
 */
static int drop_privileges(uint64_t keep, uid_t uid, gid_t gid, bool must_change)
{
	void (*say)(const char *format, ...) __attribute__((format(printf, 1, 2)));
	const char *why;

	capng_get_caps_process();
	for (unsigned cap = 0; cap < 64; cap++)
		if (keep >> cap & 1 && !capng_have_capability(CAPNG_EFFECTIVE, cap))
			keep &= ~(1ull << cap);
	if (!geteuid()) {
		why = change_user(keep, uid, gid);
		if (!why)
			return 0;
		if (must_change) {
			log_error("cannot become the user %u: %s", (unsigned)uid, why);
			return -EPERM;
		}
		say = kernel_user_namespace_is_nested() ? log_debug : log_warn;
		say("cannot become the user %u: %s; it goes on as root, but with no capability "
		    "that it does not need",
		    (unsigned)uid, why);
	}
	choose_capabilities(keep);
	errno = 0;
	if (!capng_apply(CAPNG_SELECT_CAPS))
		return 0;
	return log_errno(errno ? errno : EPERM, "cannot drop capabilities");
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

int sandbox_enter(uint64_t capabilities, unsigned syscalls, uid_t uid, gid_t gid, bool must_change)
{
	int err;

	/* The C library reads the time zone's file at its first use: now it still may. */
	tzset();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return log_errno(errno, "cannot set no_new_privs");
	err = drop_privileges(capabilities, uid, gid, must_change);
	if (err)
		return err;
	err = syscall_filter_enter(syscalls);
	if (err)
		log_debug("system calls are not filtered: %s", strerror(-err));
	return 0;
}
