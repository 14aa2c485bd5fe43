// SPDX-License-Identifier: BSD-2-Clause
#include "push/ipfix_encode.h"

#include <errno.h>
#include <string.h>

#include "push/fixbuf.h"
#include "util/xalloc.h"

/* Private enterprise numbers: of CERT's YAF, and of ntop. */
#define PEN_CERT 6871
#define PEN_NTOP 35632
#define OPTIONS_ID 400
#define TYPES_ID 401
#define FLAG_V4 1u
#define FLAG_V6 2u

/* As libfixbuf reads it: the order of specs below. It wants no padding that it is not told of. */
struct record {
	uint64_t start_ms, end_ms, octets, reverse_octets, packets, reverse_packets, id;
	uint32_t retransmitted, reverse_retransmitted;
	uint8_t source_v6[16], destination_v6[16];
	uint32_t source_v4, destination_v4;
	uint32_t netns, rtt_ms, pid;
	uint16_t source_port, destination_port;
	uint8_t protocol, flags, end, direction;
	uint8_t padding[4];
	fbVarfield_t comm, container, unit;
};

static fbInfoElementSpec_t inside[] = {
	{"flowStartMilliseconds", 8, 0},
	{"flowEndMilliseconds", 8, 0},
	{"octetDeltaCount", 8, 0},
	{"reverseOctetDeltaCount", 8, 0},
	{"packetDeltaCount", 8, 0},
	{"reversePacketDeltaCount", 8, 0},
	{"flowId", 8, 0},
	{"tcpsightRetransmittedPackets", 4, 0},
	{"tcpsightReverseRetransmittedPackets", 4, 0},
	{"sourceIPv6Address", 16, 0},
	{"destinationIPv6Address", 16, 0},
	{"sourceIPv4Address", 4, 0},
	{"destinationIPv4Address", 4, 0},
	{"ingressVRFID", 4, 0},
	{"reverseFlowDeltaMilliseconds", 4, 0},
	{"tcpsightProcessId", 4, 0},
	{"sourceTransportPort", 2, 0},
	{"destinationTransportPort", 2, 0},
	{"protocolIdentifier", 1, 0},
	{"tcpControlBits", 1, 0},
	{"flowEndReason", 1, 0},
	{"biflowDirection", 1, 0},
	{"paddingOctets", 4, 0},
	{"applicationName", FB_IE_VARLEN, 0},
	{"tcpsightContainer", FB_IE_VARLEN, 0},
	{"tcpsightUnit", FB_IE_VARLEN, 0},
	FB_IESPEC_NULL,
};

/*
 * On the wire. tcpControlBits in one octet: pmacct 1.7 reads two as 0. Retransmissions in four, as
 * those of ntop, whose elements they are: tshark takes eight for malformed.
 */
static fbInfoElementSpec_t outside[] = {
	{"sourceIPv4Address", 4, FLAG_V4},
	{"destinationIPv4Address", 4, FLAG_V4},
	{"sourceIPv6Address", 16, FLAG_V6},
	{"destinationIPv6Address", 16, FLAG_V6},
	{"sourceTransportPort", 2, 0},
	{"destinationTransportPort", 2, 0},
	{"protocolIdentifier", 1, 0},
	{"tcpControlBits", 1, 0},
	{"flowStartMilliseconds", 8, 0},
	{"flowEndMilliseconds", 8, 0},
	{"flowEndReason", 1, 0},
	{"biflowDirection", 1, 0},
	{"octetDeltaCount", 8, 0},
	{"reverseOctetDeltaCount", 8, 0},
	{"packetDeltaCount", 8, 0},
	{"reversePacketDeltaCount", 8, 0},
	{"tcpsightRetransmittedPackets", 4, 0},
	{"tcpsightReverseRetransmittedPackets", 4, 0},
	{"reverseFlowDeltaMilliseconds", 4, 0},
	{"flowId", 8, 0},
	{"ingressVRFID", 4, 0},
	{"tcpsightProcessId", 4, 0},
	{"applicationName", FB_IE_VARLEN, 0},
	{"tcpsightContainer", FB_IE_VARLEN, 0},
	{"tcpsightUnit", FB_IE_VARLEN, 0},
	FB_IESPEC_NULL,
};

struct statistics {
	uint64_t exported, lost;
	uint32_t process;
	uint8_t padding[4];
};

static fbInfoElementSpec_t statistics_inside[] = {
	{"exportedFlowRecordTotalCount", 8, 0},
	{"notSentFlowTotalCount", 8, 0},
	{"exportingProcessId", 4, 0},
	{"paddingOctets", 4, 0},
	FB_IESPEC_NULL,
};

/* The first is what the others are about. */
static fbInfoElementSpec_t statistics_outside[] = {
	{"exportingProcessId", 4, 0},
	{"exportedFlowRecordTotalCount", 8, 0},
	{"notSentFlowTotalCount", 8, 0},
	FB_IESPEC_NULL,
};

/* Those that collectors know from nobody else. */
static const char *const own[] = {"tcpsightProcessId", "tcpsightContainer", "tcpsightUnit"};

struct ipfix_encoder {
	fbInfoModel_t *model;
	fbSession_t *session; /* of `buffer` from when there is one */
	fbExporter_t *exporter;
	fBuf_t *buffer;
	uint8_t *message;
	uint16_t message_max, inside_id, v4_id, v6_id, statistics_inside_id, type_inside_id;
	bool has_something;
};

/* Loaded when the first encoder is made. */
static const struct fixbuf_functions *fb;

/* The errno of a failure, and its end. */
static int take_error(GError **error)
{
	/* The macro FB_ERROR_DOMAIN calls what is linked. */
	GQuark domain = fb->g_quark_from_string("fixbufError");
	int err = fb->g_error_matches(*error, domain, FB_ERROR_EOM) ? -EAGAIN : -EINVAL;

	fb->g_clear_error(error);
	return err;
}

/*
 * What IANA has no element for. Retransmissions and the round-trip time stand under the numbers
 * that collectors know: ntop's, and of YAF the time to the first answer.
 */
static void add_elements(fbInfoModel_t *model, uint32_t pen)
{
	const fbInfoElement_t elements[] = {
		FB_IE_INIT_FULL("tcpsightRetransmittedPackets", PEN_NTOP, 110, 4,
				FB_IE_F_ENDIAN | FB_IE_DELTACOUNTER | FB_UNITS_PACKETS, 0, 0,
				FB_UINT_32, "packets sent again in the flow's direction"),
		FB_IE_INIT_FULL("tcpsightReverseRetransmittedPackets", PEN_NTOP, 109, 4,
				FB_IE_F_ENDIAN | FB_IE_DELTACOUNTER | FB_UNITS_PACKETS, 0, 0,
				FB_UINT_32, "packets sent again in the other direction"),
		FB_IE_INIT_FULL("tcpsightProcessId", pen, 1, 4, FB_IE_F_ENDIAN | FB_IE_IDENTIFIER,
				0, 0, FB_UINT_32, "process that owns the local end"),
		FB_IE_INIT_FULL("tcpsightContainer", pen, 2, FB_IE_VARLEN, 0, 0, 0, FB_STRING,
				"container of the local end: runtime and id"),
		FB_IE_INIT_FULL("tcpsightUnit", pen, 3, FB_IE_VARLEN, 0, 0, 0, FB_STRING,
				"systemd unit of the local end"),
	};

	for (size_t i = 0; i < sizeof(elements) / sizeof(elements[0]); i++)
		fb->fbInfoModelAddElement(model, (fbInfoElement_t *)&elements[i]);
	if (!fb->fbInfoModelGetElementByName(model, "reverseFlowDeltaMilliseconds")) {
		fbInfoElement_t rtt = FB_IE_INIT_FULL(
			"reverseFlowDeltaMilliseconds", PEN_CERT, 21, 4, FB_IE_F_ENDIAN, 0, 0,
			FB_UINT_32, "time from the first packet to the first answer");

		fb->fbInfoModelAddElement(model, &rtt);
	}
}

/* Its id, or 0. */
static uint16_t add_template(struct ipfix_encoder *e, fbInfoElementSpec_t *specs, uint32_t flags,
			     bool is_inside, uint16_t scope, uint16_t id)
{
	fbTemplate_t *t = fb->fbTemplateAlloc(e->model);
	GError *error = NULL;
	uint16_t made = 0;

	if (fb->fbTemplateAppendSpecArray(t, specs, flags, &error)) {
		if (scope)
			fb->fbTemplateSetOptionsScope(t, scope);
		made = fb->fbSessionAddTemplate(e->session, is_inside, id, t, &error);
	}
	if (!made)
		fb->fbTemplateFreeUnused(t);
	fb->g_clear_error(&error);
	return made;
}

/*
 * RFC 5610: a record tells name and type of each element that is not IANA's. libfixbuf writes those
 * by itself only where it also sends the messages.
 */
static bool add_type_template(struct ipfix_encoder *e)
{
	GError *error = NULL;
	fbTemplate_t *t = fb->fbInfoElementAllocTypeTemplate(e->model, &error);

	fb->g_clear_error(&error);
	if (!t)
		return false;
	e->type_inside_id = fb->fbSessionAddTemplate(e->session, TRUE, TYPES_ID, t, &error);
	fb->g_clear_error(&error);
	if (!fb->fbSessionAddTemplate(e->session, FALSE, TYPES_ID, t, &error))
		e->type_inside_id = 0;
	fb->g_clear_error(&error);
	return e->type_inside_id;
}

static bool make_session(struct ipfix_encoder *e, uint32_t domain)
{
	e->session = fb->fbSessionAlloc(e->model);
	fb->fbSessionSetDomain(e->session, domain);
	if (!add_type_template(e))
		return false;
	e->inside_id = add_template(e, inside, ~0u, true, 0, FB_TID_AUTO);
	e->v4_id = add_template(e, outside, FLAG_V4, false, 0, FB_TID_AUTO);
	e->v6_id = add_template(e, outside, FLAG_V6, false, 0, FB_TID_AUTO);
	e->statistics_inside_id = add_template(e, statistics_inside, 0, true, 0, FB_TID_AUTO);
	return e->inside_id && e->v4_id && e->v6_id && e->statistics_inside_id &&
	       add_template(e, statistics_outside, 0, false, 1, OPTIONS_ID);
}

struct ipfix_encoder *ipfix_encoder_new(uint32_t domain, uint32_t pen, uint16_t message_max)
{
	struct ipfix_encoder *e;

	fb = fixbuf_load();
	if (!fb)
		return NULL;
	e = xcalloc(1, sizeof(*e));
	e->message_max = message_max;
	e->message = xmalloc(message_max);
	e->model = fb->fbInfoModelAlloc();
	add_elements(e->model, pen);
	if (!make_session(e, domain)) {
		ipfix_encoder_free(e);
		return NULL;
	}
	e->exporter = fb->fbExporterAllocBuffer(e->message, message_max);
	e->buffer = fb->fBufAllocForExport(e->session, e->exporter);
	fb->fBufSetAutomaticMode(e->buffer, FALSE);
	return e;
}

void ipfix_encoder_free(struct ipfix_encoder *e)
{
	/* A buffer owns its session and exporter. */
	if (e->buffer)
		fb->fBufFree(e->buffer);
	else if (e->session)
		fb->fbSessionFree(e->session);
	fb->fbInfoModelFree(e->model);
	free(e->message);
	free(e);
}

/*
 * libfixbuf has messages of templates and messages of records. When it is to go from one to the
 * other it asks for a new message once, also if it has none: then it is asked again.
 */
int ipfix_encode_templates(struct ipfix_encoder *e)
{
	GError *error = NULL;

	if (!fb->fbSessionExportTemplates(e->session, &error)) {
		int err = take_error(&error);

		if (err != -EAGAIN || e->has_something)
			return err;
		if (!fb->fbSessionExportTemplates(e->session, &error))
			return take_error(&error);
	}
	e->has_something = true;
	return 0;
}

static int append_once(struct ipfix_encoder *e, uint16_t inside_id, uint16_t outside_id,
		       void *record, size_t size)
{
	GError *error = NULL;

	if (!fb->fBufSetInternalTemplate(e->buffer, inside_id, &error) ||
	    !fb->fBufSetExportTemplate(e->buffer, outside_id, &error) ||
	    !fb->fBufAppend(e->buffer, record, size, &error))
		return take_error(&error);
	e->has_something = true;
	return 0;
}

static int append(struct ipfix_encoder *e, uint16_t inside_id, uint16_t outside_id, void *record,
		  size_t size)
{
	int err = append_once(e, inside_id, outside_id, record, size);

	return err == -EAGAIN && !e->has_something
		       ? append_once(e, inside_id, outside_id, record, size)
		       : err;
}

static int put_type(struct ipfix_encoder *e, const char *name)
{
	const fbInfoElement_t *element = fb->fbInfoModelGetElementByName(e->model, name);
	GError *error = NULL;

	if (!fb->fbInfoElementWriteOptionsRecord(e->buffer, element, e->type_inside_id, TYPES_ID,
					     &error))
		return take_error(&error);
	e->has_something = true;
	return 0;
}

int ipfix_encode_types(struct ipfix_encoder *e)
{
	int err = 0;

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]) && !err; i++) {
		err = put_type(e, own[i]);
		if (err == -EAGAIN && !e->has_something)
			err = put_type(e, own[i]);
	}
	return err;
}

static fbVarfield_t text_of(const char *text, size_t max)
{
	return (fbVarfield_t){.buf = (uint8_t *)text, .len = strnlen(text, max)};
}

/* The last four bytes of a v4-mapped address, which libfixbuf wants in host order. */
static uint32_t v4_of(const uint8_t address[16])
{
	return (uint32_t)address[12] << 24 | (uint32_t)address[13] << 16 |
	       (uint32_t)address[14] << 8 | address[15];
}

int ipfix_encode_flow(struct ipfix_encoder *e, const struct ipfix_flow *f)
{
	struct record r = {
		.start_ms = f->start_ms,
		.end_ms = f->end_ms,
		.octets = f->octets,
		.reverse_octets = f->reverse_octets,
		.packets = f->packets,
		.reverse_packets = f->reverse_packets,
		.id = f->id,
		.retransmitted = f->retransmitted,
		.reverse_retransmitted = f->reverse_retransmitted,
		.source_v4 = v4_of(f->source),
		.destination_v4 = v4_of(f->destination),
		.netns = f->netns,
		.rtt_ms = f->rtt_ms,
		.pid = f->pid,
		.source_port = f->source_port,
		.destination_port = f->destination_port,
		.protocol = 6,
		.flags = f->flags,
		.end = f->end,
		.direction = f->direction,
		.comm = text_of(f->comm, sizeof(f->comm)),
		.container = text_of(f->container, sizeof(f->container)),
		.unit = text_of(f->unit, sizeof(f->unit)),
	};

	memcpy(r.source_v6, f->source, sizeof(r.source_v6));
	memcpy(r.destination_v6, f->destination, sizeof(r.destination_v6));
	return append(e, e->inside_id, f->is_v6 ? e->v6_id : e->v4_id, &r, sizeof(r));
}

int ipfix_encode_statistics(struct ipfix_encoder *e, uint64_t exported, uint64_t lost)
{
	struct statistics s = {.exported = exported, .lost = lost, .process = 1};

	return append(e, e->statistics_inside_id, OPTIONS_ID, &s, sizeof(s));
}

size_t ipfix_encode_message(struct ipfix_encoder *e, const uint8_t **ret)
{
	GError *error = NULL;

	*ret = e->message;
	if (!e->has_something)
		return 0;
	e->has_something = false;
	if (fb->fBufEmit(e->buffer, &error))
		return fb->fbExporterGetMsgLen(e->exporter);
	fb->g_clear_error(&error);
	return 0;
}
