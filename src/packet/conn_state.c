// SPDX-License-Identifier: BSD-2-Clause
#include "packet/conn_state.h"

static bool is_silent(enum conn_end end)
{
	return end == CONN_INACTIVE || end == CONN_PARTIAL;
}

static const char *responder_reset(enum conn_end originator, bool moved_data)
{
	if (originator == CONN_SYN_SENT || (originator == CONN_RESET && !moved_data))
		return "REJ";
	return is_silent(originator) ? "RSTRH" : "RSTR";
}

const char *conn_state_name(enum conn_end originator, enum conn_end responder, bool moved_data)
{
	if (responder == CONN_RESET)
		return responder_reset(originator, moved_data);
	if (originator == CONN_RESET) {
		if (responder == CONN_INACTIVE)
			return "RSTOS0";
		return responder == CONN_PARTIAL ? "OTH" : "RSTO";
	}
	if (originator == CONN_CLOSED && responder == CONN_CLOSED)
		return "SF";
	if (originator == CONN_CLOSED)
		return is_silent(responder) ? "SH" : "S2";
	if (responder == CONN_CLOSED)
		return is_silent(originator) ? "SHR" : "S3";
	if (originator == CONN_SYN_SENT && responder == CONN_INACTIVE)
		return "S0";
	if (originator == CONN_ESTABLISHED && responder == CONN_ESTABLISHED)
		return "S1";
	return "OTH";
}
