// SPDX-License-Identifier: BSD-2-Clause
/* One look at what is there now (`stat --live`): no edges are attached, and nothing comes after it. */
#pragma once

struct bare;
struct bpf_owner;
struct bpf_reader;
struct source;
struct tcp;

/* Tell of all sockets, of all network namespaces that may be entered. 0, or -errno, logged. */
int bpf_once(struct source *s, struct tcp *skeleton, struct bpf_reader *reader,
	     struct bpf_owner *owner, struct bare *bare);
