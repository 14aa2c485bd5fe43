/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Events from one tcpsight to another, over /api/v1/stream: a line of text, then events one after the
 * other, each as long as its flags say (ev_size()). Both ends are the same program of the same version
 * on machines of the same kind: the line says which, and whoever reads refuses any other.
 *
 *	tcpsight-stream VERSION LAYOUT OFFSET_NS INTERVAL_NS HAS
 *
 * LAYOUT is STREAM_LAYOUT of the writer; OFFSET_NS is to be added to times to get nanoseconds since 1970;
 * INTERVAL_NS is the time between two readings; HAS are the parts of events that it can give (enum
 * column_need). An EV_TIME ends an interval; its count holds what the writer missed so far: see below.
 */
#pragma once
#include "abi/event.h"

#define STREAM_WORD "tcpsight-stream"
#define STREAM_LINE_MAX 256

/* Sizes and byte order: what a reader must agree on. */
#define STREAM_LAYOUT                                                                              \
	((__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 1000000000u : 2000000000u) +                  \
	 (unsigned)(sizeof(struct event) * 100000 + sizeof(struct ev_ident) * 100 + sizeof(struct ev_extra) % 100))

/* Of an EV_TIME. What was lost for good is known at the end of a run only. */
#define stream_missed count.rx_bytes
#define stream_table_full count.acked_bytes
