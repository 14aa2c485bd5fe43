// SPDX-License-Identifier: BSD-2-Clause
#include "app/peekstat.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/gmetric.h"
#include "app/sandbox.h"
#include "app/status.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "cli/help.h"
#include "engine/syscalls.h"
#include "util/log.h"
#include "util/utf8.h"

#define TIMEOUT_SEC 3

enum mode { MODE_TABLE, MODE_JSON, MODE_GMETRIC };

static const char usage[] =
	"examples:\n"
	"  tcpsight peekstat\n"
	"      the counters of a running peek, as a table\n"
	"  tcpsight peekstat -j\n"
	"      the same as JSON\n"
	"  tcpsight peekstat -g\n"
	"      what was added since the last time, handed to Ganglia's gmetric\n\n"
	"usage: %s [OPTIONS]\n\n";

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = TIMEOUT_SEC};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return log_errno(errno, "cannot make a socket");
	if (strlen(path) >= sizeof(address.sun_path)) {
		close(fd);
		return log_errno(ENAMETOOLONG, "%s", path);
	}
	strcpy(address.sun_path, path);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (const void *)&address, sizeof(address))) {
		int err = log_errno(errno, "cannot ask %s (is peek running?)", path);

		close(fd);
		return err;
	}
	return fd;
}

static size_t read_some(void *buffer, size_t size, void *context)
{
	ssize_t n;

	/* With a timeout, a socket's calls are not taken up again by themselves. */
	do
		n = read(*(int *)context, buffer, size);
	while (n < 0 && errno == EINTR);
	return n < 0 ? (size_t)-1 : (size_t)n;
}

/* Whether all was written, or nobody is there to read it: who has hung up may have answered before. */
static bool write_request(int fd, const char *request)
{
	size_t size = strlen(request);
	void (*before)(int) = signal(SIGPIPE, SIG_IGN);
	ssize_t written = write(fd, request, size);
	int err = errno;

	signal(SIGPIPE, before);
	errno = err;
	return written == (ssize_t)size || (written < 0 && err == EPIPE);
}

/* NULL if there was no answer, or none that makes sense; logged. */
static json_t *ask(int fd, const char *path, const char *request)
{
	json_error_t error;
	json_t *answer;

	if (!write_request(fd, request)) {
		log_errno(errno, "cannot ask %s", path);
		return NULL;
	}
	answer = json_load_callback(read_some, &fd, 0, &error);
	if (json_is_array(answer))
		return answer;
	log_error("%s gave no answer that can be understood: %s", path,
		  answer ? "no array" : error.text);
	json_decref(answer);
	return NULL;
}

/* What the socket answers may be anything. */
static const char *cleaned(const char *text)
{
	static char clean[512];

	utf8_clean_lines(clean, sizeof(clean), text);
	return clean;
}

static void print_section(const char *name, json_t *items)
{
	const char *item;
	json_t *value;

	printf(" %s\n", cleaned(name));
	json_object_foreach(items, item, value)
		printf("     %-10s %10lld\n", cleaned(item), (long long)json_integer_value(value));
}

static void print_table(json_t *answer)
{
	static const char line[] = "----------------------------\n";
	size_t i;
	json_t *element;

	printf("====== TCPEEK SUMMARY ======\n");
	json_array_foreach(answer, i, element)
	{
		const char *name, *section;
		json_t *sections, *items;

		json_object_foreach(element, name, sections)
		{
			printf("%s %s\n%s", line, cleaned(name), line);
			json_object_foreach(sections, section, items) print_section(section, items);
		}
	}
	printf("============================\n");
}

static bool is_metric(const char *item)
{
	return !strcmp(item, "reject") || !strcmp(item, "timeout") || !strcmp(item, "dupsyn") ||
	       !strcmp(item, "dupsynack");
}

static int send_metrics(const struct gmetric *g, json_t *answer)
{
	char name[512];
	size_t i;
	json_t *element;
	int err = 0;

	json_array_foreach(answer, i, element)
	{
		const char *filter, *section, *item;
		json_t *sections, *items, *value;

		json_object_foreach(element, filter, sections) json_object_foreach(
			sections, section, items) json_object_foreach(items, item, value)
		{
			snprintf(name, sizeof(name), "tcpeek_%s_%s_%s", filter, section, item);
			if (is_metric(item) && gmetric_send(g, name, json_integer_value(value)))
				err = -EIO;
		}
	}
	return err;
}

static void print_json(json_t *answer)
{
	json_dumpf(answer, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_ENSURE_ASCII);
	putchar('\n');
}

/* Whoever holds the socket may answer anything: it is parsed with nothing at hand. */
static int enter_sandbox(enum mode mode)
{
	uid_t uid;
	gid_t gid;

	json_object_seed(0);
	if (sandbox_find_user(NULL, &uid, &gid))
		return -EINVAL;
	return sandbox_enter(0, mode == MODE_GMETRIC ? SYSCALLS_CHILD : 0, uid, gid, false);
}

static int show(const char *path, enum mode mode, const struct gmetric *g)
{
	int fd = connect_to(path), err;
	json_t *answer;

	if (fd < 0)
		return fd;
	err = enter_sandbox(mode);
	if (err)
		return err;
	answer = ask(fd, path, mode == MODE_GMETRIC ? "REFRESH\r\n" : "GET\r\n");
	close(fd);
	if (!answer)
		return -EPROTO;
	if (mode == MODE_GMETRIC)
		err = send_metrics(g, answer);
	else if (mode == MODE_JSON)
		print_json(answer);
	else
		print_table(answer);
	json_decref(answer);
	return err;
}

static int run(const char *path, enum mode mode)
{
	struct gmetric g = {.fd = -1};
	int err = mode == MODE_GMETRIC ? gmetric_open(&g) : 0;

	if (!err)
		err = show(path, mode, &g);
	gmetric_close(&g);
	return err ? RUN_FAILED : RUN_DONE;
}

int peekstat_main(const char *program, int argc, char **argv)
{
	static const struct option longs[] = {
		{"gmetric", no_argument, NULL, 'g'},	  {"json", no_argument, NULL, 'j'},
		{"socket", required_argument, NULL, 'U'}, {"version", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},	  {NULL, 0, NULL, 0},
	};
	const char *path = PEEKSTAT_SOCKET;
	bool gmetric = false, json = false;
	int letter;

	log_init(program, false);
	opterr = 0;
	while ((letter = getopt_long(argc, argv, "gjU:vh", longs, NULL)) != -1) {
		switch (letter) {
		case 'g':
			gmetric = true;
			break;
		case 'j':
			json = true;
			break;
		case 'U':
			path = optarg;
			break;
		case 'v':
			help_print_version();
			return RUN_DONE;
		case 'h':
			printf("%s: the counters of a running peek\n\n", program);
			printf(usage, program);
			help_print_command_options("peekstat");
			return RUN_DONE;
		default:
			complain(program, NULL, 0, "unrecognized argument");
			return RUN_USAGE;
		}
	}
	if (optind < argc || (gmetric && json)) {
		complain(program, NULL, 0,
				 optind < argc ? "unrecognized argument"
					       : "-g/--gmetric and -j/--json exclude each other");
		return RUN_USAGE;
	}
	return run(path, gmetric ? MODE_GMETRIC : json ? MODE_JSON : MODE_TABLE);
}
