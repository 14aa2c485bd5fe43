// SPDX-License-Identifier: BSD-2-Clause
/* What tests need of recordings beside the unit tests: see the usage. */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "record/check.h"
#include "record/recording_state.h"
#include "util/out.h"
#include "../unit/record/generate.h"

static struct out out;

static int check(const char *path, bool wants_bytes)
{
	struct record_check *c;
	char why[256];
	int loss;

	if (record_check(&c, path, wants_bytes, why, sizeof(why)))
		errx(1, "%s: %s", path, why);
	record_check_print(c, &out);
	loss = record_check_has_loss(c);
	record_check_free(c);
	return loss ? 4 : 0;
}

static void put_key(const char *name, bool *first)
{
	out_format(&out, "%s\"%s\":", *first ? "" : ",", name);
	*first = false;
}

static void put_text(const char *text, size_t max)
{
	out_json_string(&out, text, strnlen(text, max));
}

static void put_words(const char *words, uint64_t bits)
{
	bool first = true;

	out_char(&out, '[');
	for (unsigned i = 0; i < 64; i++) {
		const char *word;
		unsigned len;

		if (!(bits >> i & 1) || !(word = record_word(words, i, &len)))
			continue;
		out_format(&out, "%s\"%.*s\"", first ? "" : ",", (int)len, word);
		first = false;
	}
	out_char(&out, ']');
}

static uint64_t load(const struct record_column *c, const void *row)
{
	const uint8_t *p = (const uint8_t *)row + c->offset;
	uint64_t n8 = 0;
	uint32_t n4 = 0;
	uint16_t n2 = 0;

	memcpy(&n8, p, c->size == 8 ? 8 : 0);
	memcpy(&n4, p, c->size == 4 ? 4 : 0);
	memcpy(&n2, p, c->size == 2 ? 2 : 0);
	return c->size == 8 ? n8 : c->size == 4 ? n4 : c->size == 2 ? n2 : *p;
}

static void put_addr(const struct addr *a)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(addr_is_v4(a) ? AF_INET : AF_INET6, addr_is_v4(a) ? &a->byte[12] : a->byte, text,
		  sizeof(text));
	out_format(&out, "\"%s\"", text);
}

static void put_value(const struct record_column *c, const void *row)
{
	const uint8_t *field = (const uint8_t *)row + c->offset;
	const struct event *ev = row;
	const char *text;
	bool listened;
	unsigned len = 0;

	switch ((enum record_form)c->form) {
	case FORM_CHARS:
		put_text((const char *)field, c->size);
		return;
	case FORM_POINTER:
		memcpy(&text, field, sizeof(text));
		put_text(text, RECORD_TEXT_MAX);
		return;
	case FORM_ADDR:
		put_addr((const struct addr *)field);
		return;
	case FORM_NS:
		out_uint(&out, load(c, row) / 1000);
		return;
	case FORM_SERVICE:
	case FORM_OTHER:
		listened = ev->ident.role == ROLE_ACCEPT || ev->ident.role == ROLE_LISTEN;
		out_uint(&out, listened == (c->form == FORM_SERVICE) ? ev->ident.lport : ev->ident.rport);
		return;
	case FORM_CONNECT:
		out_uint(&out, ev->ident.role == ROLE_CONNECT ? ev->ident.handshake_us : 0);
		return;
	case FORM_ACCEPT:
		out_uint(&out, ev->ident.role == ROLE_CONNECT ? 0 : ev->ident.handshake_us);
		return;
	case FORM_INT:
		out_format(&out, "%" PRId64, c->size == 4 ? (int32_t)load(c, row) : (int64_t)load(c, row));
		return;
	case FORM_UINT:
		break;
	case FORM_LOCAL:
	case FORM_BYTES:
		return;
	}
	if (c->type == TYPE_FLAGS) {
		put_words(c->words, load(c, row));
	} else if (c->type == TYPE_ENUM) {
		text = record_word(c->words, (unsigned)load(c, row), &len);
		out_format(&out, "\"%.*s\"", (int)len, text ? text : "");
	} else {
		out_uint(&out, load(c, row));
	}
}

/* The columns of the local side, as its dictionary has them. */
static void put_local(const struct event *ev, bool *first)
{
	const struct ev_ident *id = &ev->ident;
	struct record_local l = {.cgroup_id = id->cgroup_id,
				 .pid = id->pid,
				 .uid = id->uid,
				 .netns = id->netns,
				 .mntns = id->mntns,
				 .laddr = id->laddr,
				 .owner_source = id->owner_source,
				 .role = id->role};
	const struct record_column *column[RECORD_TABLE_COLUMNS_MAX];
	unsigned n = record_table_columns(RECORD_LOCAL, true, column);

	memcpy(l.comm, id->comm, sizeof(l.comm));
	memcpy(l.thread, id->thread, sizeof(l.thread));
	for (unsigned i = 0; i < n; i++) {
		put_key(column[i]->name, first);
		put_value(column[i], &l);
	}
}

static void put_row(const struct table_reader *t, const void *row)
{
	bool first = true;

	out_char(&out, '{');
	put_key("table", &first);
	out_format(&out, "\"%s\"", record_tables[t->table].name);
	for (unsigned i = 0; i < t->columns; i++) {
		if (!t->is_present[i])
			continue;
		if (t->column[i]->form == FORM_LOCAL) {
			put_local(row, &first);
			continue;
		}
		put_key(t->column[i]->name, &first);
		put_value(t->column[i], row);
	}
	out_str(&out, "}\n");
}

/* Each row of a chunk as the file has it, in the order of the file. */
static void dump_chunk(void *context, const struct recording *r)
{
	static struct table_reader *tables[RECORD_TABLE_END];
	struct stream_reader *s = (struct stream_reader *)&r->stream[chunk_stream(&r->chunk)];
	const uint8_t *p = r->raw, *end = r->raw + r->chunk.raw_bytes;
	static uint64_t row[sizeof(struct event) / 8];
	struct block b;

	(void)context;
	while (p < end && (p = block_get(p, end, &b))) {
		if (b.table < RECORD_FIRST_DATA_TABLE)
			continue;
		if (!tables[b.table]) {
			tables[b.table] = calloc(1, sizeof(*tables[0]));
			table_reader_init(tables[b.table], (enum record_table)b.table);
		}
		for (table_reader_set(tables[b.table], s, &b); table_reader_has_row(tables[b.table]);
		     tables[b.table]->at++) {
			table_reader_row(tables[b.table], s, row);
			put_row(tables[b.table], row);
		}
	}
}

static int dump(const char *path)
{
	const struct recording_config config = {.from_wall_us = RECORDING_NO_FROM,
						.to_wall_us = RECORDING_NO_TO,
						.flows_max = 65536};
	struct recording *r;
	struct event ev;
	char why[256];
	int item = recording_open(&r, path, &config, why, sizeof(why));

	if (item)
		errx(1, "%s: %s", path, why);
	r->observe = dump_chunk;
	while ((item = recording_next(r, &ev)) > 0)
		;
	recording_close(r);
	return item ? 1 : 0;
}

/* How many events a reader gives, and how much was amiss. */
static int count_events(const char *path)
{
	const struct recording_config config = {.from_wall_us = RECORDING_NO_FROM,
						.to_wall_us = RECORDING_NO_TO,
						.flows_max = 65536};
	uint64_t events = 0, gaps = 0, torn = 0;
	struct recording *r;
	struct event ev;
	char why[256];
	int item = recording_open(&r, path, &config, why, sizeof(why));

	if (item)
		errx(1, "%s: %s", path, why);
	while ((item = recording_next(r, &ev)) > 0) {
		events += item == RECORDING_EVENT;
		torn += item == RECORDING_GAP && recording_gap(r)->kind == GAP_TORN;
		gaps += item == RECORDING_GAP && recording_gap(r)->kind != GAP_TORN;
	}
	recording_close(r);
	out_format(&out, "%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", events, gaps, torn);
	return item ? 1 : 0;
}

/* A little of everything. */
static void add_others(struct record *r, struct traffic *t)
{
	struct record_note note = {.time_ns = t->time_ns, .kind = RECORD_NOTE_USER, .value = -7,
				   .text = "deployed 1.2 \xe2\x9c\x93"};
	struct record_loss loss = {.opened = 12, .closed = 9, .live = 2, .lost = 1, .lost_tx_bytes = 4096,
				   .undecoded = 2, .undecoded_why = "cut-tcp 2"};

	record_host(r, "TcpExt.TCPTimeouts", 3);
	record_host(r, "load1", 117);
	record_note(r, &note);
	record_account(r, &loss);
}

/* Made up traffic, always the same for a seed. */
static int write_file(const char *path, uint64_t seed, unsigned seconds, unsigned busy, int level, bool extra)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	struct record_config config = traffic_config(-1, fd);
	struct traffic *t = malloc(sizeof(*t));
	struct record *r;

	if (fd < 0)
		err(1, "%s", path);
	traffic_init(t, seed);
	t->busy = busy;
	t->idle_percent = 20;
	t->extra = config.extra = extra;
	config.level = level;
	strcpy(config.meta.run, "00112233445566778899aabbccddeeff");
	if (record_open(&r, &config, &t->clock))
		errx(1, "cannot record");
	give_key(t, r);
	add_others(r, t);
	for (unsigned i = 0; i < seconds; i++)
		traffic_second(t, r);
	record_end(r);
	traffic_done(t);
	return 0;
}

/* Until everything that was handed over is written: a busy machine may not run that thread for long. */
static void wait_for_disk(struct record *r)
{
	struct record_status status;

	for (record_get_status(r, &status); status.disk.queued_bytes; record_get_status(r, &status))
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

/*
 * Record in real time, up to twenty intervals a second, and say after each which events there were so far. The
 * next begins when those are written.
 */
static int run(const char *path, uint64_t seed)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct record_config config = traffic_config(fd, -1);
	struct traffic *t = malloc(sizeof(*t));
	struct record_status s;
	struct record *r;

	if (fd < 0)
		err(1, "%s", path);
	traffic_init(t, seed);
	config.rotate_bytes = 100000;
	config.sync_us = 1000000;
	if (record_open(&r, &config, &t->clock) || record_start(r))
		errx(1, "cannot record");
	give_key(t, r);
	for (;;) {
		traffic_second(t, r);
		/* What is told is on its way no more: whoever kills us from now on loses none of it. */
		for (record_get_status(r, &s); s.disk.queued_bytes; record_get_status(r, &s))
			nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
		printf("%zu %" PRIu64 "\n", t->count, t->closed);
		fflush(stdout);
		wait_for_disk(r);
		nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
	}
}

/* The tables that a column is in: "close open", or F and E of doc/recording.md. */
static void put_tables(uint32_t tables)
{
	const uint32_t flow = 1u << RECORD_CLOSE | 1u << RECORD_OPEN | 1u << RECORD_KEY |
			      1u << RECORD_IDENT | 1u << RECORD_HANDSHAKE | 1u << RECORD_RESET;
	const uint32_t extra = 1u << RECORD_CLOSE | 1u << RECORD_OPEN | 1u << RECORD_KEY |
			       1u << RECORD_IDENT | 1u << RECORD_SAMPLE;
	bool first = true;

	if ((tables & extra) == extra && (tables & flow) != flow) {
		out_char(&out, 'E');
		return;
	}
	if ((tables & flow) == flow) {
		out_char(&out, 'F');
		tables &= ~flow;
		first = false;
	}
	for (unsigned i = 0; i < RECORD_TABLE_END; i++)
		if (tables >> i & 1) {
			out_format(&out, "%s%s", first ? "" : ", ", record_tables[i].name);
			first = false;
		}
}

/* The table of columns as doc/recording.md has it. */
static int list_columns(void)
{
	static const char *const types[] = {"number", "signed", "time", "enum", "flags",
					    "text",   "addr",   "local", "bytes"};
	static const char *const encodings[] = {"constant", "varint", "zigzag", "delta", "difference",
						"planes",   "sparse", "bytes",  "palette"};

	out_str(&out, "| number | name | in | type | unit | encoding | words |\n|---|---|---|---|---|---|---|\n");
	for (unsigned i = 0; i < record_column_count; i++) {
		const struct record_column *c = &record_columns[i];

		out_format(&out, "| %u | `%s` | ", c->number, c->name);
		put_tables(c->tables);
		out_format(&out, " | %s | %s | %s", types[c->type], c->unit, encodings[c->encoding]);
		for (unsigned b = 0; b < 2 && c->base[b]; b++)
			out_format(&out, "%s%u", b ? " + " : " to ", c->base[b]);
		out_format(&out, " | %s |\n", c->words ? c->words : "");
	}
	return 0;
}

int main(int argc, char **argv)
{
	int status;

	out_init(&out, STDOUT_FILENO);
	if (argc == 3 && !strcmp(argv[1], "check"))
		status = check(argv[2], false);
	else if (argc == 3 && !strcmp(argv[1], "bytes"))
		status = check(argv[2], true);
	else if (argc == 3 && !strcmp(argv[1], "dump"))
		status = dump(argv[2]);
	else if (argc == 3 && !strcmp(argv[1], "events"))
		status = count_events(argv[2]);
	else if (argc == 2 && !strcmp(argv[1], "columns"))
		status = list_columns();
	else if (argc == 8 && !strcmp(argv[1], "write"))
		status = write_file(argv[2], strtoull(argv[3], NULL, 10), (unsigned)atoi(argv[4]),
				    (unsigned)atoi(argv[5]), atoi(argv[6]), atoi(argv[7]));
	else if (argc == 4 && !strcmp(argv[1], "run"))
		status = run(argv[2], strtoull(argv[3], NULL, 10));
	else
		errx(2, "usage: tsrtool check PATH | bytes PATH | dump PATH | events PATH | run DIR SEED | columns\n"
			"       tsrtool write FILE SEED SECONDS BUSY LEVEL EXTRA");
	out_flush(&out);
	return status;
}
