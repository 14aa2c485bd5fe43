// SPDX-License-Identifier: BSD-2-Clause
/*
 * What this kernel lets us do, found out by trying, never by version. Each feature says what it is
 * for, and what a user loses without it.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/*
 * The rungs of the ladder, best first: the first that holds is the source that is used. What stands
 * after them is no source.
 */
enum rung {
	RUNG_BPF,
	RUNG_NETLINK,
	RUNG_NONE, /* looked at, not used */
	RUNG_ASKED, /* loaded on top of bpf if a column of stat asks for it */
	RUNG_SANDBOX, /* what a run shuts itself in with */
	RUNG_COUNT
};

struct feature {
	const char *name;    /* as the kernel calls it */
	const char *purpose; /* what it gives */
	const char *without; /* what its absence costs */
	enum rung rung;
	bool needed; /* without it the rung breaks */
	int (*try)(const struct feature *feature); /* 0 or -errno */
	const char *program; /* of the skeleton, for those that load one */
};

extern const struct feature features[];
extern const size_t feature_count;

/* The value of --source; "none", "asked" and "sandbox" are no sources. */
const char *rung_name(enum rung rung);

/* The first needed feature of a rung that is refused, and the errno; NULL if the rung holds. */
const struct feature *rung_broken(enum rung rung, int *ret_err);

/* Why a kernel refuses with this errno, in words; never NULL. */
const char *features_reason(const struct feature *feature, int err);

/* "none", "integrity", "confidentiality", or "" if the kernel does not say. */
const char *features_lockdown(void);
