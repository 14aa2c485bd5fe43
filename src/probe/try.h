// SPDX-License-Identifier: BSD-2-Clause
/* How the rungs that stand on BPF are tried, and what some need besides loading. See
 * probe/ladder.h. */
#pragma once
#include <stdbool.h>

struct hook;
struct refusal;
struct rung;
struct tcp;

/*
 * Whether the verifier is trusted to accept what has the right arguments: to load a rung's programs alone takes as long
 * as to load all. Who trusts loads all at once, and tries each without trust if that fails.
 */
void try_trust(bool yes);

/* Can all programs that are wanted be loaded? Then each can. */
typedef bool (*try_wants)(const void *context, const char *program);
bool try_together(try_wants wants);

/* Compare the arguments of the rung's hooks with the kernel's, and, without trust, load all its programs. */
void try_programs(const struct rung *rung, struct refusal *ret);

/* As try_programs(); whether the kernel lends the iterator of the hook to anybody is tried even
 * with trust. */
void try_iterator(const struct rung *rung, struct refusal *ret);
/*
 * Attach programs that do nothing to the functions' exits, for a moment; of variants to the one whose
 * arguments fit. What the kernel allows one it allows another: our own are not loaded for a trial.
 */
void try_fexit(const struct rung *rung, struct refusal *ret);

/* Attach a program that does nothing to the return of the function, and load our own. */
void try_kretprobe(const struct rung *rung, struct refusal *ret);
void take_acceptors(struct tcp *skeleton);

/* Attach programs that let everything pass to the root cgroup, for a moment. */
void try_cgroup_skb(const struct rung *rung, struct refusal *ret);

/* As try_programs(), and is there a root cgroup to attach to? */
void try_sockops(const struct rung *rung, struct refusal *ret);

/* As try_programs(), and is the address of the timer's function known? */
void try_delack_timer(const struct rung *rung, struct refusal *ret);
void take_delack_timer(struct tcp *skeleton);

/* Let the programs that read a socket read its causes of retransmission too. */
void take_causes(struct tcp *skeleton);
void take_undo(struct tcp *skeleton);

/* As try_programs(), and can what lies at an address be read from? Then the programs keep a list of the flows. */
void try_list(const struct rung *rung, struct refusal *ret);
void take_list(struct tcp *skeleton);
/* Looks have nothing else to go by. */
void take_list_alone(struct tcp *skeleton);

/* Has a structure of the kernel a field? The hook is "STRUCTURE.FIELD". */
void try_field(const struct rung *rung, struct refusal *ret);

/* Always holds. */
void try_nothing(const struct rung *rung, struct refusal *ret);

/* Of a rung with variants: the hook whose arguments are this kernel's; NULL if none. */
const struct hook *try_variant(const struct rung *rung, struct refusal *ret);

/*
 * Do all hooks of a rung have the arguments that its programs read? Fills `ret` if not. Programs
 * that are not tried alone before they are loaded are checked so.
 */
void try_arguments(const struct rung *rung, struct refusal *ret);

/* All that is to be tried of a rung whose programs are not loaded alone: the above, and try_iterator()'s trial. */
void try_before(const struct rung *rung, struct refusal *ret);
/* The root of cgroup v2 as an open directory, or -errno. */
int try_open_root_cgroup(void);
