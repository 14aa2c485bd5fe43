// SPDX-License-Identifier: BSD-2-Clause
#include "engine/flow_filter.h"

#include <ctype.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/xalloc.h"

#define V4_HEADER 20
#define V6_HEADER 40
#define PORTS 4
#define WORDS_MAX 256
/* Where marks stand: bytes that no flow tells of. */
#define V4_MARKS 1
#define V6_MARKS 2

struct flow_filter {
	struct bpf_program program;
};

static int compile(const char *expression, struct bpf_program *program, char *text, size_t size)
{
	pcap_t *p = pcap_open_dead(DLT_RAW, 65535);
	int err = pcap_compile(p, program, expression, 1, PCAP_NETMASK_UNKNOWN);

	if (err && text)
		snprintf(text, size, "%s", pcap_geterr(p));
	pcap_close(p);
	return err;
}

/* Would the first `len` bytes of `expression` be one if something more followed? */
static bool can_go_on(const char *expression, size_t len)
{
	static const char *const more[] = {
		"",	   " 1",       " 1.2.3.4", " host 1.2.3.4", " port 1", " net 1.0.0.0/8",
		" tcp",	   " 1.0.0.0/8", " ::1",   " mask 255.0.0.0", " 1-2",  " = 1",
	};
	static const char *const closing[] = {"", ")", "))", ")))"};
	struct bpf_program program;
	char text[1024];

	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++)
		for (size_t j = 0; j < sizeof(closing) / sizeof(closing[0]); j++) {
			snprintf(text, sizeof(text), "%.*s%s%s", (int)len, expression, more[i],
				 closing[j]);
			if (!compile(text, &program, NULL, 0)) {
				pcap_freecode(&program);
				return true;
			}
		}
	return false;
}

/*
 * libpcap says what is wrong but not where. If it quotes a word, that is the place; else it is the
 * first word after which nothing could follow that makes sense.
 */
static size_t find_error(const char *expression, const char *text)
{
	const char *quote = strchr(text, '\'');
	const char *end = quote ? strchr(quote + 1, '\'') : NULL;
	size_t len = strlen(expression), words = 0;

	if (end) {
		char word[128];
		const char *found;

		snprintf(word, sizeof(word), "%.*s", (int)(end - quote - 1), quote + 1);
		found = strstr(expression, word);
		if (found)
			return (size_t)(found - expression);
	}
	for (size_t at = 0; at < len && words < WORDS_MAX; words++) {
		size_t start;

		while (at < len && isspace((unsigned char)expression[at]))
			at++;
		start = at;
		while (at < len && !isspace((unsigned char)expression[at]))
			at++;
		if (at > start && !can_go_on(expression, at))
			return start;
	}
	return len;
}

/*
 * Does a load look at what a flow has? Of IPv4: version, fragment offset, protocol, addresses; of
 * IPv6: next header (also behind a fragment header), addresses; of TCP: the ports.
 */
static bool is_of_a_flow(const struct bpf_insn *insn)
{
	unsigned size = BPF_SIZE(insn->code), k = insn->k;

	if (BPF_MODE(insn->code) == BPF_IND)
		return size == BPF_H && (k == 0 || k == 2);
	if (BPF_MODE(insn->code) != BPF_ABS)
		return BPF_MODE(insn->code) != BPF_LEN;
	if (size == BPF_B)
		return k == 0 || k == 6 || k == 9 || k == V6_HEADER;
	if (size == BPF_H)
		return k == 6 || k == V6_HEADER || k == V6_HEADER + 2 || k == V6_HEADER + 14 ||
		       k == V6_HEADER + 16;
	return k >= 8 && k < V6_HEADER && k % 4 == 0;
}

/* A flow has no flags, lengths or payload; the compiled program shows what it looks at. */
static bool asks_for_more(const struct bpf_program *program, bool has_marks)
{
	for (unsigned i = 0; i < program->bf_len; i++) {
		const struct bpf_insn *insn = &program->bf_insns[i];
		unsigned class = BPF_CLASS(insn->code);
		bool is_mark = has_marks && insn->code == (BPF_LD | BPF_ABS | BPF_B) &&
			       (insn->k == V4_MARKS || insn->k == V6_MARKS);

		if ((class == BPF_LD || class == BPF_LDX) && !is_mark && !is_of_a_flow(insn))
			return true;
	}
	return false;
}

static struct flow_filter *make(const char *expression, bool has_marks, char *text, size_t size,
				size_t *ret_at)
{
	struct flow_filter *f = xcalloc(1, sizeof(*f));

	if (compile(expression, &f->program, text, size)) {
		*ret_at = find_error(expression, text);
		free(f);
		return NULL;
	}
	if (asks_for_more(&f->program, has_marks)) {
		snprintf(text, size, "it looks into packets, but a flow has only addresses and ports");
		*ret_at = 0;
		flow_filter_free(f);
		return NULL;
	}
	return f;
}

struct flow_filter *flow_filter_new(const char *expression, char *text, size_t size,
				    size_t *ret_at)
{
	return make(expression, false, text, size, ret_at);
}

struct flow_filter *flow_filter_new_marked(const char *expression, char *text, size_t size,
					   size_t *ret_at)
{
	return make(expression, true, text, size, ret_at);
}

void flow_filter_free(struct flow_filter *f)
{
	if (!f)
		return;
	pcap_freecode(&f->program);
	free(f);
}

static void put_be16(unsigned char *at, unsigned n)
{
	at[0] = (unsigned char)(n >> 8);
	at[1] = (unsigned char)n;
}

bool flow_filter_matches(const struct flow_filter *f, const struct ev_ident *ident)
{
	return flow_filter_matches_marked(f, ident, 0);
}

bool flow_filter_matches_marked(const struct flow_filter *f, const struct ev_ident *ident,
				uint8_t marks)
{
	unsigned char packet[V6_HEADER + PORTS] = {0};
	unsigned header = V4_HEADER;

	if (addr_is_v4(&ident->raddr)) {
		packet[0] = 0x45;
		packet[V4_MARKS] = marks;
		packet[9] = 6;
		memcpy(packet + 12, &ident->laddr.word_be[3], 4);
		memcpy(packet + 16, &ident->raddr.word_be[3], 4);
	} else {
		header = V6_HEADER;
		packet[0] = 0x60;
		packet[V6_MARKS] = marks;
		packet[6] = 6;
		memcpy(packet + 8, ident->laddr.byte, 16);
		memcpy(packet + 24, ident->raddr.byte, 16);
	}
	put_be16(packet + header, ident->lport);
	put_be16(packet + header + 2, ident->rport);
	return bpf_filter(f->program.bf_insns, packet, header + PORTS, header + PORTS) != 0;
}
