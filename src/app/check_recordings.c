// SPDX-License-Identifier: BSD-2-Clause
#include "app/check_recordings.h"

#include <string.h>
#include <unistd.h>

#include "app/sandbox.h"
#include "app/status.h"
#include "consumer/recorder_options.h"
#include "engine/syscalls.h"
#include "engine/watch.h"
#include "record/check.h"
#include "util/log.h"
#include "util/out.h"

static int check(const char *path, bool wants_bytes, bool with_name, struct out *out)
{
	struct record_check *c;
	char why[256] = "";
	int err = record_check(&c, path, wants_bytes, why, sizeof(why));
	bool has_loss;

	if (err) {
		log_error("%s: %s", path, why[0] ? why : strerror(-err));
		return RUN_FAILED;
	}
	if (with_name)
		out_format(out, "%s:\n", path);
	record_check_print(c, out);
	has_loss = record_check_has_loss(c);
	record_check_free(c);
	return has_loss ? RUN_LOSS : RUN_DONE;
}

int check_recordings(const struct watch *watch)
{
	struct out out;
	int status = RUN_DONE;

	/* Files may be readable by this user alone; capabilities and other calls go all the same. */
	if (sandbox_enter(0, SYSCALLS_FILES, geteuid(), getegid(), false))
		return RUN_FAILED;
	out_init(&out, STDOUT_FILENO);
	if (!watch->reads_count)
		status = check(RECORDER_DIRECTORY, watch->check_bytes, false, &out);
	for (uint64_t i = 0; i < watch->reads_count; i++) {
		int one = check(watch->reads[i], watch->check_bytes, watch->reads_count > 1, &out);

		/* What could not be read at all is told above what is damaged. */
		if (!status || one == RUN_FAILED)
			status = one ? one : status;
	}
	out_flush(&out);
	if (out.error) {
		log_errno(out.error, "cannot write the output");
		status = RUN_FAILED;
	}
	out_done(&out);
	return status;
}
