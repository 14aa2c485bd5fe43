// SPDX-License-Identifier: BSD-2-Clause
/*
 * What this kernel lets us do, found out by trying, never by version. Each feature says what it is
 * for, and what a user loses without it.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct feature {
	const char *name;    /* as the kernel calls it */
	const char *purpose; /* what it gives */
	const char *without; /* what its absence costs */
	bool used;	     /* top and life load it; else it is only looked at */
	int (*try)(const struct feature *feature); /* 0 or -errno */
	const char *program; /* of the skeleton, for those that load one */
};

extern const struct feature features[];
extern const size_t feature_count;

/* Why a kernel refuses with this errno, in words; never NULL. */
const char *features_reason(const struct feature *feature, int err);

/* "none", "integrity", "confidentiality", or "" if the kernel does not say. */
const char *features_lockdown(void);
