// SPDX-License-Identifier: BSD-2-Clause
/*
 * Writes a capture of known content to stdout: `packets bulk N` is N packets of whole connections,
 * twenty packets each, a hundred at a time; `packets flood N` is N SYNs from random addresses, and
 * after every thousandth a real handshake. Says on stderr how many handshakes succeed.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERVER 0x0b000001u
#define CLIENTS 0x0a000000u
#define GROUP 100
#define STEPS 20
#define MSS 1400
#define SNAPLEN 96
#define LINK_RAW 101

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };

struct __attribute__((packed)) record {
	uint32_t sec, usec, captured, length;
	uint8_t ip[20], tcp[20], data[SNAPLEN - 40];
};

struct segment {
	uint32_t from, to, seq, ack;
	uint16_t sport, dport, payload;
	uint8_t flags;
};

static uint64_t written;

static void put16(uint8_t *at, uint16_t n)
{
	n = htons(n);
	memcpy(at, &n, sizeof(n));
}

static void put32(uint8_t *at, uint32_t n)
{
	n = htonl(n);
	memcpy(at, &n, sizeof(n));
}

static void put(struct segment s)
{
	struct record r = {.sec = 1700000000u + (uint32_t)(written / 100000),
			   .usec = (uint32_t)(written % 100000 * 10),
			   .length = 40u + s.payload};

	r.captured = r.length < SNAPLEN ? r.length : SNAPLEN;
	r.ip[0] = 0x45;
	put16(r.ip + 2, (uint16_t)r.length);
	put16(r.ip + 4, (uint16_t)written);
	r.ip[8] = 64;
	r.ip[9] = 6;
	put32(r.ip + 12, s.from);
	put32(r.ip + 16, s.to);
	put16(r.tcp, s.sport);
	put16(r.tcp + 2, s.dport);
	put32(r.tcp + 4, s.seq);
	put32(r.tcp + 8, s.ack);
	r.tcp[12] = 0x50;
	r.tcp[13] = s.flags;
	put16(r.tcp + 14, 65535);
	fwrite(&r, 16 + r.captured, 1, stdout);
	written++;
}

/* One packet of a connection: it opens, asks for 100 bytes, gets 13 segments, closes. */
static void put_step(uint32_t number, unsigned step)
{
	uint32_t client = CLIENTS + number / 50000, c = number * 7919 + 1, s = number * 104729 + 1;
	uint16_t port = (uint16_t)(1024 + number % 50000);
	uint32_t end = s + 1 + 13 * MSS;

	if (step == 0)
		put((struct segment){client, SERVER, c, 0, port, 80, 0, SYN});
	else if (step == 1)
		put((struct segment){SERVER, client, s, c + 1, 80, port, 0, SYN | ACK});
	else if (step == 2)
		put((struct segment){client, SERVER, c + 1, s + 1, port, 80, 0, ACK});
	else if (step == 3)
		put((struct segment){client, SERVER, c + 1, s + 1, port, 80, 100, PSH | ACK});
	else if (step < 17)
		put((struct segment){SERVER, client, s + 1 + (step - 4) * MSS, c + 101, 80, port, MSS,
				     ACK});
	else if (step == 17)
		put((struct segment){SERVER, client, end, c + 101, 80, port, 0, FIN | ACK});
	else if (step == 18)
		put((struct segment){client, SERVER, c + 101, end + 1, port, 80, 0, FIN | ACK});
	else
		put((struct segment){SERVER, client, end + 1, c + 102, 80, port, 0, ACK});
}

static uint64_t bulk(uint64_t packets)
{
	uint32_t first = 0;

	for (; written < packets; first += GROUP)
		for (unsigned step = 0; step < STEPS; step++)
			for (uint32_t i = 0; i < GROUP; i++)
				put_step(first + i, step);
	return first;
}

static uint64_t flood(uint64_t syns)
{
	uint32_t real = 0;

	srandom(1);
	for (uint64_t n = 0; n < syns; n++) {
		put((struct segment){(uint32_t)random() | 0x40000000u, SERVER, (uint32_t)random(), 0,
				     (uint16_t)random(), 80, 0, SYN});
		if (n % 1000 == 999) {
			for (unsigned step = 0; step < 3; step++)
				put_step(real, step);
			real++;
		}
	}
	return real;
}

int main(int argc, char **argv)
{
	const uint32_t header[] = {0xa1b2c3d4u, 0x00040002u, 0, 0, SNAPLEN, LINK_RAW};
	uint64_t n = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;

	if (!n || (strcmp(argv[1], "bulk") && strcmp(argv[1], "flood"))) {
		fprintf(stderr, "usage: packets bulk|flood N\n");
		return 2;
	}
	fwrite(header, sizeof(header), 1, stdout);
	fprintf(stderr, "%llu\n",
		(unsigned long long)(strcmp(argv[1], "bulk") ? flood(n) : bulk(n)));
	return fflush(stdout) ? 1 : 0;
}
