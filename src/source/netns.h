// SPDX-License-Identifier: BSD-2-Clause
/* The network namespaces of this machine. */
#pragma once

/*
 * Call `visit` once inside each network namespace that a process lives in or that `ip netns` names,
 * the present one first. Namespaces that may not be entered are passed over. Returns 0 or the first
 * negative result of `visit`.
 */
int netns_for_each(int (*visit)(void *context), void *context);
