// SPDX-License-Identifier: BSD-2-Clause
/* Which handshakes fail, on the wire. Takes tcpeek's command line. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "consumer/handshakes.h"
#include "view/report.h"

#define OWN(field) OPTION_OF_REPORT, offsetof(struct handshakes_options, field)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct option_def options[] = {
	{'u', "user", OPTION_TEXT, OF_WATCH(user), "USER",
	 "become this user when the capture is open; default nobody"},
	{'U', "socket", OPTION_TEXT, OWN(socket_path), "PATH",
	 "control socket; default /var/run/tcpeek/tcpeek.sock"},
	{'c', "checksum", OPTION_CHOICE, OF_WATCH(checksum), "0|1|2",
	 "verify checksums: 0 none (default), 1 IP and ICMP, 2 TCP too",
	 .choices = watch_checksums},
	{'t', "timeout", OPTION_UINT, OF_WATCH(timeout_s), "SEC",
	 "a handshake has failed after so much silence; default 60", .min = 1, .max = 86400},
	{'B', "buffer", OPTION_UINT, OF_WATCH(buffer_mib), "MB", "capture buffer; default 2",
	 .min = 1, .max = 1024},
	{'l', "loglevel", OPTION_TEXT, OWN(log_level), "LEVEL",
	 "to syslog too: failures at notice, successes at info", .choices = handshakes_levels},
	{'q', "quiet", OPTION_FLAG, OWN(quiet), NULL, "no line per handshake"},
	{0, "promisc", OPTION_FLAG, OF_WATCH(promiscuous), NULL, "promiscuous capture"},
	{0, "icmp", OPTION_FLAG, OF_WATCH(icmp), NULL, "heed ICMP unreachable messages"},
	{0, "max-pending", OPTION_UINT, OF_WATCH(max_pending), "N",
	 "remember so many handshakes; default 65536", .min = 16, .max = 16777216},
	{'v', "version", OPTION_VERSION, OPTION_OF_WATCH, 0, NULL, "version, licence"},
};

static const char *const omitted[] = {
	"cgroupmap", "mntnsmap", "sort", "max-flows", NULL,
};

static const char *const examples[] = {
	"tcpsight peek -i eth0",
	"every handshake on eth0, a summary on Ctrl-C",
	"tcpsight peek --icmp web:RX@%:80:443 db:TX@10.0.0.0/8:5432",
	"counted under two names more, besides RX and TX",
	"tcpsight peek -q :RX@%:22",
	"no lines, and none of what comes to port 22",
	"tcpsight peek --read FILE --json",
	"the handshakes of a capture, as JSON",
	"tcpsight peek --source bpf",
	"this host's own handshakes with owner and errno, without a packet",
	NULL,
};

static void defaults(struct question *q)
{
	struct watch *w = q->watch;

	w->buffer_mib = w->buffer_mib ? w->buffer_mib : 2;
}

static int refuse(struct usage_error *error, const char *option, const char *why)
{
	if (!option)
		return 0;
	snprintf(error->text, sizeof(error->text), "argument %s: %s", option, why);
	return -EINVAL;
}

/* An option about packets, if there is one. */
static const char *about_packets(const struct watch *s)
{
	if (s->interface)
		return "-i/--interface";
	if (s->read_path)
		return "--read";
	if (s->checksum)
		return "-c/--checksum";
	if (s->promiscuous)
		return "--promisc";
	return s->local ? "--local" : NULL;
}

/* An option about what no packet tells, if there is one. */
static const char *about_owners(const struct question *s)
{
	if (s->by_pid)
		return "-p/--pid";
	if (s->cgroup)
		return "--cgroup";
	return s->netns ? "--netns" : NULL;
}

static int words(struct question *q, int count, char **word, struct usage_error *error)
{
	struct handshakes_options *own = q->own;
	struct watch *w = q->watch;

	own->words = word;
	own->word_count = (size_t)count;
	if (w->source && !strcmp(w->source, "bpf"))
		return refuse(error, about_packets(w),
			      "it is about packets, and the source bpf watches none");
	if (about_owners(q))
		return refuse(error, about_owners(q), "packets do not tell; --source bpf does");
	if (!w->read_path && !w->interface && !q->is_also)
		w->interface = "any";
	return 0;
}

static void setup(const struct question *q, struct view *view)
{
	(void)q;
	view->when = VIEW_ON_HANDSHAKE;
}

static const char *sink(const struct question *q)
{
	return q->columns || q->csv ? NULL : "tcpeek";
}

const struct report report_peek = {
	.name = "peek",
	.seed_name = "tcpeek",
	.summary = "which handshakes fail, and how, from packets or the kernel",
	.positional = "[[name]:RX|TX@address:port[:port...][,...]]...",
	.examples = examples,
	.long_only = true,
	.omitted = omitted,
	.options = options,
	.option_count = COUNT(options),
	.own_size = sizeof(struct handshakes_options),
	.columns = "time,started,direction,family,client_addr,client_port,server_addr,server_port,"
		   "outcome,conn_state,icmp,error,duration_us,dup_syn,dup_syn_ack,retry,"
		   "dropped,pid,comm",
	.defaults = defaults,
	.words = words,
	.setup = setup,
	.sink = sink,
	.wrap = handshakes_wrap,
};
