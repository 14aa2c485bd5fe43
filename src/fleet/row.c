// SPDX-License-Identifier: BSD-2-Clause
#include "fleet/row.h"

#include <stddef.h>
#include <string.h>

#include "record/columns.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define IN(table) (1u << FLEET_##table)
#define FLOW (IN(CLOSED) | IN(VOLUME))
#define ALL (FLOW | IN(MINUTE) | IN(HOST) | IN(RECORDER))
#define FIELD(f) .offset = offsetof(struct fleet_row, f), .size = sizeof(((struct fleet_row *)0)->f)
#define C(in, column_name, column_type, f, ...)                                           \
	{                                                                                 \
		.name = column_name, .type = FLEET_##column_type, .tables = in, FIELD(f), \
		__VA_ARGS__                                                               \
	}

#define ROLES "unknown connect accept listen"
#define SEVERITIES "fine watch slow stalled failed none"

// clang-format off
static const struct fleet_column own[] = {
	C(ALL, "day", DATE, day),
	C(ALL, "time", TIME, time_s),
	C(ALL, "time_us", UINT, time_us),
	C(ALL, "host", TEXT, host),
	C(ALL, "run", TEXT, run),
	C(ALL, "seq", UINT, seq),

	C(FLOW, "id", UINT, ev.head.id),
	C(FLOW, "pid", UINT, ev.ident.pid),
	C(FLOW | IN(MINUTE), "comm", TEXT, ev.ident.comm),
	C(FLOW, "thread", TEXT, ev.ident.thread),
	C(FLOW, "uid", UINT, ev.ident.uid),
	C(FLOW, "netns", UINT, ev.ident.netns),
	C(FLOW, "mntns", UINT, ev.ident.mntns),
	C(FLOW, "cgroup", TEXT, cgroup),
	C(FLOW, "cgroup_id", UINT, ev.ident.cgroup_id),
	C(FLOW, "owner_source", WORD, ev.ident.owner_source, .words = "none listen connect accept files close"),
	C(FLOW | IN(MINUTE), "role", WORD, ev.ident.role, .words = ROLES),
	C(FLOW, "seen", WORD, ev.ident.seen, .words = "open adopted late"),
	C(FLOW, "family", UINT, ev.ident.family),
	C(FLOW, "laddr", ADDR, ev.ident.laddr),
	C(FLOW, "lport", UINT, ev.ident.lport),
	C(FLOW, "raddr", ADDR, ev.ident.raddr),
	C(FLOW, "rport", UINT, ev.ident.rport),
	C(FLOW, "ifindex", UINT, ev.ident.ifindex),
	C(FLOW, "state", WORD, ev.head.state, .words = "unknown established syn_sent syn_recv fin_wait1 fin_wait2 time_wait close close_wait last_ack listen closing new_syn_recv"),
	C(FLOW, "flags", UINT, ev.head.flags),
	C(FLOW, "duration_us", UINT, duration_us),
	C(FLOW, "established_us", UINT, established_us),
	C(FLOW, "handshake_us", UINT, ev.ident.handshake_us),
	C(FLOW, "tx_bytes", UINT, ev.count.tx_bytes),
	C(FLOW, "rx_bytes", UINT, ev.count.rx_bytes),
	C(FLOW, "acked_bytes", UINT, ev.count.acked_bytes),
	C(FLOW, "bytes_retrans", UINT, ev.count.retrans_bytes),
	C(FLOW, "retrans", UINT, ev.count.retrans_segs),
	C(FLOW, "srtt_us", UINT, ev.count.srtt_us),
	C(FLOW, "min_rtt_us", UINT, ev.count.min_rtt_us),
	C(FLOW, "verdict", TEXT, verdict),
	C(FLOW, "severity", WORD, severity, .words = SEVERITIES),
	C(IN(CLOSED), "end_reason", WORD, ev.head.end_reason, .words = "none fin reset_sent reset_received timeout refused unreachable aborted no_port unknown"),
	C(IN(CLOSED), "error", UINT, ev.head.error),
	C(IN(CLOSED), "in_volume", UINT, in_volume),
	C(IN(VOLUME), "has_closed", UINT, has_closed),

	C(IN(VOLUME) | IN(MINUTE), "tx", UINT, moved.tx_bytes),
	C(IN(VOLUME) | IN(MINUTE), "rx", UINT, moved.rx_bytes),
	C(IN(VOLUME), "acked", UINT, moved.acked_bytes),
	C(IN(VOLUME), "bytes_resent", UINT, moved.retrans_bytes),
	C(IN(VOLUME) | IN(MINUTE), "resent", UINT, moved.retrans_segs),
	C(IN(MINUTE), "port", UINT, port),
	C(IN(MINUTE) | IN(HOST), "flows", UINT, flows),
	C(IN(MINUTE) | IN(HOST), "fails", UINT, fails),

	C(IN(HOST), "live", UINT, live),
	C(IN(HOST), "lost", UINT, lost),
	C(IN(HOST), "intervals", UINT, intervals),
	C(IN(HOST), "boot", TEXT, boot),
	C(IN(HOST), "version", TEXT, version),
	C(IN(HOST), "kernel", TEXT, kernel),

	C(IN(RECORDER), "what", TEXT, what),
	C(IN(RECORDER), "value", INT, value),
	C(IN(RECORDER), "why", TEXT, why),
};
// clang-format on

static const char *const table_names[FLEET_TABLE_COUNT] = {
	[FLEET_CLOSED] = "flow_closed", [FLEET_VOLUME] = "flow_volume",
	[FLEET_MINUTE] = "flow_minute", [FLEET_HOST] = "host_minute",
	[FLEET_RECORDER] = "recorder",
};

const char *fleet_table_name(enum fleet_table table)
{
	return table_names[table];
}

/*
 * What a recording keeps of struct ev_extra, the store keeps under the same name. Tables share
 * these columns, however many each has before them.
 */
static unsigned add_extra(const struct fleet_column **ret, unsigned n)
{
	static struct fleet_column extra[FLEET_COLUMNS_MAX];
	unsigned count = 0;

	for (unsigned i = 0; i < record_column_count && n < FLEET_COLUMNS_MAX; i++) {
		const struct record_column *c = &record_columns[i];

		if (!c->extra)
			continue;
		extra[count] = (struct fleet_column){
			.name = c->name,
			.type = c->form == FORM_CHARS ? FLEET_TEXT : FLEET_UINT,
			.size = c->size,
			.offset = (uint16_t)(offsetof(struct fleet_row, ev) + c->offset),
			.tables = FLOW,
			.is_extra = true,
		};
		ret[n++] = &extra[count++];
	}
	return n;
}

unsigned fleet_columns(enum fleet_table table, bool extra,
		       const struct fleet_column *ret[FLEET_COLUMNS_MAX])
{
	unsigned n = 0;

	for (size_t i = 0; i < COUNT(own); i++)
		if (own[i].tables & 1u << table)
			ret[n++] = &own[i];
	return extra && FLOW & 1u << table ? add_extra(ret, n) : n;
}

static uint64_t load(const void *p, unsigned size)
{
	switch (size) {
	case 1:
		return *(const uint8_t *)p;
	case 2:
		return *(const uint16_t *)p;
	case 4:
		return *(const uint32_t *)p;
	}
	return *(const uint64_t *)p;
}

static void store(void *p, unsigned size, uint64_t value)
{
	switch (size) {
	case 1:
		*(uint8_t *)p = (uint8_t)value;
		return;
	case 2:
		*(uint16_t *)p = (uint16_t)value;
		return;
	case 4:
		*(uint32_t *)p = (uint32_t)value;
		return;
	}
	*(uint64_t *)p = value;
}

/* What a later version of recordings brings is no word that the server's column has. */
static uint64_t word_number(const char *words, uint8_t number)
{
	unsigned len;

	return record_word(words, number, &len) ? number : 0;
}

void fleet_row_put(struct rowbinary *b, const struct fleet_row *row,
		   const struct fleet_column *const *column, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		const char *p = (const char *)row + column[i]->offset;

		if (column[i]->type == FLEET_TEXT)
			rowbinary_put_text(b, p, strnlen(p, column[i]->size));
		else if (column[i]->type == FLEET_ADDR)
			rowbinary_put_bytes(b, p, sizeof(struct addr));
		else if (column[i]->type == FLEET_WORD)
			rowbinary_put_uint(b, word_number(column[i]->words, *(const uint8_t *)p),
					   1);
		else
			rowbinary_put_uint(b, load(p, column[i]->size), column[i]->size);
	}
}

void fleet_row_get(struct rowbinary_reader *r, struct fleet_row *row,
		   const struct fleet_column *const *column, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		char *p = (char *)row + column[i]->offset;

		if (column[i]->type == FLEET_TEXT)
			rowbinary_get_text(r, p, column[i]->size);
		else if (column[i]->type == FLEET_ADDR)
			rowbinary_get_bytes(r, p, sizeof(struct addr));
		else
			store(p, column[i]->size, rowbinary_get_uint(r, column[i]->size));
	}
}
