// SPDX-License-Identifier: BSD-2-Clause
/*
 * The ladder: for each thing that is needed the ways to get it, best first. Which of them is taken
 * is found out by trying them on this kernel, for this user; never by the kernel's version.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define RUNGS_MAX 5
#define HOOKS_MAX 3

struct rung;
struct tcp;

/* A place in the kernel that a rung stands on. */
struct hook {
	const char *where;     /* as the kernel and libbpf call it: "tp_btf/tcp_send_reset" */
	const char *program;   /* of ours that runs there, NULL: none */
	const char *arguments; /* that the program reads, see probe/prototype.h; NULL: unchecked */
};

/* Why a rung does not hold. */
struct refusal {
	const struct hook *hook; /* of which; NULL: not of one in particular */
	int err;	  /* -errno; 0: it holds */
	bool by_verifier; /* whose words are in `detail` */
	char detail[240]; /* else what differs from what was expected, or "" */
};

struct rung {
	const char *name;	  /* of --rung NEED=NAME */
	const char *source;	  /* the source that it belongs to; NULL: all */
	const char *gives;	  /* what one gets */
	bool vital;		  /* without it its source cannot run */
	const char *capabilities; /* that it takes: "CAP_BPF CAP_PERFMON"; NULL: none */
	const char *options; /* of the kernel's build: "CONFIG_KPROBES"; NULL: none in question */
	struct hook hook[HOOKS_MAX];
	bool either; /* the hooks are variants: the one whose arguments fit is used */
	/* Try it. Fills `ret` (zeroed by the caller). */
	void (*try)(const struct rung *rung, struct refusal *ret);
	/* Besides loading the programs: set up an opened skeleton. NULL: nothing else to do. */
	void (*take)(struct tcp *skeleton);
};

struct need {
	const char *name;
	const char *what;
	const char *without;	     /* if no rung holds */
	unsigned asked;		     /* enum column_need: only if a column asks for it; 0: always */
	const char *columns;	     /* those columns */
	struct rung rung[RUNGS_MAX]; /* ends with the first that has no name */
};

extern const struct need ladder[];
extern const size_t ladder_count;

/* Is there a rung `r` of this need? */
static inline bool need_has(const struct need *need, size_t r)
{
	return r < RUNGS_MAX && need->rung[r].name;
}

/* The need called so, or NULL. The name need not end with NUL. */
const struct need *ladder_need(const char *name, size_t name_len);

/* Try one rung. */
void ladder_try(const struct rung *rung, struct refusal *ret);

/* The first vital rung of a source that is refused; NULL if the source can run. */
const struct rung *ladder_broken(const char *source, struct refusal *ret);
