// SPDX-License-Identifier: BSD-2-Clause
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Give up what is no longer needed once all probes are attached and files are open: root becomes
 * `uid` and `gid`, all capabilities go but those of `capabilities` (1 << CAP_*) that we have, and
 * all system calls but those of `syscalls` (enum syscalls); none can be regained. Root that may not
 * change its user stays root, without capabilities, and says so, unless it `must_change`. A kernel
 * without seccomp leaves all calls, which --verbose tells. Returns 0 or -errno, logged.
 */
int sandbox_enter(uint64_t capabilities, unsigned syscalls, uid_t uid, gid_t gid, bool must_change);

/* Whom to become: the user of this name or number; NULL for nobody. 0, or -EINVAL, logged. */
int sandbox_find_user(const char *user, uid_t *ret_uid, gid_t *ret_gid);
