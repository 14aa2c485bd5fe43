// SPDX-License-Identifier: BSD-2-Clause
/* Facts about the running kernel that say why it refuses something. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct btf;

/* Its BTF, read once; NULL if it has none. Borrowed until kernel_done(). */
const struct btf *kernel_btf(void);
void kernel_done(void);

/* "none", "integrity", "confidentiality", or "" if the kernel does not say. */
const char *kernel_lockdown(void);

enum kernel_option {
	OPTION_UNKNOWN, /* the configuration cannot be read */
	OPTION_ABSENT,
	OPTION_BUILT_IN,
	OPTION_MODULE,
};

/* How "CONFIG_X" was set when it was built: from /proc/config.gz or /boot/config-RELEASE. */
enum kernel_option kernel_option(const char *name);

/* A number of /proc/sys, by its path there: "kernel/kptr_restrict". -1: it cannot be read. */
long kernel_sysctl(const char *path);

/* TCP sockets that there are now, of all network namespaces; 0: it cannot be read. */
uint64_t kernel_tcp_sockets(void);

/* Where a function of the kernel lies; 0 if it may not be known. */
uint64_t kernel_address(const char *function);

/* Do our capabilities hold in a user namespace of our own only, as in most containers? */
bool kernel_user_namespace_is_nested(void);

/* Is a seccomp filter in force that we have not set? */
bool kernel_seccomp_is_on(void);

/* The version of its Landlock, which shuts an agent off from files, or a negative errno: it has none. */
int kernel_landlock(void);
