// SPDX-License-Identifier: BSD-2-Clause
/*
 * A busy machine's closed flows, made up: 12 services, 900 processes of clients, 200,000 peers of which
 * few are met often (12 % with IPv6), random ports, and sizes, durations and round trips that are
 * log-normal, as those of real traffic are.
 */
#pragma once
#include <err.h>
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "record/record.h"
#include "record/recording.h"

#define SERVICES 12
#define PEERS 200000
#define PROCESSES 900
#define SECOND_NS 1000000000ull
#define WALL_OFFSET_US 1795662720000000ll

static uint64_t state = 0x9e3779b97f4a7c15ull;

static inline uint64_t random64(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state * 0x2545f4914f6cdd1dull;
}

static inline double uniform(void)
{
	return ((double)(random64() >> 11) + 0.5) / 9007199254740992.0;
}

/* exp() of a normal distribution. */
static inline double log_normal(double median, double sigma)
{
	double normal = sqrt(-2 * log(uniform())) * cos(6.283185307179586 * uniform());

	return median * exp(sigma * normal);
}

/* Few are met often, many seldom: rank r as 1 / r^1.1. */
static inline unsigned zipf(unsigned n)
{
	double end = pow(n + 1, -0.1);

	return (unsigned)pow(1 + uniform() * (end - 1), -10) - 1;
}

static struct addr peers[PEERS], servers[SERVICES];
static const uint16_t ports[SERVICES] = {443, 5432, 6379, 80, 8080, 3306, 9092, 9200, 11211, 5672, 27017, 22};
static const char *const names[SERVICES] = {"nginx", "postgres", "redis-server", "haproxy", "java", "mysqld",
					    "kafka", "elastic", "memcached", "beam.smp", "mongod", "sshd"};

static inline void make_peers(void)
{
	for (unsigned i = 0; i < PEERS; i++) {
		if (random64() % 100 < 12) {
			for (unsigned b = 0; b < 16; b++)
				peers[i].byte[b] = (uint8_t)random64();
			memcpy(peers[i].byte, "\x20\x01\x0d\xb8", 4);
		} else {
			addr_set_v4(&peers[i], (uint32_t)random64());
		}
	}
	for (unsigned i = 0; i < SERVICES; i++)
		addr_set_v4(&servers[i], htobe32(0x0a000100u + i));
}

/* A flow that begins at `ev->time_ns`, as it is at its end. */
static inline void make_flow(struct event *ev, uint64_t now_ns)
{
	unsigned service = zipf(SERVICES), process = zipf(PROCESSES);
	double rtt_us = log_normal(3000, 1.2), life_us = log_normal(80000, 1.8);
	bool serves = random64() % 100 < 60;
	struct ev_ident *id = &ev->ident;
	static uint64_t cookie = 100000;

	memset(ev, 0, sizeof(*ev));
	ev->head.id = cookie += 1 + random64() % 3;
	ev->head.kind = EV_CLOSE;
	ev->head.flags = EV_HAS_IDENT;
	ev->head.state = random64() % 4 ? ST_LAST_ACK : ST_FIN_WAIT2;
	ev->head.end_reason = END_FIN;
	if (random64() % 100 < 4) {
		ev->head.end_reason = END_RESET_RECEIVED;
		ev->head.error = ECONNRESET;
	}
	ev->time_ns = now_ns / 1000 * 1000;
	id->laddr = servers[serves ? service : 0];
	id->raddr = peers[zipf(PEERS)];
	id->family = addr_is_v4(&id->raddr) ? 4 : 6;
	id->role = serves ? ROLE_ACCEPT : ROLE_CONNECT;
	id->owner_source = serves ? OWNER_ACCEPT : OWNER_CONNECT;
	id->lport = serves ? ports[service] : (uint16_t)(32768 + random64() % 28232);
	id->rport = serves ? (uint16_t)(32768 + random64() % 28232) : ports[service];
	id->pid = serves ? 1000 + service : 20000 + process;
	id->uid = serves ? 100 + service : 1000 + process % 5;
	id->netns = 4026531840u;
	id->mntns = 4026531841u;
	id->cgroup_id = 5000 + (serves ? service : process % 40);
	snprintf(id->comm, sizeof(id->comm), "%s", serves ? names[service] : "curl");
	snprintf(id->thread, sizeof(id->thread), "%s", serves ? names[service] : "curl");
	if (serves && service == 4)
		snprintf(id->thread, sizeof(id->thread), "http-nio-%u", (unsigned)(random64() % 200));
	ev->count.min_rtt_us = (uint32_t)rtt_us + 20;
	ev->count.srtt_us = (uint32_t)(rtt_us * (1 + fabs(log_normal(0.1, 0.8)))) + 20;
	id->handshake_us = (uint32_t)(rtt_us * (1 + log_normal(0.02, 1))) + 20;
	id->open_ns = ev->time_ns - ((uint64_t)life_us + id->handshake_us) * 1000;
	id->established_ns = id->open_ns + (serves ? random64() % 8 : id->handshake_us) * 1000;
	ev->count.tx_bytes = (uint64_t)log_normal(serves ? 4000 : 600, 1.6);
	ev->count.rx_bytes = (uint64_t)log_normal(serves ? 600 : 4000, 1.6);
	ev->count.acked_bytes = ev->count.tx_bytes;
	if (ev->head.end_reason != END_FIN)
		ev->count.acked_bytes -= ev->count.tx_bytes / 3;
	if (random64() % 100 < 3) {
		ev->count.retrans_segs = 1 + random64() % 4;
		ev->count.retrans_bytes = ev->count.retrans_segs * 1448;
	}
}

static inline double cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline struct record_config config_for(int dir_fd, int fd)
{
	return (struct record_config){.dir_fd = dir_fd,
				      .file_fd = fd,
				      .level = RECORD_LEVEL,
				      .meta = {.version = "bench",
					       .host = "bench",
					       .boot = "b0000000-0000-4000-8000-000000000000",
					       .interval_us = 1000000}};
}

static inline int memory_file(void)
{
	int fd = memfd_create("bench", MFD_CLOEXEC);

	if (fd < 0)
		err(1, "memfd_create");
	return fd;
}

static inline uint64_t size_of(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		err(1, "fstat");
	return (uint64_t)st.st_size;
}
