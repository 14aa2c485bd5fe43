// SPDX-License-Identifier: BSD-2-Clause
/*
 * Verdicts: what is wrong with a connection, a listener, a handshake or the host, or what limits
 * it. One table a kind of subject (live.c, closed.c, listener.c, handshake.c, host.c), in the order
 * in which the rules are tried: the first that holds is the verdict. doc/verdicts.md tells of each.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "verdict/facts.h"
#include "verdict/limits.h"
#include "verdict/subject.h"

/* Best first. */
enum severity {
	SEVERITY_FINE,	  /* what limits it is no fault */
	SEVERITY_WATCH,	  /* may be a fault */
	SEVERITY_SLOW,	  /* it moves, and something holds it back */
	SEVERITY_STALLED, /* it does not move */
	SEVERITY_FAILED,  /* it never will */
	SEVERITY_COUNT
};

enum certainty {
	CERTAINTY_MEASURED, /* the kernel's own state or clock says so */
	CERTAINTY_INFERRED, /* what was measured fits this best */
	CERTAINTY_COUNT
};

struct rule {
	const char *code;
	enum severity severity;
	enum certainty certainty;
	const char *rule;     /* in words, for the manual */
	const char *least;    /* evidence without which it says nothing */
	const char *sentence; /* see verdict/sentence.h */
	const char *keys;     /* of the facts that are its evidence: "busy_us,rwnd_share" */
	const char *next;     /* what to look at then; a template as well */
	bool (*holds)(const struct subject *s, const struct facts *f);
	/* If there is more to it: how bad this one is. May be NULL. */
	enum severity (*weigh)(const struct subject *s, const struct facts *f);
};

/* The tables, in the order of severity of their subjects. */
struct rule_table {
	const char *of;
	const struct rule *rule;
	size_t count;
};
extern const struct rule_table rule_live, rule_closed, rule_listener, rule_handshake, rule_host;

#define VERDICT_ALSO_MAX 4

struct verdict {
	const struct rule *rule; /* NULL: nothing is to be said */
	enum severity severity;
	enum certainty certainty;
	enum limit limit; /* LIMIT_COUNT: the subject has none */
	unsigned also_count;
	const struct rule *also[VERDICT_ALSO_MAX]; /* rules that hold too and are no better */
	struct facts facts;
};

/* Judge `s`. Pure: the same subject gives the same verdict. */
void verdict_judge(const struct subject *s, struct verdict *ret);

/* How much harm it does, for the order: first by severity, then by what waits, then how long. */
double verdict_harm(const struct verdict *v);

const char *severity_name(enum severity severity);
const char *certainty_name(enum certainty certainty);
