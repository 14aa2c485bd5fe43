// SPDX-License-Identifier: BSD-2-Clause
/*
 * libmicrohttpd, loaded by who serves: see util/library.h. Debian's brings GnuTLS and seven more
 * libraries along. Of a static program it is a part.
 */
#pragma once
#include <microhttpd.h>
#include <stdbool.h>

/* What is called of it, without its prefix. */
#define MHD_FUNCTIONS(X)                                                                           \
	X(add_response_header)                                                                     \
	X(create_response_from_buffer)                                                             \
	X(create_response_from_buffer_with_free_callback)                                          \
		X(create_response_from_buffer_with_free_callback_cls) X(                           \
			create_response_from_callback) X(destroy_response) X(get_connection_info)  \
			X(get_connection_values_n) X(get_daemon_info) X(get_timeout)               \
				X(lookup_connection_value) X(queue_response) X(quiesce_daemon)     \
					X(resume_connection) X(run) X(start_daemon) X(stop_daemon) \
						X(suspend_connection)

struct mhd_functions {
#define FIELD(f) __typeof__(MHD_##f) *f;
	MHD_FUNCTIONS(FIELD)
#undef FIELD
};

extern struct mhd_functions mhd;

/* Before anything else of `mhd`, while libraries may still be opened. False if it is not installed.
 */
bool mhd_load(void);

#define MHD_MISSING "libmicrohttpd.so.12 cannot be loaded (Debian's package libmicrohttpd12)"
