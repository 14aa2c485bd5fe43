// SPDX-License-Identifier: BSD-2-Clause
/*
 * An IPFIX collector that is away for 1, 60 or 600 s by a clock that jumps, over UDP, TCP and TLS:
 * what was sent, given up and dropped adds up, what counts as sent came, nothing comes twice but
 * what was under way when a collector of datagrams left.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "push/ipfix.h"
#include "push/ipfix_encode.h"
#include "push/link.h"

#define RECORDS 500
#define BODIES 26 /* more than the queue holds */
#define PATIENCE_MS 30000
#define MAGIC 0xa5c3f00d00000000ull
#define DAY_S 86400
#define PORT_FIRST 20000
#define PORTS 12000

/* Shared by both processes. */
struct world {
	volatile int64_t now_ms;
	int64_t back_ms, away_ms;
	int pauses; /* that come before it leaves; 0: it stays */
	struct ipfix_settings settings;
	uint8_t came[4 << 20];
	size_t len;
};

/* Of the authority, which is the collector too. */
static gnutls_certificate_credentials_t credentials;
static char authority[4096];

/* Of the other process. */
static int server = -1;
static volatile bool has_ended;
static pthread_t thread;

static void make_certificate(void)
{
	static const uint8_t address[] = {127, 0, 0, 1};
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t crt;
	size_t len = sizeof(authority);

	gnutls_x509_privkey_init(&key);
	gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
				     GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
	gnutls_x509_crt_init(&crt);
	gnutls_x509_crt_set_version(crt, 3);
	gnutls_x509_crt_set_key(crt, key);
	gnutls_x509_crt_set_dn(crt, "CN=test", NULL);
	gnutls_x509_crt_set_serial(crt, "\1", 1);
	gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, address, sizeof(address),
					     0);
	gnutls_x509_crt_set_activation_time(crt, time(NULL) - DAY_S);
	gnutls_x509_crt_set_expiration_time(crt, time(NULL) + DAY_S);
	gnutls_x509_crt_set_basic_constraints(crt, 1, -1);
	assert_int_equal(gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0), 0);
	assert_int_equal(gnutls_x509_crt_export(crt, GNUTLS_X509_FMT_PEM, authority, &len), 0);
	gnutls_certificate_allocate_credentials(&credentials);
	assert_int_equal(gnutls_certificate_set_x509_key(credentials, &crt, 1, key), 0);
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
}

static void read_plain(struct world *w, int fd)
{
	ssize_t n;

	while ((n = read(fd, w->came + w->len, sizeof(w->came) - w->len)) > 0)
		w->len += (size_t)n;
}

static void read_tls(struct world *w, int fd)
{
	gnutls_session_t session;
	ssize_t n;

	gnutls_init(&session, GNUTLS_SERVER);
	gnutls_set_default_priority(session);
	gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials);
	gnutls_transport_set_int(session, fd);
	if (!gnutls_handshake(session))
		while ((n = gnutls_record_recv(session, w->came + w->len,
					       sizeof(w->came) - w->len)) > 0)
			w->len += (size_t)n;
	gnutls_deinit(session);
}

static void *read_streams(void *context)
{
	struct world *w = context;
	int fd;

	while (!has_ended && (fd = accept(server, NULL, NULL)) >= 0) {
		if (w->settings.to.kind == TRANSPORT_TLS)
			read_tls(w, fd);
		else
			read_plain(w, fd);
		close(fd);
	}
	return NULL;
}

static struct sockaddr_in place_of(const struct world *w)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				    .sin_port = htons((uint16_t)atoi(w->settings.to.port))};
}

static void come_back(struct world *w)
{
	bool is_udp = w->settings.to.kind == TRANSPORT_UDP;
	struct sockaddr_in at = place_of(w);

	server = socket(AF_INET, is_udp ? SOCK_DGRAM | SOCK_NONBLOCK : SOCK_STREAM, 0);
	setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	if (bind(server, (struct sockaddr *)&at, sizeof(at)))
		_exit(3);
	if (!is_udp && (listen(server, 8) || pthread_create(&thread, NULL, read_streams, w)))
		_exit(3);
}

static void leave(struct world *w)
{
	read_plain(w, server);
	close(server);
	server = -1;
	w->back_ms = w->now_ms + w->away_ms;
}

/* All that was sent has been read. */
static void end_server(struct world *w)
{
	struct sockaddr_in at = place_of(w);
	int last;

	if (server < 0)
		return;
	if (w->settings.to.kind == TRANSPORT_UDP) {
		read_plain(w, server);
		return;
	}
	/* Connections are taken in turn: this one is the last. */
	last = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(last, (struct sockaddr *)&at, sizeof(at)))
		_exit(3);
	has_ended = true;
	close(last);
	pthread_join(thread, NULL);
}

static int64_t now_ms(void *context)
{
	return ((struct world *)context)->now_ms;
}

static bool pause_ms(void *context, uint32_t ms)
{
	struct world *w = context;

	w->now_ms += ms;
	if (server < 0 && w->now_ms >= w->back_ms)
		come_back(w);
	if (server >= 0 && w->settings.to.kind == TRANSPORT_UDP)
		read_plain(w, server);
	if (server >= 0 && w->pauses && !--w->pauses)
		leave(w);
	return true;
}

static int work(int socket, const void *context)
{
	struct world *w = (struct world *)context;

	if (!w->back_ms)
		come_back(w);
	ipfix_serve(socket, &w->settings, (struct retry_clock){now_ms, pause_ms, w});
	end_server(w);
	return 0;
}

/*
 * A port at which nobody is, nor comes while this process runs: it is below those that the kernel
 * hands out.
 */
static uint16_t free_port(int type)
{
	static uint16_t count;
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd, error;

	do {
		at.sin_port = htons((uint16_t)(PORT_FIRST + (getpid() * 32 + count++) % PORTS));
		fd = socket(AF_INET, type, 0);
		error = bind(fd, (struct sockaddr *)&at, sizeof(at));
		close(fd);
	} while (error);
	return ntohs(at.sin_port);
}

static struct world *make_world(enum transport_kind kind)
{
	struct world *w =
		mmap(NULL, sizeof(*w), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(w, MAP_FAILED);
	w->settings = (struct ipfix_settings){
		.to = {.kind = kind,
		       .host = "127.0.0.1",
		       .timeout_s = 5,
		       .tls.authorities = kind == TRANSPORT_TLS ? authority : NULL},
		.domain = 1,
		.pen = 32473,
		.give_up_s = 300};
	snprintf(w->settings.to.port, sizeof(w->settings.to.port), "%u",
		 free_port(kind == TRANSPORT_UDP ? SOCK_DGRAM : SOCK_STREAM));
	return w;
}

static void send_body(struct push *p, uint32_t first, uint32_t records)
{
	struct ipfix_flow *flow = calloc(records, sizeof(*flow));

	for (uint32_t k = first; k < first + records; k++)
		flow[k - first] = (struct ipfix_flow){
			.id = MAGIC | k, .octets = k, .end = IPFIX_END_DETECTED};
	push_send(p, &(struct push_job){.records = records, .bytes = records * sizeof(*flow)},
		  flow);
}

/* Send bodies of so many records; what became of them, when the other process has ended. */
static struct push_account account_of(struct world *w, uint32_t records)
{
	struct push_account account;
	struct pollfd end = {.events = POLLIN};
	struct push p;

	assert_int_equal(push_start(&p, work, w, geteuid(), getegid()), 0);
	for (uint32_t k = 0; k < BODIES; k++) {
		send_body(&p, k * records, records);
		push_run(&p);
		assert_in_range(p.account.waiting, 0, PUSH_RECORDS_MAX);
	}
	push_wait(&p, 0, PATIENCE_MS);
	assert_true(p.account.is_up);
	account = p.account;
	end.fd = p.socket;
	shutdown(p.socket, SHUT_WR);
	assert_int_equal(poll(&end, 1, PATIENCE_MS), 1);
	push_stop(&p);
	assert_int_equal(account.waiting, 0);
	assert_int_equal(account.sent + account.given_up + account.dropped, BODIES * records);
	return account;
}

/* How many different records came, and how many a second time. */
static uint64_t count_records(const struct world *w, uint64_t *ret_again)
{
	static const uint8_t magic[] = {0xa5, 0xc3, 0xf0, 0x0d};
	const uint8_t *at = w->came, *end = w->came + w->len;
	bool *seen = calloc(BODIES * RECORDS, sizeof(*seen));
	uint64_t found = 0;

	*ret_again = 0;
	while ((at = memmem(at, (size_t)(end - at), magic, sizeof(magic)))) {
		uint32_t k = (uint32_t)at[4] << 24 | at[5] << 16 | at[6] << 8 | at[7];

		assert_in_range(k, 0, BODIES * RECORDS - 1);
		*ret_again += seen[k];
		found += !seen[k];
		seen[k] = true;
		at += 8;
	}
	free(seen);
	return found;
}

static void who_comes_late_gets_what_is_not_given_up(void **state)
{
	static const enum transport_kind kinds[] = {TRANSPORT_UDP, TRANSPORT_TCP, TRANSPORT_TLS};
	static const int64_t away_s[] = {0, 1, 60, 600, 100000};

	(void)state;
	for (size_t i = 0; i < 3 * 5; i++) {
		int64_t away = away_s[i % 5];
		struct world *w = make_world(kinds[i / 5]);
		struct push_account a;
		uint64_t again;

		w->back_ms = away * 1000;
		a = account_of(w, RECORDS);
		assert_int_equal(a.sent, count_records(w, &again));
		assert_int_equal(again, 0);
		assert_int_equal(a.given_up > 0, away >= 600);
		assert_int_equal(a.sent > 0, away <= 600);
		munmap(w, sizeof(*w));
	}
}

/* It leaves in the middle of a body, whose first datagrams it has read. */
static void who_leaves_gets_the_body_that_was_under_way_again(void **state)
{
	static const int64_t away_s[] = {1, 60, 600};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct world *w = make_world(TRANSPORT_UDP);
		struct push_account a;
		uint64_t came, again;

		w->away_ms = away_s[i] * 1000;
		w->pauses = 10;
		a = account_of(w, RECORDS);
		came = count_records(w, &again);
		if (away_s[i] < 300) {
			assert_int_equal(a.given_up, 0);
			assert_int_equal(came, a.sent);
			assert_in_range(again, 1, RECORDS - 1);
		} else {
			/* Of a body that was given up a part may have come. */
			assert_true(a.given_up);
			assert_in_range(came, a.sent + 1, a.sent + RECORDS - 1);
			assert_int_equal(again, 0);
		}
		munmap(w, sizeof(*w));
	}
}

/* Of a body that is one datagram nothing more is sent by which its refusal would be seen. */
static void a_refused_datagram_does_not_count_as_sent(void **state)
{
	struct world *w = make_world(TRANSPORT_UDP);
	struct push_account a;
	uint64_t again;

	(void)state;
	w->away_ms = 60000;
	w->pauses = 1;
	a = account_of(w, 3);
	assert_int_equal(a.sent, BODIES * 3);
	assert_int_equal(count_records(w, &again), BODIES * 3);
	assert_int_equal(again, 0);
	munmap(w, sizeof(*w));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_comes_late_gets_what_is_not_given_up),
		cmocka_unit_test(who_leaves_gets_the_body_that_was_under_way_again),
		cmocka_unit_test(a_refused_datagram_does_not_count_as_sent),
	};

	make_certificate();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
