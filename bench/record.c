// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a recording takes: the traffic of a busy machine, made up, written by the recorder's own code
 * and read by the reader's, beside the same rows as lines of JSON and as packed structs, both packed
 * by zstd at the same level with the same flush each second. Prints one JSON object.
 *
 *	record form [ROWS [PER_SECOND]]     closed flows alone, in each form
 *	record mix CLOSES SAMPLES LIVE SECONDS  what a recording takes in all
 *	record json [ROWS]                  the rows as lines of JSON, for other programs
 *	record month DIR                    30 days of files, and how long a minute in them takes to find
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zstd.h>

#include "record/record.h"
#include "record/recording.h"
#include "record_traffic.h"

#define WALL_OFFSET_US 1795662720000000ll
#define LEVEL RECORD_LEVEL

static double cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct event *make_rows(unsigned rows, unsigned per_second)
{
	struct event *row = malloc((size_t)rows * sizeof(*row));
	double now_s = 1000;

	if (!row)
		err(1, "no memory");
	make_peers();
	for (unsigned i = 0; i < rows; i++) {
		now_s -= log(uniform()) / per_second;
		make_flow(&row[i], (uint64_t)(now_s * 1e9));
	}
	return row;
}

static struct record_config config_for(int dir_fd, int fd)
{
	return (struct record_config){.dir_fd = dir_fd,
				      .file_fd = fd,
				      .level = LEVEL,
				      .meta = {.version = "bench",
					       .host = "bench",
					       .boot = "b0000000-0000-4000-8000-000000000000",
					       .interval_us = 1000000}};
}

static int memory_file(void)
{
	int fd = memfd_create("bench", MFD_CLOEXEC);

	if (fd < 0)
		err(1, "memfd_create");
	return fd;
}

static uint64_t size_of(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		err(1, "fstat");
	return (uint64_t)st.st_size;
}

/* Record the rows second by second. Returns the file; `*ret_s` is what it took. */
static int write_recording(const struct event *row, unsigned rows, double *ret_s)
{
	struct record_clock clock = {.time_ns = 1000 * SECOND_NS, .wall_offset_us = WALL_OFFSET_US};
	int fd = memory_file();
	struct record_config config = config_for(-1, fd);
	struct record *r;
	double start_s = cpu_s();

	if (record_open(&r, &config, &clock))
		errx(1, "record_open");
	record_key_end(r);
	for (unsigned i = 0; i < rows; i++) {
		while (row[i].time_ns >= clock.time_ns + SECOND_NS) {
			clock.time_ns += SECOND_NS;
			if (record_tick(r, &clock))
				record_key_end(r);
		}
		record_closed(r, &row[i]);
	}
	record_end(r);
	*ret_s = cpu_s() - start_s;
	return fd;
}

/* Read all; compared with the rows if they are given. Returns what it took. */
static double read_recording(int fd, const struct event *row, unsigned rows)
{
	const struct recording_config config = {.from_wall_us = RECORDING_NO_FROM,
						.to_wall_us = RECORDING_NO_TO,
						.edges_only = true,
						.flows_max = 16};
	struct recording *r;
	struct event ev;
	double start_s = cpu_s(), took_s;
	unsigned n = 0;
	int item;

	if (recording_open_fd(&r, dup(fd), &config))
		errx(1, "recording_open");
	while ((item = recording_next(r, &ev)) > 0)
		if (item == RECORDING_EVENT && ev.head.kind == EV_CLOSE) {
			if (row && (n >= rows || memcmp(&ev, &row[n], EV_SIZE_IDENT)))
				errx(1, "row %u is not what was written", n);
			n++;
		}
	took_s = cpu_s() - start_s;
	if (item || n != rows)
		errx(1, "%u of %u rows", n, rows);
	recording_close(r);
	return took_s;
}

/* A stream that is flushed each second and begins anew each minute, as in a recording. */
struct packer {
	ZSTD_CCtx *zstd;
	char *in, *out;
	size_t used;
	uint64_t bytes;
	unsigned seconds;
};

#define PACKER_BYTES (64u << 20)

static struct packer packer_new(void)
{
	struct packer p = {.zstd = ZSTD_createCCtx(), .in = malloc(PACKER_BYTES), .out = malloc(PACKER_BYTES)};

	if (!p.zstd || !p.in || !p.out)
		err(1, "no memory");
	ZSTD_CCtx_setParameter(p.zstd, ZSTD_c_compressionLevel, LEVEL);
	ZSTD_CCtx_setParameter(p.zstd, ZSTD_c_windowLog, 18);
	return p;
}

static void packer_flush(struct packer *p)
{
	ZSTD_inBuffer in = {.src = p->in, .size = p->used};
	ZSTD_outBuffer out = {.dst = p->out, .size = PACKER_BYTES};

	while (ZSTD_compressStream2(p->zstd, &out, &in, ZSTD_e_flush))
		;
	p->bytes += out.pos;
	p->used = 0;
	if (++p->seconds % 60 == 0)
		ZSTD_CCtx_reset(p->zstd, ZSTD_reset_session_only);
}

static size_t put_json(char *p, const struct event *ev)
{
	const struct ev_ident *id = &ev->ident;
	const uint8_t *l = id->laddr.byte, *r = id->raddr.byte;

	return (size_t)sprintf(
		p,
		"{\"time\":%llu,\"pid\":%u,\"comm\":\"%s\",\"thread\":\"%s\",\"owner_source\":\"%s\",\"uid\":%u,"
		"\"family\":%u,\"laddr\":\"%u.%u.%u.%u\",\"lport\":%u,\"raddr\":\"%u.%u.%u.%u\",\"rport\":%u,"
		"\"state\":\"%s\",\"role\":\"%s\",\"tx_bytes\":%llu,\"rx_bytes\":%llu,\"acked_bytes\":%llu,"
		"\"duration_us\":%llu,\"handshake_us\":%u,\"srtt_us\":%u,\"min_rtt_us\":%u,\"retrans\":%u,"
		"\"bytes_retrans\":%llu,\"cgroup_id\":%llu,\"netns\":%u,\"cookie\":%llu,\"end_reason\":\"%s\","
		"\"error\":%u}\n",
		(unsigned long long)ev->time_ns / 1000, id->pid, id->comm, id->thread,
		id->owner_source == OWNER_ACCEPT ? "accept" : "connect", id->uid, id->family, l[12], l[13], l[14],
		l[15], id->lport, r[12], r[13], r[14], r[15], id->rport,
		ev->head.state == ST_LAST_ACK ? "last_ack" : "fin_wait2", id->role == ROLE_ACCEPT ? "accept" : "connect",
		(unsigned long long)ev->count.tx_bytes, (unsigned long long)ev->count.rx_bytes,
		(unsigned long long)ev->count.acked_bytes,
		(unsigned long long)(ev->time_ns - id->established_ns) / 1000, id->handshake_us, ev->count.srtt_us,
		ev->count.min_rtt_us, ev->count.retrans_segs, (unsigned long long)ev->count.retrans_bytes,
		(unsigned long long)id->cgroup_id, id->netns, (unsigned long long)ev->head.id,
		ev->head.end_reason == END_FIN ? "fin" : "reset_received", ev->head.error);
}

static size_t put_packed(char *p, const struct event *ev)
{
	memcpy(p, ev, EV_SIZE_IDENT);
	return EV_SIZE_IDENT;
}

static uint64_t pack(const struct event *row, unsigned rows, size_t (*put)(char *, const struct event *),
		     double *ret_s)
{
	struct packer p = packer_new();
	uint64_t second_ns = 1000 * SECOND_NS;
	double start_s = cpu_s();

	for (unsigned i = 0; i < rows; i++) {
		while (row[i].time_ns >= second_ns + SECOND_NS) {
			second_ns += SECOND_NS;
			packer_flush(&p);
		}
		p.used += put(p.in + p.used, &row[i]);
	}
	packer_flush(&p);
	*ret_s = cpu_s() - start_s;
	ZSTD_freeCCtx(p.zstd);
	free(p.in);
	free(p.out);
	return p.bytes;
}

static int form(unsigned rows, unsigned per_second)
{
	struct event *row = make_rows(rows, per_second);
	double write_s, json_s, packed_s, read_s;
	uint64_t json, packed, recording;
	int fd;

	json = pack(row, rows, put_json, &json_s);
	packed = pack(row, rows, put_packed, &packed_s);
	fd = write_recording(row, rows, &write_s);
	recording = size_of(fd); 
	read_recording(fd, row, rows);
	read_s = read_recording(fd, NULL, rows);
	printf("{\"rows\":%u,\"bytes\":%.2f,\"json_bytes\":%.2f,\"packed_bytes\":%.2f,\"encode\":%.0f,"
	       "\"json_encode\":%.0f,\"packed_encode\":%.0f,\"decode\":%.0f}\n",
	       rows, (double)recording / rows, (double)json / rows, (double)packed / rows, rows / write_s,
	       rows / json_s, rows / packed_s, rows / read_s);
	return 0;
}

static int json(unsigned rows)
{
	struct event *row = make_rows(rows, 277);
	char line[2048];

	for (unsigned i = 0; i < rows; i++)
		fwrite(line, 1, put_json(line, &row[i]), stdout);
	return 0;
}

struct live {
	struct event ev;
	struct ev_count reported;
	uint32_t mark;
};

static void give_key(struct record *r, struct live *live, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		record_live(r, &live[i].ev, &live[i].mark);
	record_key_end(r);
}

static void move_flow(struct live *f)
{
	struct ev_count *c = &f->ev.count;

	f->reported = *c;
	c->tx_bytes += (uint64_t)log_normal(3000, 1.5);
	c->rx_bytes += (uint64_t)log_normal(800, 1.5);
	c->acked_bytes = c->tx_bytes;
	c->srtt_us = c->srtt_us / 8 * 7 + (uint32_t)(log_normal(1, 0.2) * c->min_rtt_us) / 8 + 1;
	if (random64() % 1000 == 0)
		c->min_rtt_us -= c->min_rtt_us / 50;
	if (random64() % 100 == 0) {
		c->retrans_segs++;
		c->retrans_bytes += 1448;
	}
}

/* What one second of a machine takes, with everything. */
static void second(struct record *r, struct record_clock *clock, struct live *live, unsigned closes,
		   unsigned samples, unsigned count, double *spent_s)
{
	static struct event *row;
	double start_s;

	if (!row)
		row = malloc(closes * sizeof(*row));
	for (unsigned i = 0; i < closes; i++)
		make_flow(&row[i], clock->time_ns + (uint64_t)((i + uniform()) * 1e9 / closes));
	for (unsigned i = 0; i < samples; i++)
		move_flow(&live[i]);
	clock->time_ns += SECOND_NS;
	start_s = cpu_s();
	for (unsigned i = 0; i < closes; i++)
		record_closed(r, &row[i]);
	for (unsigned i = 0; i < samples; i++)
		record_sample(r, &live[i].ev, &live[i].reported, &live[i].mark);
	if (record_tick(r, clock))
		give_key(r, live, count);
	*spent_s += cpu_s() - start_s;
}

static int mix(unsigned closes, unsigned samples, unsigned count, unsigned seconds)
{
	struct record_clock clock = {.time_ns = 1000 * SECOND_NS, .wall_offset_us = WALL_OFFSET_US};
	struct live *live = calloc(count + 1, sizeof(*live));
	int fd = memory_file();
	struct record_config config = config_for(-1, fd);
	struct record *r;
	double spent_s = 0;

	make_peers();
	for (unsigned i = 0; i < count; i++)
		make_flow(&live[i].ev, clock.time_ns);
	if (record_open(&r, &config, &clock))
		errx(1, "record_open");
	give_key(r, live, count);
	for (unsigned i = 0; i < seconds; i++)
		second(r, &clock, live, closes, samples, count, &spent_s);
	record_end(r);
	printf("{\"bytes_s\":%.0f,\"cpu_us_s\":%.0f}\n", (double)size_of(fd) / seconds, spent_s * 1e6 / seconds);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned n[4] = {1000000, 277, 1000, 600};

	for (int i = 2; i < argc && i < 6; i++)
		n[i - 2] = (unsigned)strtoul(argv[i], NULL, 10);
	if (argc > 1 && !strcmp(argv[1], "form"))
		return form(n[0], n[1]);
	if (argc > 1 && !strcmp(argv[1], "json"))
		return json(n[0]);
	if (argc == 6 && !strcmp(argv[1], "mix"))
		return mix(n[0], n[1], n[2], n[3]);
	errx(2, "usage: record form [ROWS [PER_SECOND]] | mix CLOSES SAMPLES LIVE SECONDS | json [ROWS]");
}
