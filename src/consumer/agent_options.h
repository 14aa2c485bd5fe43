// SPDX-License-Identifier: BSD-2-Clause
/* What `tcpsight agent` is asked on its command line, or in the first part of its file. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct agent_options {
	char **listen;
	uint64_t listen_count;
	const char *config;
	bool is_check, is_dump;
	const char *token_file, *certificate, *key, *client_ca;
	const char *host_names, *allow_users; /* lists, parted by commas */
	bool insecure_anyone;
	const char *without;
	const char *cpu_budget;		     /* "2%" */
	const char *memory_limit;	     /* "256M" */
	uint64_t cpu_permille, memory_bytes; /* the same; 0: no limit */
	uint64_t stop_timeout_s;
};
