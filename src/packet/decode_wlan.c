// SPDX-License-Identifier: BSD-2-Clause
/* IEEE 802.11, and what monitors put in front of its frames. */
#include "packet/bytes.h"
#include "packet/decode_layer.h"

/* Of the two bytes of frame control. */
enum {
	WLAN_TYPE_DATA = 2,    /* first byte, bits 2 and 3 */
	WLAN_QOS = 0x80,       /* first byte: the subtype's highest bit */
	WLAN_NO_DATA = 0x40,   /* first byte */
	WLAN_BOTH_WAYS = 0x03, /* second byte: from and to a distribution system, four addresses */
	WLAN_MORE = 0x04,      /* second byte: more fragments */
	WLAN_PROTECTED = 0x40, /* second byte */
	WLAN_ORDER = 0x80,     /* second byte: with QoS, four more bytes */
};
/* Of the QoS field: several frames in one. */
#define WLAN_AGGREGATE 0x80

static uint32_t load_le16(const uint8_t *at)
{
	return (uint32_t)(at[1] << 8 | at[0]);
}

/* Of several frames in one, the first: fourteen bytes of addresses and length, then LLC. */
enum decode_result decode_wlan(const struct frame *f, struct packet *p, struct layer *l)
{
	const uint8_t *h = f->bytes + l->at;
	uint32_t len = 24;
	bool is_aggregate = false;

	(void)p;
	if (!frame_has(f, l->at, len))
		return DECODE_CUT_LINK;
	if ((h[0] >> 2 & 3) != WLAN_TYPE_DATA || h[0] & WLAN_NO_DATA)
		return DECODE_NOT_IP;
	if (h[1] & WLAN_PROTECTED)
		return DECODE_ENCRYPTED;
	if (load_le16(h + 22) & 15)
		return DECODE_FRAGMENT;
	if ((h[1] & WLAN_BOTH_WAYS) == WLAN_BOTH_WAYS)
		len += 6;
	if (h[0] & WLAN_QOS) {
		if (!frame_has(f, l->at, len + 2))
			return DECODE_CUT_LINK;
		is_aggregate = h[len] & WLAN_AGGREGATE;
		len += 2;
		if (h[1] & WLAN_ORDER)
			len += 4;
	}
	/* A radio may pad the header to four bytes, and its monitor says so. */
	if (l->tags & LAYER_WLAN_PADDED)
		len = (len + 3) & ~3u;
	if (is_aggregate)
		len += 14;
	if (!frame_has(f, l->at, len))
		return DECODE_CUT_LINK;
	l->at += len;
	l->tags = 0;
	l->kind = LAYER_LLC;
	return DECODE_TCP;
}

static enum decode_result skip_monitor(const struct frame *f, struct layer *l, uint32_t len)
{
	if (!frame_has(f, l->at, len))
		return DECODE_CUT_LINK;
	l->at += len;
	l->kind = LAYER_WLAN;
	return DECODE_TCP;
}

/*
 * A length, then words that say which fields there are, bit 31 that another word follows. Of the
 * fields only the second matters: flags, of which 0x20 says that the header is padded. In front of
 * it stand at most the eight bytes of a clock, which are aligned.
 */
enum decode_result decode_radiotap(const struct frame *f, struct layer *l)
{
	const uint8_t *h = f->bytes + l->at;
	uint32_t at = 4, len, present;

	if (!frame_has(f, l->at, 8))
		return DECODE_CUT_LINK;
	len = load_le16(h + 2);
	if (len < 8)
		return DECODE_NOT_IP;
	if (!frame_has(f, l->at, len))
		return DECODE_CUT_LINK;
	present = load_be32(h + 4);
	while (at + 4 <= len && h[at + 3] & 0x80)
		at += 4;
	at += 4;
	if (present & 0x01000000)
		at = ((at + 7) & ~7u) + 8;
	if (present & 0x02000000 && at < len && h[at] & 0x20)
		l->tags |= LAYER_WLAN_PADDED;
	return skip_monitor(f, l, len);
}

enum decode_result decode_avs(const struct frame *f, struct layer *l)
{
	uint32_t len;

	if (!frame_has(f, l->at, 8))
		return DECODE_CUT_LINK;
	len = load_be32(f->bytes + l->at + 4);
	return len < 8 || len > UINT16_MAX ? DECODE_NOT_IP : skip_monitor(f, l, len);
}

/* AVS took its place in some drivers, without another link type. */
enum decode_result decode_prism(const struct frame *f, struct layer *l)
{
	if (frame_has(f, l->at, 4) && load_be32(f->bytes + l->at) >> 12 == 0x80211)
		return decode_avs(f, l);
	return skip_monitor(f, l, 144);
}
