// SPDX-License-Identifier: BSD-2-Clause
/* What may stand between a link header and an IP header. */
#include "packet/bytes.h"
#include "packet/decode_layer.h"

/* Ethernet, two Q-in-Q tags, and two more that only a loop of misconfiguration makes. */
#define TAGS_MAX 4

enum {
	ETHERTYPE_TRILL = 0x22f3,    /* RFC 6325 */
	ETHERTYPE_BRIDGING = 0x6558, /* Ethernet in GRE, Geneve (RFC 1701, RFC 8926) */
	ETHERTYPE_PPP = 0x880b,	     /* in GRE (RFC 2637) */
	ETHERTYPE_MPLS = 0x8847,     /* RFC 3032 */
	ETHERTYPE_MPLS_OTHER = 0x8848,
	ETHERTYPE_PPPOE = 0x8864,   /* the session stage, RFC 2516 */
	ETHERTYPE_MACSEC = 0x88e5,  /* IEEE 802.1AE */
	ETHERTYPE_SERVICE = 0x88e7, /* IEEE 802.1ah */
	ETHERTYPE_FABRICPATH = 0x8903,
	ETHERTYPE_CMD = 0x8909, /* Cisco's security group */
	ETHERTYPE_VNTAG = 0x8926,
	ETHERTYPE_HSR = 0x892f,	 /* IEC 62439-3 */
	ETHERTYPE_ETAG = 0x893f, /* IEEE 802.1BR */
	ETHERTYPE_NSH = 0x894f,	 /* RFC 8300 */
};

void decode_set_ethertype(struct layer *l, uint32_t at, uint16_t ethertype)
{
	l->at = at;
	l->ethertype = ethertype;
	l->is_payload = false;
	l->kind = ethertype == ETHERTYPE_IPV4 || ethertype == ETHERTYPE_IPV6 ? LAYER_IP
									     : LAYER_ETHERTYPE;
}

void decode_set_payload(struct layer *l, uint32_t at, uint16_t ethertype)
{
	decode_set_ethertype(l, at, ethertype);
	l->is_payload = true;
	l->is_cooked = false;
	l->tags = 0;
}

void decode_find_hidden_tag(const struct frame *f, struct layer *l)
{
	uint16_t ethertype;
	unsigned int version;

	if (l->kind != LAYER_IP || !frame_has(f, l->at, 5))
		return;
	version = f->bytes[l->at] >> 4;
	ethertype = load_be16(f->bytes + l->at + 2);
	if (version == 4 || version == 6)
		return;
	if (ethertype == ETHERTYPE_VLAN || ethertype == ETHERTYPE_QINQ ||
	    ethertype == ETHERTYPE_QINQ_OLD || ethertype == ETHERTYPE_IPV4 ||
	    ethertype == ETHERTYPE_IPV6)
		decode_set_ethertype(l, l->at, ETHERTYPE_VLAN);
}

/* A tag of `len` bytes whose last two are the ethertype of what follows. */
static enum decode_result skip_tag(const struct frame *f, struct layer *l, uint32_t len)
{
	if (!frame_has(f, l->at, len))
		return DECODE_CUT_LINK;
	decode_set_ethertype(l, l->at + len, load_be16(f->bytes + l->at + len - 2));
	return DECODE_TCP;
}

static enum decode_result skip_to(const struct frame *f, struct layer *l, uint32_t len,
				  enum layer_kind kind)
{
	return layer_skip(f, l, len, kind, DECODE_CUT_LINK);
}

/* A number of 0 is a priority without a network (IEEE 802.1Q). */
static enum decode_result vlan(const struct frame *f, struct packet *p, struct layer *l)
{
	uint16_t number;

	if (l->tags++ == TAGS_MAX)
		return DECODE_TOO_MANY_TAGS;
	if (!frame_has(f, l->at, 4))
		return DECODE_CUT_LINK;
	number = load_be16(f->bytes + l->at) & 0xfff;
	if (number)
		note_network(p, NETWORK_VLAN, number);
	l->at += 4;
	decode_set_ethertype(l, l->at, load_be16(f->bytes + l->at - 2));
	if (l->is_cooked)
		decode_find_hidden_tag(f, l);
	return DECODE_TCP;
}

/* Does it look like an Ethernet header that leads to IP? */
static bool is_ethernet(const struct frame *f, uint32_t at)
{
	uint16_t ethertype = frame_has(f, at, 14) ? load_be16(f->bytes + at + 12) : 0;

	return ethertype == ETHERTYPE_IPV4 || ethertype == ETHERTYPE_IPV6 ||
	       ethertype == ETHERTYPE_VLAN || ethertype == ETHERTYPE_QINQ;
}

/*
 * One label. Nothing says what follows the last: an IP header begins with its version, a pseudowire
 * with a control word that begins with four zero bits (RFC 4385, RFC 4928), and is Ethernet here.
 * Without a control word it begins with an address, which may begin with zero bits too.
 */
static enum decode_result mpls(const struct frame *f, struct packet *p, struct layer *l)
{
	uint32_t label;

	if (!frame_has(f, l->at, 5))
		return DECODE_CUT_LINK;
	label = load_be32(f->bytes + l->at);
	l->at += 4;
	if (!(label & 0x100))
		return DECODE_TCP;
	note_network(p, NETWORK_MPLS, label >> 12);
	switch (f->bytes[l->at] >> 4) {
	case 4:
	case 6:
		return skip_to(f, l, 0, LAYER_IP);
	case 0:
		return skip_to(f, l, is_ethernet(f, l->at) ? 0 : 4, LAYER_ETHERNET);
	case 1: /* the pseudowire's own channel */
		return DECODE_NOT_IP;
	default:
		return skip_to(f, l, 0, LAYER_ETHERNET);
	}
}

/* RFC 1661 section 2: a protocol whose first byte is odd may be one byte (RFC 1661 section 6.5). */
static enum decode_result ppp(const struct frame *f, struct layer *l)
{
	uint32_t at = l->at, protocol;

	if (frame_has(f, at, 2) && f->bytes[at] == 0xff && f->bytes[at + 1] == 0x03)
		at += 2;
	/* Cisco's framing on a serial line that is said to speak PPP. */
	else if (frame_has(f, at, 2) && (f->bytes[at] == 0x0f || f->bytes[at] == 0x8f) &&
		 !f->bytes[at + 1])
		return skip_tag(f, l, 4);
	if (!frame_has(f, at, 1))
		return DECODE_CUT_LINK;
	protocol = f->bytes[at++];
	if (!(protocol & 1)) {
		if (!frame_has(f, at, 1))
			return DECODE_CUT_LINK;
		protocol = protocol << 8 | f->bytes[at++];
	}
	l->at = at;
	switch (protocol) {
	case 0x0021: /* IPv4 */
	case 0x0057: /* IPv6 */
		return skip_to(f, l, 0, LAYER_IP);
	case 0x0281: /* MPLS */
	case 0x0283:
		return skip_to(f, l, 0, LAYER_MPLS);
	case 0x0053: /* encrypted (RFC 1968) */
	case 0x0055:
		return DECODE_ENCRYPTED;
	case 0x002d: /* headers that are compressed (RFC 1144, RFC 2507, RFC 3095) */
	case 0x002f:
	case 0x0003:
	case 0x0005:
	case 0x0061:
	case 0x0065:
	case 0x0067:
	case 0x0069:
	case 0x00fb: /* compressed (RFC 1962), of a bundle of lines (RFC 1990) */
	case 0x00fd:
	case 0x003d:
		return DECODE_UNKNOWN_TUNNEL;
	default:
		return DECODE_NOT_IP;
	}
}

static enum decode_result pppoe(const struct frame *f, struct packet *p, struct layer *l)
{
	if (!frame_has(f, l->at, 6))
		return DECODE_CUT_LINK;
	note_network(p, NETWORK_PPPOE, load_be16(f->bytes + l->at + 2));
	return skip_to(f, l, 6, LAYER_PPP);
}

/* Flags and the number of the service, then the customer's whole frame. */
static enum decode_result service(const struct frame *f, struct packet *p, struct layer *l)
{
	if (!frame_has(f, l->at, 4))
		return DECODE_CUT_LINK;
	note_network(p, NETWORK_SERVICE, load_be32(f->bytes + l->at) & 0xffffff);
	return skip_to(f, l, 4, LAYER_ETHERNET);
}

/* Flags: 0x08 and 0x04 encrypted or changed, 0x20 with the channel's identifier. */
static enum decode_result macsec(const struct frame *f, struct layer *l)
{
	uint8_t flags;

	if (!frame_has(f, l->at, 1))
		return DECODE_CUT_LINK;
	flags = f->bytes[l->at];
	if (flags & 0x0c)
		return DECODE_ENCRYPTED;
	return skip_tag(f, l, flags & 0x20 ? 16 : 8);
}

/* RFC 6325 section 3: five bits say how many words of options follow the six bytes. */
static enum decode_result trill(const struct frame *f, struct layer *l)
{
	if (!frame_has(f, l->at, 6))
		return DECODE_CUT_LINK;
	return skip_to(f, l, 6 + (load_be16(f->bytes + l->at) >> 6 & 31) * 4, LAYER_ETHERNET);
}

/* RFC 8300 section 2.2: length in words, and what follows; section 2.3: the service path. */
static enum decode_result nsh(const struct frame *f, struct layer *l)
{
	const uint8_t *h = f->bytes + l->at;
	uint32_t len;

	if (!frame_has(f, l->at, 8))
		return DECODE_CUT_LINK;
	len = (h[1] & 63u) * 4;
	if (len < 8)
		return DECODE_NOT_IP;
	switch (h[3]) {
	case 1:
	case 2:
		return skip_to(f, l, len, LAYER_IP);
	case 3:
		return skip_to(f, l, len, LAYER_ETHERNET);
	case 4: /* another one */
		l->at += len;
		l->ethertype = ETHERTYPE_NSH;
		return DECODE_TCP;
	case 5:
		return skip_to(f, l, len, LAYER_MPLS);
	default:
		return DECODE_NOT_IP;
	}
}

static enum decode_result by_ethertype(const struct frame *f, struct packet *p, struct layer *l)
{
	switch (l->ethertype) {
	case ETHERTYPE_VLAN:
	case ETHERTYPE_QINQ:
	case ETHERTYPE_QINQ_OLD:
		return vlan(f, p, l);
	case ETHERTYPE_MPLS:
	case ETHERTYPE_MPLS_OTHER:
		return skip_to(f, l, 0, LAYER_MPLS);
	case ETHERTYPE_PPPOE:
		return pppoe(f, p, l);
	case ETHERTYPE_PPP:
		return skip_to(f, l, 0, LAYER_PPP);
	case ETHERTYPE_SERVICE:
		return service(f, p, l);
	case ETHERTYPE_BRIDGING:
		return skip_to(f, l, 0, LAYER_ETHERNET);
	case ETHERTYPE_MACSEC:
		return macsec(f, l);
	case ETHERTYPE_TRILL:
		return trill(f, l);
	case ETHERTYPE_FABRICPATH:
		return skip_to(f, l, 2, LAYER_ETHERNET);
	case ETHERTYPE_VNTAG:
	case ETHERTYPE_HSR:
		return skip_tag(f, l, 6);
	case ETHERTYPE_CMD:
	case ETHERTYPE_ETAG:
		return skip_tag(f, l, 8);
	case ETHERTYPE_NSH:
		return nsh(f, l);
	default:
		break;
	}
	if (l->is_payload)
		return DECODE_UNKNOWN_TUNNEL;
	/* Up to 1500 it is a length, and LLC follows (IEEE 802.3). */
	return l->ethertype <= 1500 ? skip_to(f, l, 0, LAYER_LLC) : DECODE_NOT_IP;
}

static enum decode_result ethernet(const struct frame *f, struct layer *l)
{
	return skip_tag(f, l, 14);
}

/* RFC 1042: with SNAP, an organisation and its type; or IP's own number. */
static enum decode_result llc(const struct frame *f, struct layer *l)
{
	const uint8_t *h = f->bytes + l->at;

	if (!frame_has(f, l->at, 3))
		return DECODE_CUT_LINK;
	if (h[0] == 0x06 && h[1] == 0x06 && h[2] == 0x03)
		return skip_to(f, l, 3, LAYER_IP);
	if (h[0] != 0xaa || h[1] != 0xaa || h[2] != 0x03)
		return DECODE_NOT_IP;
	if (!frame_has(f, l->at, 8))
		return DECODE_CUT_LINK;
	switch (load_be32(h + 2) & 0xffffff) {
	case 0x000000: /* an ethertype */
	case 0x0000f8: /* the same, of a bridge (IEEE 802.1H) */
		return skip_tag(f, l, 8);
	case 0x0080c2: /* a bridged frame (RFC 2684): type 1 with, 7 without its checksum */
		if (load_be16(h + 6) != 1 && load_be16(h + 6) != 7)
			return DECODE_NOT_IP;
		return skip_to(f, l, 10, LAYER_ETHERNET);
	default:
		return DECODE_NOT_IP;
	}
}

enum decode_result decode_shim(const struct frame *f, struct packet *p, struct layer *l)
{
	switch ((enum layer_kind)l->kind) {
	case LAYER_ETHERTYPE:
		return by_ethertype(f, p, l);
	case LAYER_ETHERNET:
		return ethernet(f, l);
	case LAYER_LLC:
		return llc(f, l);
	case LAYER_PPP:
		return ppp(f, l);
	case LAYER_MPLS:
		return mpls(f, p, l);
	case LAYER_WLAN:
		return decode_wlan(f, p, l);
	default:
		return DECODE_NOT_IP;
	}
}
