// SPDX-License-Identifier: BSD-2-Clause
/* GnuTLS, loaded by who uses it: see util/library.h. */
#pragma once
#include <gnutls/gnutls.h>
#include <stdbool.h>

/* What is called of it, without its prefix. */
#define GNUTLS_FUNCTIONS(X)                                                                       \
	X(alert_get)                                                                              \
	X(alert_get_name)                                                                         \
	X(bye) X(certificate_allocate_credentials) X(certificate_client_get_request_status)       \
		X(certificate_free_credentials) X(certificate_set_x509_key_mem)                   \
			X(certificate_set_x509_system_trust) X(certificate_set_x509_trust_mem) X( \
				certificate_verify_peers2) X(credentials_set) X(deinit)           \
				X(error_is_fatal) X(handshake) X(handshake_set_timeout) X(init)   \
					X(protocol_get_version) X(record_recv) X(record_send)     \
						X(server_name_set) X(session_set_verify_cert)     \
							X(set_default_priority) X(strerror)       \
								X(transport_set_int2)

struct gnutls_functions {
#define FIELD(f) __typeof__(gnutls_##f) *f;
	GNUTLS_FUNCTIONS(FIELD)
#undef FIELD
};

extern struct gnutls_functions gnutls;

/* Before anything else of `gnutls`, while libraries may still be opened. False if it is not
 * installed. */
bool gnutls_load(void);

#define GNUTLS_MISSING "libgnutls.so.30 cannot be loaded (Debian's package libgnutls30)"
