// SPDX-License-Identifier: BSD-2-Clause
#include "packet/timeline.h"

#define NS_PER_US 1000

uint64_t timeline_place(struct timeline *t, uint64_t stamp_ns)
{
	if (!t->is_begun) {
		t->is_begun = true;
		t->latest_ns = stamp_ns;
	}
	if (stamp_ns + TIMELINE_DISORDER_NS < t->latest_ns) {
		t->shift_ns += (t->latest_ns - stamp_ns + NS_PER_US - 1) / NS_PER_US * NS_PER_US;
		if (t->shift_ns > TIMELINE_STAMP_MAX_NS)
			t->shift_ns = TIMELINE_STAMP_MAX_NS;
		t->latest_ns = stamp_ns;
	} else if (stamp_ns > t->latest_ns) {
		uint64_t leap_ns = (stamp_ns - t->latest_ns) / NS_PER_US * NS_PER_US;

		if (leap_ns > TIMELINE_DISORDER_NS)
			t->shift_ns -= leap_ns < t->shift_ns ? leap_ns : t->shift_ns;
		t->latest_ns = stamp_ns;
	}
	return TIMELINE_ORIGIN_NS + t->shift_ns + stamp_ns;
}

int64_t timeline_offset_ns(const struct timeline *t)
{
	return -(int64_t)(TIMELINE_ORIGIN_NS + t->shift_ns);
}
