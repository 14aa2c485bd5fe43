// SPDX-License-Identifier: BSD-2-Clause
/* A rung of the ladder: one way to get something, and how it is tried; see probe/ladder.h. */
#pragma once
#include <stdbool.h>

#define HOOKS_MAX 3
/* Of rung.source: of no source, but what `top --allow-kill` does. */
#define OF_SCREEN "screen"

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
	bool vital;		  /* its source cannot run without this, or another vital one of the need */
	const char *capabilities; /* that it takes: "CAP_BPF CAP_PERFMON"; NULL: none */
	const char *options; /* of the kernel's build: "CONFIG_KPROBES"; NULL: none in question */
	struct hook hook[HOOKS_MAX];
	const char *not_with; /* it does not go with this one, of a need before it: "accept=kprobe" */
	bool either; /* the hooks are variants: the one whose arguments fit is used */
	/* Try it. Fills `ret` (zeroed by the caller). */
	void (*try)(const struct rung *rung, struct refusal *ret);
	/* Besides loading the programs: set up an opened skeleton. NULL: nothing else to do. */
	void (*take)(struct tcp *skeleton);
};
