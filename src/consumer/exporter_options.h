// SPDX-License-Identifier: BSD-2-Clause
/* What all reports that send to a server are asked besides what is theirs. */
#pragma once
#include <stdint.h>

/* Texts are borrowed from argv. */
struct exporter_options {
	const char *ca_file, *certificate, *key;
	uint64_t timeout_s, give_up_s, stop_timeout_s;
};

// clang-format off
#define EXPORTER_DEFAULTS {.timeout_s = 10, .give_up_s = 300, .stop_timeout_s = 5}

/* Entries of a table of options; `own` is the report's struct, which has `exporter`. */
#define EXPORTER_OF(own, field) OPTION_OF_REPORT, offsetof(own, exporter.field)
#define EXPORTER_OPTIONS(own) \
	{0, "ca-file", OPTION_TEXT, EXPORTER_OF(own, ca_file), "FILE", \
	 "certificates (PEM) of those who may have signed the collector's; default the system's"}, \
	{0, "client-certificate", OPTION_TEXT, EXPORTER_OF(own, certificate), "FILE", "ours (PEM)"}, \
	{0, "client-key", OPTION_TEXT, EXPORTER_OF(own, key), "FILE", "its key (PEM)"}, \
	{0, "timeout", OPTION_UINT, EXPORTER_OF(own, timeout_s), "SEC", \
	 "wait so long for a connection, or an answer; default 10", .min = 1, .max = 300}, \
	{0, "give-up", OPTION_UINT, EXPORTER_OF(own, give_up_s), "SEC", \
	 "repeat what failed for so long; default 300", .min = 1, .max = 86400}, \
	{0, "stop-timeout", OPTION_UINT, EXPORTER_OF(own, stop_timeout_s), "SEC", \
	 "at the end wait so long for what is under way; default 5", .min = 0, .max = 300}
// clang-format on
