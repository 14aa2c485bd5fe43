// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a recording holds besides flows, which are `struct event` (abi/event.h). One struct a table;
 * columns.c says which field is which column. Times are nanoseconds of the recording's clock
 * (CLOCK_MONOTONIC of the machine); the file keeps whole microseconds of them, rounded down.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Longest text that is kept; what is longer is cut. */
#define RECORD_TEXT_MAX 4096

/* Whose name. */
enum record_name_kind {
	RECORD_NAME_CGROUP, /* key: cgroup id; text: its path */
	RECORD_NAME_NETNS,  /* key: inode number */
	RECORD_NAME_UID,
	RECORD_NAME_COUNT
};

struct record_name {
	uint64_t key;
	const char *text; /* borrowed */
	uint8_t kind;	  /* enum record_name_kind */
};

/*
 * A counter of the host: by how much it grew in the interval. Of a level ("load1" and its kin, in 1/100;
 * "level.time_wait" and its kin): what it is now, when that changed.
 */
struct record_host {
	const char *counter; /* "TcpExt.TCPTimeouts"; borrowed */
	int64_t value;
};

static inline bool record_is_level(const char *counter)
{
	return !strncmp(counter, "level.", 6) || !strncmp(counter, "load", 4);
}

/*
 * The account of the run so far, opened + adopted = closed + live + lost (as the engine keeps it),
 * and the rows that the recorder itself could not keep.
 */
struct record_loss {
	uint64_t time_ns;
	uint64_t opened, adopted, closed, live, lost;
	uint64_t lost_tx_bytes, lost_rx_bytes;
	uint64_t missed;	    /* state changes, or packets, that the kernel did not show */
	uint64_t table_full;	    /* flows that found no place in the table */
	uint64_t undecoded;	    /* input that could not be understood */
	uint64_t received, dropped; /* packets, as pcap_stats() counts them */
	uint64_t interface_dropped;
	uint64_t first_ns, last_ns; /* of a source that reads a file: its first and last packet */
	const char *undecoded_why;  /* "cut-tcp 3, bad-ip 1"; borrowed; never NULL when read */
	uint64_t dropped_rows;	    /* rows for which there was no room on the disk or in memory */
	/* Segments of packets that were understood and counted for no flow. */
	uint64_t ignored, stray;
	uint64_t inexact; /* of closed: whose received bytes may be wrong by one */
	uint64_t dropped_names;	    /* names for which there was no room */
};

enum record_note_kind {
	RECORD_NOTE_START,
	RECORD_NOTE_STOP,
	RECORD_NOTE_CLOCK_STEP, /* value: by how many us the wall clock was set */
	RECORD_NOTE_SUSPEND,	/* value: for how many us the machine slept */
	RECORD_NOTE_DISK_FULL,	/* text: the error */
	RECORD_NOTE_DISK_FREE,	/* value: rows dropped meanwhile */
	RECORD_NOTE_RUNG,	/* text: another way was taken, which and why */
	RECORD_NOTE_THINNED,	/* value: us of an interval from here on */
	RECORD_NOTE_USER,	/* text: said by somebody */
	RECORD_NOTE_COUNT
};

struct record_note {
	uint64_t time_ns;
	int64_t value;
	const char *text; /* borrowed; never NULL when read */
	uint8_t kind;	  /* enum record_note_kind */
};

/* The end of an interval. */
struct record_tick {
	uint64_t time_ns;
	int64_t wall_offset_us; /* add to a time to get microseconds since 1970 */
};
