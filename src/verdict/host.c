// SPDX-License-Identifier: BSD-2-Clause
/* What the kernel counts for no socket. */
#include <stddef.h>

#include "verdict/rules.h"
#include "verdict/verdict.h"

static const struct {
	const char *name; /* what grows: the kernel's, in TcpExt of /proc/net/netstat */
	size_t offset;
} figures[HOST_FIGURES] = {
	{"SyncookiesSent", offsetof(struct host_reading, cookies)},
	{"TCPReqQFullDrop", offsetof(struct host_reading, syn_queue_drops)},
	{"TCPMemoryPressures", offsetof(struct host_reading, memory_pressures)},
	{"PruneCalled", offsetof(struct host_reading, pruned)},
	{"TCPRcvQDrop", offsetof(struct host_reading, receive_drops)},
	{"TCPAbortOnMemory", offsetof(struct host_reading, memory_aborts)},
	{"TCPTimeWaitOverflow", offsetof(struct host_reading, time_wait_overflows)},
	/* As recordings call them, for ever (record_is_level()). */
	{"level.mem_pages", offsetof(struct host_reading, mem_pages)},
	{"level.mem_limit_pages", offsetof(struct host_reading, mem_limit_pages)},
	{"level.time_wait", offsetof(struct host_reading, time_wait)},
	{"level.time_wait_limit", offsetof(struct host_reading, time_wait_limit)},
	{"level.orphans", offsetof(struct host_reading, orphans)},
	{"level.orphans_limit", offsetof(struct host_reading, orphans_limit)},
};

const char *host_figure_name(unsigned i)
{
	return figures[i].name;
}

int64_t *host_figure_at(struct host_reading *r, unsigned i)
{
	return (int64_t *)(void *)((char *)r + figures[i].offset);
}

#define HOLDS(name) static bool name(const struct subject *s, const struct facts *f)

HOLDS(memory)
{
	(void)s;
	return fact_get(f, FACT_mem_share) >= PERCENT(90) || fact_get(f, FACT_mem_cuts) > 0;
}

/* Short of memory is not the same as out of it. */
static enum severity weigh_memory(const struct subject *s, const struct facts *f)
{
	(void)s;
	return fact_get(f, FACT_mem_share) >= PERCENT(90) ? SEVERITY_SLOW : SEVERITY_WATCH;
}

HOLDS(syn_backlog)
{
	(void)s;
	return fact_get(f, FACT_cookies) > 0 || fact_get(f, FACT_syn_queue_drops) > 0;
}

/* Cookies do the work of the queue. */
static enum severity weigh_backlog(const struct subject *s, const struct facts *f)
{
	(void)s;
	return fact_get(f, FACT_syn_queue_drops) ? SEVERITY_FAILED : SEVERITY_WATCH;
}

HOLDS(time_wait)
{
	(void)s;
	return fact_get(f, FACT_time_wait_overflows) > 0;
}

static bool is_near(const struct facts *f, enum fact level, enum fact limit)
{
	return fact_get(f, limit) > 0 && fact_get(f, level) * 10 >= fact_get(f, limit) * 9;
}

HOLDS(orphans)
{
	(void)s;
	return is_near(f, FACT_orphans, FACT_orphans_limit);
}

// clang-format off
static const struct rule rules[] = {
	{"syn_backlog", SEVERITY_FAILED, CERTAINTY_MEASURED,
	 "SYN cookies were sent (watch), or SYNs dropped because too many handshakes were pending", "1 packet",
	 "too many handshakes are pending in {window_us}[: {syn_queue_drops:SYN} dropped][, {cookies:cookie} sent]",
	 "syn_queue_drops,cookies,window_us",
	 "a flood, or a slow path back to the clients; net.ipv4.tcp_max_syn_backlog",
	 syn_backlog, weigh_backlog},
	{"tcp_memory", SEVERITY_SLOW, CERTAINTY_MEASURED,
	 "TCP has 90 % of its memory, or (watch) something was cut for lack of memory", "1 reading",
	 "memory of TCP is short: {mem_share} of its limit[, {mem_cuts:cut} in {window_us}]; windows are made smaller",
	 "mem_share,mem_cuts,window_us",
	 "who holds it: tcpsight stat --live --sort rmem_bytes; net.ipv4.tcp_mem",
	 memory, weigh_memory},
	{"time_wait_overflow", SEVERITY_WATCH, CERTAINTY_MEASURED,
	 "connections ended without their time in TIME_WAIT, because there were too many", "1 connection",
	 "{time_wait_overflows:connection} found no place in TIME_WAIT, where {time_wait} are",
	 "time_wait_overflows,time_wait,time_wait_limit",
	 "who opens so many: tcpsight life; net.ipv4.tcp_max_tw_buckets",
	 time_wait},
	{"orphans", SEVERITY_WATCH, CERTAINTY_MEASURED,
	 "90 % of the connections that may be without a process are there", "1 reading",
	 "{orphans} connections have no process any more, {orphans_limit} may be so: new ones will be reset",
	 "orphans,orphans_limit", "peers that do not answer the end; net.ipv4.tcp_max_orphans",
	 orphans},
};
// clang-format on

const struct rule_table rule_host = {"the host", rules, sizeof(rules) / sizeof(rules[0])};
