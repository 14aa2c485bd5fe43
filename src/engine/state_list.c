// SPDX-License-Identifier: BSD-2-Clause
#include "engine/state_list.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define BIT(state) (1u << (state))
#define BUCKET (BIT(ST_TIME_WAIT) | BIT(ST_SYN_RECV) | BIT(ST_NEW_SYN_RECV))
#define CONNECTED (STATE_LIST_ALL & ~1u & ~BIT(ST_LISTEN) & ~BIT(ST_CLOSE))

static const struct {
	const char *word;
	uint32_t states;
} words[] = {
	{"established", BIT(ST_ESTABLISHED)},
	{"syn-sent", BIT(ST_SYN_SENT)},
	{"syn-recv", BIT(ST_SYN_RECV) | BIT(ST_NEW_SYN_RECV)},
	{"new-syn-recv", BIT(ST_NEW_SYN_RECV)},
	{"fin-wait-1", BIT(ST_FIN_WAIT1)},
	{"fin-wait1", BIT(ST_FIN_WAIT1)},
	{"fin-wait-2", BIT(ST_FIN_WAIT2)},
	{"fin-wait2", BIT(ST_FIN_WAIT2)},
	{"time-wait", BIT(ST_TIME_WAIT)},
	{"closed", BIT(ST_CLOSE)},
	{"close", BIT(ST_CLOSE)},
	{"close-wait", BIT(ST_CLOSE_WAIT)},
	{"last-ack", BIT(ST_LAST_ACK)},
	{"listening", BIT(ST_LISTEN)},
	{"listen", BIT(ST_LISTEN)},
	{"closing", BIT(ST_CLOSING)},
	{"all", STATE_LIST_ALL},
	{"connected", CONNECTED},
	{"open", CONNECTED & ~BUCKET},
	{"bucket", BUCKET},
	{"big", STATE_LIST_ALL & ~BUCKET},
	{"synchronized", CONNECTED & ~BIT(ST_SYN_SENT)},
};

/* Hyphens and underscores are one: ss writes close-wait, the column says close_wait. */
static bool is_word(const char *text, size_t len, const char *word)
{
	for (size_t i = 0; i < len; i++)
		if ((text[i] == '_' ? '-' : text[i]) != word[i])
			return false;
	return !word[len];
}

int state_list_parse(const char *list, uint32_t *ret, size_t *ret_at)
{
	*ret = 0;
	for (const char *p = list;; p++) {
		size_t len = strcspn(p, ","), i;

		for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (len && is_word(p, len, words[i].word))
				break;
		if (i == sizeof(words) / sizeof(words[0])) {
			*ret_at = (size_t)(p - list);
			return -EINVAL;
		}
		*ret |= words[i].states;
		p += len;
		if (!*p)
			return 0;
	}
}

const char *state_list_word(size_t i)
{
	return i < sizeof(words) / sizeof(words[0]) ? words[i].word : NULL;
}
