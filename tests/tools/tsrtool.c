// SPDX-License-Identifier: BSD-2-Clause
/* What tests need of recordings beside the unit tests: see the usage. */
#include <err.h>
#include <string.h>
#include <unistd.h>

#include "record/check.h"
#include "util/out.h"

static int check(const char *path, bool wants_bytes)
{
	struct record_check *c;
	struct out o;
	char why[256];
	int loss;

	if (record_check(&c, path, wants_bytes, why, sizeof(why)))
		errx(1, "%s: %s", path, why);
	out_init(&o, STDOUT_FILENO);
	record_check_print(c, &o);
	out_flush(&o);
	out_done(&o);
	loss = record_check_has_loss(c);
	record_check_free(c);
	return loss ? 4 : 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "check"))
		return check(argv[2], false);
	if (argc == 3 && !strcmp(argv[1], "bytes"))
		return check(argv[2], true);
	errx(2, "usage: tsrtool check PATH | bytes PATH");
}
