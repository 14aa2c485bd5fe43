// SPDX-License-Identifier: BSD-2-Clause
#include "confine/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe/kernel.h"

/* Newer than the headers that we may be built with. */
#define FS_REFER (1ull << 13)
#define FS_TRUNCATE (1ull << 14)
#define FS_IOCTL_DEV (1ull << 15)
#define NET_BIND_TCP (1ull << 0)
#define NET_CONNECT_TCP (1ull << 1)
#define SCOPE_ABSTRACT_UNIX (1ull << 0)
#define SCOPE_SIGNAL (1ull << 1)

/* Execute to make symbolic links: what the first version knew. */
#define FS_FIRST ((1ull << 13) - 1)
#define FS_OF_FILES                                                   \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | \
	 LANDLOCK_ACCESS_FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV)

/* struct landlock_ruleset_attr of version 6. Older kernels take it if what they do not know is 0.
 */
struct ruleset {
	uint64_t fs, net, scoped;
};

/* struct landlock_net_port_attr of version 4. */
#define RULE_NET_PORT 2
struct port_rule {
	uint64_t access, port;
};

/* All that a version knows is refused, unless a rule allows it. */
static struct ruleset all_of(int version)
{
	struct ruleset r = {.fs = FS_FIRST};

	if (version >= 2)
		r.fs |= FS_REFER;
	if (version >= 3)
		r.fs |= FS_TRUNCATE;
	if (version >= 4)
		r.net = NET_BIND_TCP | NET_CONNECT_TCP;
	if (version >= 5)
		r.fs |= FS_IOCTL_DEV;
	if (version >= 6)
		r.scoped = SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL;
	return r;
}

static uint64_t access_of(unsigned use)
{
	uint64_t access = 0;

	if (use & LANDLOCK_READ)
		access |= LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
	if (use & (LANDLOCK_REMOVE | LANDLOCK_WRITE))
		access |= LANDLOCK_ACCESS_FS_REMOVE_FILE;
	if (use & LANDLOCK_WRITE)
		access |= LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | FS_TRUNCATE;
	return access;
}

int landlock_begin(struct landlock_set *ret, unsigned leaves)
{
	struct ruleset rules;

	ret->version = kernel_landlock();
	if (ret->version < 0)
		return ret->version;
	rules = all_of(ret->version);
	if (leaves & LANDLOCK_LEAVES_SIGNALS)
		rules.scoped &= ~SCOPE_SIGNAL;
	if (leaves & LANDLOCK_LEAVES_TCP)
		rules.net = 0;
	ret->has_net = rules.net;
	ret->fd = (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof(rules), 0);
	return ret->fd < 0 ? -errno : 0;
}

int landlock_allow(const struct landlock_set *s, const char *path, unsigned use)
{
	struct landlock_path_beneath_attr rule = {.parent_fd = open(path, O_PATH | O_CLOEXEC)};
	struct stat st;
	int err = 0;

	if (rule.parent_fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	rule.allowed_access = access_of(use) & all_of(s->version).fs;
	if (fstat(rule.parent_fd, &st))
		err = -errno;
	else if (!S_ISDIR(st.st_mode))
		rule.allowed_access &= FS_OF_FILES;
	if (!err && rule.allowed_access &&
	    syscall(SYS_landlock_add_rule, s->fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0))
		err = -errno;
	close(rule.parent_fd);
	return err;
}

int landlock_allow_connect(const struct landlock_set *s, unsigned port)
{
	const struct port_rule rule = {.access = NET_CONNECT_TCP, .port = port};

	return s->has_net && syscall(SYS_landlock_add_rule, s->fd, RULE_NET_PORT, &rule, 0) ? -errno
											    : 0;
}

/* A folder may be the root, by a path that does not look like it. */
static bool is_root(const char *path)
{
	struct stat st, root;

	return !stat(path, &st) && !stat("/", &root) && st.st_dev == root.st_dev &&
	       st.st_ino == root.st_ino;
}

static int allow_folder(const struct landlock_set *s, const char *path, unsigned use)
{
	char copy[PATH_MAX];
	const char *folder;

	if (snprintf(copy, sizeof(copy), "%s", path) >= (int)sizeof(copy))
		return -ENAMETOOLONG;
	folder = dirname(copy);
	return landlock_allow(s, is_root(folder) ? path : folder, use);
}

int landlock_allow_folder_of(const struct landlock_set *s, const char *path, unsigned use)
{
	char *real = realpath(path, NULL);
	int err = allow_folder(s, path, use);

	/* A link is followed before the kernel looks whether that may be opened. */
	if (!err && real)
		err = allow_folder(s, real, use);
	free(real);
	return err;
}

int landlock_enter(struct landlock_set *s)
{
	int err = 0;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_landlock_restrict_self, s->fd, 0))
		err = -errno;
	close(s->fd);
	s->fd = -1;
	return err;
}
