// SPDX-License-Identifier: BSD-2-Clause
/*
 * The one table of everything that a recording holds: which tables there are, and of each column
 * its number in files, its name, type and unit, how it is encoded, and which field of which struct
 * it is. Writer, reader, `record --check --stats` and the column lists inside files are made from
 * it. doc/recording.md describes the same to the byte.
 *
 * Numbers of tables and columns stand in files: none is ever used again for something else. A new
 * field is one new line with a new number. Readers that do not know it pass it over; to readers
 * that do, it is 0 (or empty) in older files.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "abi/addr.h"
#include "record/encoding.h"

enum record_table {
	/* Dictionaries: other columns hold the numbers of their rows, counted from 0. */
	RECORD_TEXT = 1,
	RECORD_ADDR = 2,
	RECORD_LOCAL = 3,
	/* What this part of the file may hold: the tables and the columns by number. */
	RECORD_TABLES = 4,
	RECORD_COLUMNS = 5,
	/* The stream of edges. */
	RECORD_CLOSE = 8,
	RECORD_OPEN = 9,
	RECORD_KEY = 10,
	RECORD_IDENT = 11,
	RECORD_HANDSHAKE = 12,
	RECORD_RESET = 13,
	RECORD_NAME = 14,
	RECORD_LOSS = 15,
	RECORD_NOTE = 16,
	/* The stream of volume. */
	RECORD_SAMPLE = 17,
	RECORD_HOST = 18,
	/* In both streams. */
	RECORD_TICK = 19,
	RECORD_QUIET = 20,
	RECORD_TABLE_END
};

#define RECORD_FIRST_DATA_TABLE RECORD_CLOSE

enum record_stream { STREAM_EDGES, STREAM_VOLUME, STREAM_COUNT };

/* What a number means; the number of the type stands in files. */
enum record_type {
	TYPE_NUMBER,
	TYPE_SIGNED,  /* two's complement */
	TYPE_TIME,    /* microseconds of the recording's clock; 0: not known */
	TYPE_ENUM,    /* the number of a word of the column's list */
	TYPE_FLAGS,   /* a bit a word */
	TYPE_TEXT,    /* row of the dictionary of texts */
	TYPE_ADDR,    /* row of the dictionary of addresses */
	TYPE_LOCAL,  /* row of the dictionary of local sides */
	TYPE_BYTES,   /* of dictionaries: no number */
	TYPE_COUNT
};

/* How a struct has it. */
enum record_form {
	FORM_UINT,    /* 1, 2, 4 or 8 bytes */
	FORM_INT,     /* 4 or 8 bytes, taken as two's complement */
	FORM_NS,      /* u64 nanoseconds */
	FORM_CHARS,   /* char[size], ended by 0 unless it is full */
	FORM_POINTER, /* const char *; NULL is the empty text */
	FORM_ADDR,    /* struct addr */
	FORM_LOCAL,   /* of struct event: its local side, which is a row of RECORD_LOCAL */
	FORM_SERVICE, /* of struct event: the port of the side that listened */
	FORM_OTHER,   /* of struct event: the port of the other side */
	FORM_CONNECT, /* of struct event: handshake_us where its role is to connect, else 0 */
	FORM_ACCEPT,  /* handshake_us where it is not */
	FORM_BYTES,   /* of dictionaries */
};

struct record_column {
	uint16_t number;
	/* Of ENCODING_DIFFERENCE: the columns whose sum is subtracted; they come first. 0: none. */
	uint16_t base[2];
	uint8_t type, encoding, form;
	uint8_t size; /* of the field, in bytes */
	uint16_t offset;
	bool extra;	 /* of struct ev_extra: recorded only if that is wished */
	uint32_t tables; /* 1 << enum record_table */
	const char *name, *unit;
	const char *words; /* "none fin reset_sent": of TYPE_ENUM and TYPE_FLAGS */
};

/* The local side of flows, as its dictionary has it: whose, and where. */
struct record_local {
	uint64_t cgroup_id;
	uint32_t pid, uid, netns, mntns;
	char comm[16], thread[16];
	struct addr laddr;
	uint8_t owner_source, role;
	uint8_t pad[6];
};

/* A row of RECORD_TABLES and RECORD_COLUMNS. */
struct record_schema {
	uint64_t number;
	const char *name, *unit, *words;
	uint8_t type;
};

struct record_table_info {
	const char *name;   /* NULL: there is no such table */
	uint8_t streams;    /* 1 << enum record_stream */
	uint16_t row_bytes; /* of its struct */
};

extern const struct record_column record_columns[];
extern const unsigned record_column_count;
extern const struct record_table_info record_tables[RECORD_TABLE_END];

/* Numbers of columns are below this. */
#define RECORD_NUMBER_END 1024

/* Most columns that a table has, with those of struct ev_extra. */
#define RECORD_TABLE_COLUMNS_MAX 160

/*
 * The columns of a table in the order of record_columns, those of struct ev_extra if `extra`.
 * Returns how many, at most RECORD_TABLE_COLUMNS_MAX.
 */
unsigned record_table_columns(enum record_table table, bool extra,
			      const struct record_column *ret[RECORD_TABLE_COLUMNS_MAX]);

/* NULL if there is none. */
const struct record_column *record_column_find(unsigned number);

/*
 * The number of `word` (of `len` bytes) in a list of words, -1 if it is not there.
 */
int record_word_find(const char *words, const char *word, unsigned len);

/* Word `i` of a list and its length; NULL if there are not so many. Borrowed from the list. */
const char *record_word(const char *words, unsigned i, unsigned *ret_len);
