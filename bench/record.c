// SPDX-License-Identifier: BSD-2-Clause
/*
 * What closed flows take in a recording: written by the recorder's own code and read by the reader's,
 * beside the same rows as lines of JSON and as packed structs, both packed by zstd at the same level
 * with the same flush each second. Prints one JSON object.
 *
 *	record form ROWS PER_SECOND  in each form
 *	record json ROWS             the rows as lines of JSON, for other programs
 *	record netflow ROWS PORT     the rows as NetFlow version 5, two records each
 */
#include <arpa/inet.h>
#include <jansson.h>
#include <stdlib.h>
#include <zstd.h>

#include "record_traffic.h"

#define LEVEL RECORD_LEVEL

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

/* What it takes to parse so many rows as JSON, which is there already. */
static double parse_json(const struct event *row, unsigned rows)
{
	char line[2048];
	double spent_s = 0;

	for (unsigned i = 0; i < rows; i++) {
		size_t len = put_json(line, &row[i]);
		double start_s = cpu_s();
		json_t *parsed = json_loadb(line, len, 0, NULL);

		if (!parsed)
			errx(1, "our own JSON is none");
		json_decref(parsed);
		spent_s += cpu_s() - start_s;
	}
	return spent_s;
}

#define PARSED_ROWS 100000

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
	/* That all rows come back is proved first, and then measured without the proof. */
	read_recording(fd, row, rows);
	read_s = read_recording(fd, NULL, rows);
	printf("{\"bytes\":%.2f,\"json_bytes\":%.2f,\"packed_bytes\":%.2f,\"encode\":%.0f,"
	       "\"json_encode\":%.0f,\"packed_encode\":%.0f,\"decode\":%.0f,\"json_decode\":%.0f}\n",
	       (double)recording / rows, (double)json / rows, (double)packed / rows, rows / write_s,
	       rows / json_s, rows / packed_s, rows / read_s, PARSED_ROWS / parse_json(row, PARSED_ROWS));
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

/* One direction of a flow; IPv4 only, as version 5 is. */
static uint8_t *put_netflow(uint8_t *p, const struct event *ev, bool back)
{
	const struct ev_ident *id = &ev->ident;
	uint64_t bytes = back ? ev->count.rx_bytes : ev->count.tx_bytes;
	uint32_t first_ms = (uint32_t)(id->open_ns / 1000000), last_ms = (uint32_t)(ev->time_ns / 1000000);
	uint32_t word[12] = {0};

	memcpy(&word[back], &id->laddr.byte[12], 4);
	memcpy(&word[!back], &id->raddr.byte[12], 4);
	word[4] = htonl((uint32_t)(bytes / 1448 + 2));
	word[5] = htonl((uint32_t)bytes);
	word[6] = htonl(first_ms);
	word[7] = htonl(last_ms);
	word[8] = htonl(back ? (uint32_t)id->rport << 16 | id->lport : (uint32_t)id->lport << 16 | id->rport);
	word[9] = htonl(0x1b0600); /* flags, TCP */
	memcpy(p, word, sizeof(word));
	return p + sizeof(word);
}

static int netflow(unsigned rows, unsigned port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	struct event *row = make_rows(rows, 277);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	uint32_t sequence = 0;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (unsigned i = 0; i < rows; i += 15) {
		unsigned count = rows - i < 15 ? rows - i : 15;
		uint8_t packet[24 + 30 * 48], *end = packet + 24;
		uint32_t head[6] = {htonl(5u << 16 | count * 2), htonl((uint32_t)(row[i].time_ns / 1000000)),
				    htonl((uint32_t)(WALL_OFFSET_US / 1000000)), 0, htonl(sequence), 0};

		memcpy(packet, head, sizeof(head));
		for (unsigned n = 0; n < count; n++)
			end = put_netflow(put_netflow(end, &row[i + n], false), &row[i + n], true);
		if (sendto(fd, packet, (size_t)(end - packet), 0, (struct sockaddr *)&to, sizeof(to)) < 0)
			err(1, "sendto");
		sequence += count * 2;
		/* A collector must keep up. */
		if (i % 300 == 0)
			nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
	printf("{\"records\":%u}\n", sequence);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned rows = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
	unsigned number = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 0;

	if (argc == 4 && !strcmp(argv[1], "form"))
		return form(rows, number);
	if (argc == 3 && !strcmp(argv[1], "json"))
		return json(rows);
	if (argc == 4 && !strcmp(argv[1], "netflow"))
		return netflow(rows, number);
	errx(2, "usage: record form ROWS PER_SECOND | json ROWS | netflow ROWS PORT");
}
