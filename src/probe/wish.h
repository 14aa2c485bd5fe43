// SPDX-License-Identifier: BSD-2-Clause
/* What --rung says: "NEED=RUNG,NEED=RUNG", each once, words of the ladder. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct need;
struct rung;

struct wish_error {
	size_t at; /* of the caret */
	char text[512];
};

/*
 * Check the words. They may name rungs of one source only: `*ret_source` is its name, NULL if none
 * of them belongs to one. 0, or -EINVAL and `*ret_error`.
 */
int wish_check(const char *words, const char **ret_source, struct wish_error *ret_error);

/* The rung that checked words force for a need; NULL if they force none, or `words` is NULL. */
const struct rung *wish_of(const char *words, const struct need *need);

/* Do checked words (or NULL) force `need` to be had by `rung`? */
bool wish_is(const char *words, const char *need, const char *rung);
