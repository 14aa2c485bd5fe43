// SPDX-License-Identifier: BSD-2-Clause
/* An agent runs for months, and talks to whoever reaches it: the files that it may open are few. */
#pragma once

struct all_asked;
struct cgroup_names;

/*
 * From now on only those that it was told of, or that tell it names; it makes no TCP connections
 * and leaves no core. What the kernel has no means for is left out and stands in
 * agent.landlock. Before privileges are dropped and system calls filtered. 0, or a negative errno,
 * logged.
 */
int agent_shut_in(const struct all_asked *asked, const struct cgroup_names *cgroups);
