// SPDX-License-Identifier: BSD-2-Clause
#include "probe/handshake_filter.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cap-ng.h>
#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "handshake_filter.skel.h"
#include "util/log.h"

/* The kernel hands out places by the hundred, to each CPU. */
#define ROOM_MIN 1024u
/* Some 150 MB. */
#define ROOM_MAX (1u << 20)
/* It must not stop waiting before the user does, who waits by the packets' time. */
#define TIMEOUT_MARGIN_NS 5000000000ull

__attribute__((format(printf, 2, 0))) static int print_libbpf(enum libbpf_print_level level,
							      const char *format, va_list args)
{
	return log_is_verbose() && level != LIBBPF_DEBUG ? vfprintf(stderr, format, args) : 0;
}

uint32_t handshake_filter_room(uint32_t max_pending)
{
	if (max_pending < ROOM_MIN)
		return ROOM_MIN;
	return max_pending < ROOM_MAX ? max_pending : ROOM_MAX;
}

static int load(struct handshake_filter **ret, const struct handshake_filter_config *config)
{
	struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
	struct handshake_filter *f = *ret = handshake_filter__open();

	if (!f)
		return -errno;
	/* Before 5.11 BPF memory counts against it. Failure shows itself at load. */
	setrlimit(RLIMIT_MEMLOCK, &unlimited);
	f->rodata->link_type = (__u8)config->link;
	f->rodata->snaplen = config->snaplen;
	f->rodata->pending_ns = config->timeout_ns + TIMEOUT_MARGIN_NS;
	bpf_map__set_max_entries(f->maps.pending, handshake_filter_room(config->max_pending));
	return handshake_filter__load(f);
}

int handshake_filter_load(struct handshake_filter **ret,
			  const struct handshake_filter_config *config)
{
	libbpf_print_fn_t previous = libbpf_set_print(print_libbpf);
	int err = load(ret, config);

	libbpf_set_print(previous);
	return err;
}

int handshake_filter_attach(const struct handshake_filter *f, int socket)
{
	int fd = bpf_program__fd(f->progs.pass_handshakes);

	return setsockopt(socket, SOL_SOCKET, SO_ATTACH_BPF, &fd, sizeof(fd)) ? -errno : 0;
}

bool handshake_filter_remembers(const struct handshake_filter *f, const struct pending_key *key)
{
	struct pending value;

	return !bpf_map_lookup_elem(bpf_map__fd(f->maps.pending), key, &value) || errno != ENOENT;
}

bool handshake_filter_needs_capability(const struct handshake_filter *f)
{
	const struct pending_key nobody = {.low_port_be = 0};
	struct pending value;
	bool is_refused;
	void *saved;

	capng_get_caps_process();
	saved = capng_save_state();
	capng_updatev(CAPNG_DROP, CAPNG_EFFECTIVE, CAP_BPF, CAP_SYS_ADMIN, -1);
	is_refused = capng_apply(CAPNG_SELECT_CAPS) ||
		     (bpf_map_lookup_elem(bpf_map__fd(f->maps.pending), &nobody, &value) &&
		      errno == EPERM);
	capng_restore_state(&saved);
	capng_apply(CAPNG_SELECT_CAPS);
	return is_refused;
}

void handshake_filter_free(struct handshake_filter *f)
{
	if (f)
		handshake_filter__destroy(f);
}

int handshake_filter_try(void)
{
	const struct handshake_filter_config config = {.snaplen = 192};
	struct handshake_filter *f;
	int err = handshake_filter_load(&f, &config);
	int fd = err ? -1 : socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (!err)
		err = fd < 0 ? -errno : handshake_filter_attach(f, fd);
	if (fd >= 0)
		close(fd);
	handshake_filter_free(f);
	return err;
}
