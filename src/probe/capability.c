// SPDX-License-Identifier: BSD-2-Clause
#include "probe/capability.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cap-ng.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#define CPUS_MAX 8192
#define VALUE_MAX 256

static bool is_refused(int link_fd, int map_fd)
{
	char *value = calloc(CPUS_MAX, VALUE_MAX);
	int iterator = bpf_iter_create(link_fd);
	bool refused = iterator < 0;
	const __u32 zero = 0;

	if (iterator >= 0)
		close(iterator);
	if (value && bpf_map_lookup_elem(map_fd, &zero, value))
		refused |= errno != ENOENT;
	refused |= !value;
	free(value);
	return refused;
}

bool capability_is_needed(int link_fd, int map_fd)
{
	struct bpf_map_info info = {.max_entries = 0};
	__u32 len = sizeof(info);
	bool refused;
	void *saved;

	/* Of a map per CPU a look-up gives that of each. */
	if (bpf_obj_get_info_by_fd(map_fd, &info, &len) || info.value_size > VALUE_MAX ||
	    libbpf_num_possible_cpus() > CPUS_MAX)
		return true;
	capng_get_caps_process();
	saved = capng_save_state();
	/* What is permitted stays, to be taken up again. */
	for (unsigned cap = 0; cap <= CAP_LAST_CAP; cap++)
		capng_update(CAPNG_DROP, CAPNG_EFFECTIVE, cap);
	refused = capng_apply(CAPNG_SELECT_CAPS) || is_refused(link_fd, map_fd);
	capng_restore_state(&saved);
	capng_apply(CAPNG_SELECT_CAPS);
	return refused;
}
