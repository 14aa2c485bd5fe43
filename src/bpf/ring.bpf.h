/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* When an event in the ring wakes user space. */
#pragma once
#include "bpf/sock.bpf.h"

/* Wake user space when this much waits in the ring, even if it does not sleep. */
const volatile __u32 wake_bytes __weak = RING_BYTES_DEFAULT / 4;

static __always_inline __u64 wake_flags(void)
{
	struct snap_control *ctl = control_get();

	if (ctl && ctl->idle) {
		ctl->idle = 0;
		return BPF_RB_FORCE_WAKEUP;
	}
	return bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) > wake_bytes ? BPF_RB_FORCE_WAKEUP
									: BPF_RB_NO_WAKEUP;
}
