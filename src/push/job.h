// SPDX-License-Identifier: BSD-2-Clause
/* What the two sides of a push tell each other. */
#pragma once
#include <stdint.h>

/* What travels beside the memfd. */
struct push_job {
	uint32_t kind; /* the exporter's own */
	uint32_t records;
	uint32_t tag; /* the exporter's own */
	uint64_t bytes;
	uint64_t first_us, last_us; /* times of its records, for who asks what became of it */
};

/* How a job ended. */
struct push_answer {
	uint32_t sent, rejected, given_up; /* of its records */
	uint32_t retries;
	uint32_t is_connected; /* the server answered */
};

/* The work of the other process: jobs come on `socket`. Its return value is the exit status. */
typedef int push_work(int socket, const void *settings);
