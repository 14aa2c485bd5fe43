// SPDX-License-Identifier: BSD-2-Clause
/*
 * The system calls that are left, as a seccomp filter: an allow list, made of what each part of the
 * program declares (engine/syscalls.h).
 *
 * A call that is not on the list is refused as if the kernel did not have it (ENOSYS), the kernel
 * logs it, and we say so, once per call. It does not kill: a newer C library that tries a newer
 * call takes its older way then, and whoever is in the middle of an incident keeps the tool. For an
 * intruder the call is refused all the same, and no handler that he replaces brings it back. Only a
 * call through another architecture's entry, which no part of us makes, kills.
 */
#pragma once

/*
 * Allow the base and `syscalls` (enum syscalls), and nothing else, for good. no_new_privs must be
 * set. Returns 0, or -errno if this kernel cannot filter; not logged.
 */
int syscall_filter_enter(unsigned syscalls);
