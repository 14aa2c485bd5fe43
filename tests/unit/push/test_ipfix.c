// SPDX-License-Identifier: BSD-2-Clause
/* What is sent to an IPFIX collector: templates again in time, by a clock that jumps; numbers that
 * wrap. */
#include "push/ipfix.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "push/fixbuf.h"
#include "push/ipfix_encode.h"
#include "push/link.h"

#define TEMPLATES 2 /* set ids */
#define HEADER 16
#define RECORDS 500
#define PATIENCE_MS 10000
#define MAGIC 0xa5c3f00d00000000ull

static uint32_t get(const uint8_t *p, int bytes)
{
	uint32_t n = 0;

	while (bytes--)
		n = n << 8 | *p++;
	return n;
}

static bool has_templates(const uint8_t *message, size_t len)
{
	for (size_t at = HEADER; at + 4 <= len; at += get(message + at + 2, 2))
		if (get(message + at, 2) == TEMPLATES)
			return true;
	return false;
}

static struct ipfix_flow flow_of(uint32_t k)
{
	return (struct ipfix_flow){.id = MAGIC | k, .octets = k, .end = IPFIX_END_DETECTED};
}

static __typeof__(fBufAllocForExport) *alloc_buffer;

/* Of a session that has told of almost 2^32 records. */
static fBuf_t *alloc_old_buffer(fbSession_t *session, fbExporter_t *exporter)
{
	void (*set)(fbSession_t *, uint32_t);
	void *library = dlopen("libfixbuf.so.9", RTLD_NOW | RTLD_NOLOAD);
	fBuf_t *buffer = alloc_buffer(session, exporter);

	assert_ptr_not_equal(library, NULL);
	*(void **)&set = dlsym(library, "fbSessionSetSequence");
	assert_ptr_not_equal(set, NULL);
	set(session, UINT32_MAX - 2);
	return buffer;
}

static void numbers_wrap(void **state)
{
	struct fixbuf_functions *fb = (struct fixbuf_functions *)fixbuf_load();
	struct ipfix_encoder *e;
	const uint8_t *message;
	uint32_t numbers[3];

	(void)state;
	assert_ptr_not_equal(fb, NULL);
	alloc_buffer = fb->fBufAllocForExport;
	fb->fBufAllocForExport = alloc_old_buffer;
	e = ipfix_encoder_new(1, 32473, IPFIX_UDP_MESSAGE);
	fb->fBufAllocForExport = alloc_buffer;
	assert_int_equal(ipfix_encode_templates(e), 0);
	assert_in_range(ipfix_encode_message(e, &message), HEADER, IPFIX_UDP_MESSAGE);
	for (uint32_t m = 0; m < 3; m++) {
		for (uint32_t k = 0; k < 5; k++) {
			struct ipfix_flow f = flow_of(k);

			assert_int_equal(ipfix_encode_flow(e, &f), 0);
		}
		assert_in_range(ipfix_encode_message(e, &message), HEADER, IPFIX_UDP_MESSAGE);
		numbers[m] = get(message + 8, 4);
	}
	assert_int_equal(numbers[0], UINT32_MAX - 2);
	assert_int_equal(numbers[1], 2);
	assert_int_equal(numbers[2], 7);
	ipfix_encoder_free(e);
}

/* Shared by both processes. */
struct world {
	volatile int64_t now_ms;
	struct ipfix_settings settings;
};

static int64_t now_ms(void *context)
{
	return ((struct world *)context)->now_ms;
}

static bool pause_ms(void *context, uint32_t ms)
{
	struct world *w = context;

	w->now_ms += ms;
	return true;
}

static int work(int socket, const void *context)
{
	struct world *w = (struct world *)context;

	ipfix_serve(socket, &w->settings, (struct retry_clock){now_ms, pause_ms, w});
	return 0;
}

static struct world *make_world(uint16_t port)
{
	struct world *w =
		mmap(NULL, sizeof(*w), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(w, MAP_FAILED);
	w->settings = (struct ipfix_settings){
		.to = {.kind = TRANSPORT_UDP, .host = "127.0.0.1", .timeout_s = 5},
		.domain = 1,
		.pen = 32473,
		.give_up_s = 300};
	snprintf(w->settings.to.port, sizeof(w->settings.to.port), "%u", port);
	return w;
}

/* A socket on a port of its own, which `ret_port` is. */
static int bind_any(uint16_t *ret_port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	*ret_port = ntohs(at.sin_port);
	return fd;
}

static void send_body(struct push *p, uint32_t first)
{
	struct ipfix_flow *flow = calloc(RECORDS, sizeof(*flow));

	for (uint32_t k = 0; k < RECORDS; k++)
		flow[k] = flow_of(first + k);
	push_send(p, &(struct push_job){.records = RECORDS, .bytes = RECORDS * sizeof(*flow)},
		  flow);
}

/* How many messages of templates came of a job, which is waited for. */
static unsigned templates_of_job(struct push *p, int fd)
{
	uint8_t message[65536];
	unsigned found = 0;
	ssize_t n;

	send_body(p, 0);
	push_wait(p, 0, PATIENCE_MS);
	assert_int_equal(p->account.waiting, 0);
	while ((n = recv(fd, message, sizeof(message), MSG_DONTWAIT)) > 0) {
		assert_in_range(n, HEADER, IPFIX_UDP_MESSAGE);
		found += has_templates(message, (size_t)n);
	}
	return found;
}

static void templates_are_told_again(void **state)
{
	uint16_t port;
	int fd = bind_any(&port);
	struct world *w = make_world(port);
	struct push p;

	(void)state;
	assert_int_equal(push_start(&p, work, w, geteuid(), getegid()), 0);
	assert_int_equal(templates_of_job(&p, fd), 1);
	assert_int_equal(templates_of_job(&p, fd), 0);
	w->now_ms += 59000;
	assert_int_equal(templates_of_job(&p, fd), 0);
	w->now_ms += 2000;
	assert_int_equal(templates_of_job(&p, fd), 1);
	assert_int_equal(templates_of_job(&p, fd), 0);
	w->now_ms += 600000;
	assert_int_equal(templates_of_job(&p, fd), 1);
	push_stop(&p);
	close(fd);
	munmap(w, sizeof(*w));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_wrap),
		cmocka_unit_test(templates_are_told_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
