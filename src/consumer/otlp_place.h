// SPDX-License-Identifier: BSD-2-Clause
/*
 * How far a collector was told, in a file of the recording's folder that survives the end of the
 * process: it is written anew and put in the place of the old one.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define OTLP_PLACE_NAME_MAX 64
#define OTLP_PLACE_BOOT_SIZE 37

struct otlp_place {
	char boot[OTLP_PLACE_BOOT_SIZE]; /* "": there is none */
	uint64_t time_us;  /* of that boot's clock: what ended before it was sent, or refused */
	int64_t wall_us;   /* the same in microseconds since 1970 */
	uint64_t maybe_us; /* what ended until then may have been sent */
	uint64_t owed;	   /* records behind both that are in the recording alone */
	bool is_done;	   /* nothing was left to be sent */
	bool is_exact;	   /* it was written at the end of a run, after which nothing was sent */
};

/* The name of the file for one collector and what it is sent. */
void otlp_place_name(const char *endpoint, const char *filter, char ret[OTLP_PLACE_NAME_MAX]);

/* 0 or -errno: -ENOENT if there is none, -EBADMSG if it is damaged. */
int otlp_place_load(struct otlp_place *ret, int dir_fd, const char *name);
int otlp_place_save(const struct otlp_place *p, int dir_fd, const char *name);
