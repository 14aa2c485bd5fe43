// SPDX-License-Identifier: BSD-2-Clause
/*
 * What is known of one connection, listener, handshake or host, as numbers: all that rules look at.
 * A fact that is not known is not 0: `known` has a bit for each.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum fact {
#define FACT(name, unit, meaning) FACT_##name,
#include "verdict/facts.def"
#undef FACT
	FACT_COUNT
};

/* Shares are thousandths, rates bits a second. */
enum fact_unit { UNIT_COUNT, UNIT_BYTES, UNIT_US, UNIT_SHARE, UNIT_RATE };

struct fact_info {
	const char *name;
	enum fact_unit unit;
	const char *meaning;
};
extern const struct fact_info fact_info[FACT_COUNT];

struct facts {
	uint64_t known[2];
	int64_t value[FACT_COUNT];
	bool is_life; /* the window is the whole life, not an interval */
};
_Static_assert(FACT_COUNT <= 128, "a bit each in facts.known");

static inline bool fact_has(const struct facts *f, enum fact id)
{
	return f->known[id / 64] >> id % 64 & 1;
}

/* 0 if it is not known: so a rule that asks for much finds too little. */
static inline int64_t fact_get(const struct facts *f, enum fact id)
{
	return fact_has(f, id) ? f->value[id] : 0;
}

static inline void fact_set(struct facts *f, enum fact id, int64_t value)
{
	f->value[id] = value;
	f->known[id / 64] |= 1ull << id % 64;
}

/* The fact of this name (`len` bytes), or FACT_COUNT. */
enum fact fact_find(const char *name, unsigned len);
