// SPDX-License-Identifier: BSD-2-Clause
#include "source/bpf_owner.h"

#include <stdbool.h>

#include "abi/config.h"
#include "engine/clock.h"
#include "source/bpf_reader.h"
#include "tcp.skel.h"

#define NS_PER_S 1000000000ull
/* A scan may take this share of one CPU's time. */
#define COST_SHARE 50
/* Sockets are seldom handed to another process: look for that so often if nothing else calls. */
#define SELDOM_NS (10 * NS_PER_S)

void bpf_owner_init(struct bpf_owner *o, struct tcp *skeleton, struct bpf_reader *reader)
{
	*o = (struct bpf_owner){.skeleton = skeleton, .reader = reader};
}

/* Into control->files_sum; 0 if the ladder has no way to tell. */
static int sum_files(struct bpf_owner *o)
{
	struct bpf_link *link = o->skeleton->links.sum_files;

	o->reader->control->files_sum = 0;
	return link ? bpf_reader_run(o->reader, link) : 0;
}

int bpf_owner_scan(struct bpf_owner *o)
{
	struct snap_control *control = o->reader->control;
	struct bpf_account account;
	uint64_t begin_ns = clock_now_ns();
	int err;

	bpf_reader_account(o->reader, &account);
	o->opened = account.opened;
	/* Before the scan: what changes meanwhile is found by the next sum. */
	err = sum_files(o);
	if (err)
		return err;
	o->files_sum = control->files_sum;
	control->owner_scan++;
	control->owner_pass = 1;
	control->owner_unsure = 0;
	err = bpf_reader_run(o->reader, o->skeleton->links.scan_files);
	if (!err && control->owner_unsure) {
		control->owner_pass = 2;
		err = bpf_reader_run(o->reader, o->skeleton->links.scan_files);
	}
	control->owner_pass = 0;
	o->scanned_ns = clock_now_ns();
	o->cost_ns = o->scanned_ns - begin_ns;
	return err;
}

static bool opened_since(const struct bpf_owner *o)
{
	struct bpf_account account;

	bpf_reader_account(o->reader, &account);
	return account.opened != o->opened;
}

/* Has somebody got a socket's file, or given one up, or another name? If not, it need not be asked soon. */
static bool files_changed(struct bpf_owner *o)
{
	if (sum_files(o))
		return true;
	if (!o->files_sum || o->reader->control->files_sum != o->files_sum)
		return true;
	o->scanned_ns = clock_now_ns();
	return false;
}

void bpf_owner_scan_if_due(struct bpf_owner *o)
{
	uint64_t since_ns = clock_now_ns() - o->scanned_ns;

	if (since_ns < o->cost_ns * COST_SHARE)
		return;
	if (opened_since(o) || (since_ns >= SELDOM_NS && files_changed(o)))
		bpf_owner_scan(o);
}

void bpf_owner_scan_last(struct bpf_owner *o)
{
	if (opened_since(o))
		bpf_owner_scan(o);
}
