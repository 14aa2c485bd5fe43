// SPDX-License-Identifier: BSD-2-Clause
#include "app/peekstat.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/run.h"
#include "cli/help.h"
#include "cli/options.h"
#include "util/log.h"

#define SOCKET_PATH "/var/run/tcpeek/tcpeek.sock"
#define GMETRIC "/usr/bin/gmetric"
#define TIMEOUT_SEC 3

extern char **environ;

enum mode { MODE_TABLE, MODE_JSON, MODE_GMETRIC };

static const char usage[] =
	"examples:\n"
	"  tcpsight peekstat\n"
	"      the counters of a running peek, as a table\n"
	"  tcpsight peekstat -j\n"
	"      the same as JSON\n"
	"  tcpsight peekstat -g\n"
	"      what was added since the last time, handed to Ganglia's gmetric\n\n"
	"usage: %s [OPTIONS]\n\noptions:\n"
	"  -g, --gmetric                  run gmetric for each value, and say so\n"
	"  -j, --json                     print what the socket answers, as JSON\n"
	"  -U, --socket PATH              control socket; default " SOCKET_PATH "\n"
	"  -v, --version                  version, licence\n"
	"  -h, --help                     this text\n";

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
	ssize_t n = read(*(int *)context, buffer, size);

	return n < 0 ? (size_t)-1 : (size_t)n;
}

/* NULL if there was no answer, or none that makes sense; logged. */
static json_t *ask(const char *path, const char *request)
{
	json_error_t error;
	json_t *answer = NULL;
	int fd = connect_to(path);

	if (fd < 0)
		return NULL;
	if (write(fd, request, strlen(request)) != (ssize_t)strlen(request)) {
		log_errno(errno, "cannot ask %s", path);
	} else {
		answer = json_load_callback(read_some, &fd, 0, &error);
		if (!json_is_array(answer)) {
			log_error("%s gave no answer that can be understood: %s", path,
				  answer ? "no array" : error.text);
			json_decref(answer);
			answer = NULL;
		}
	}
	close(fd);
	return answer;
}

static void print_section(const char *name, json_t *items)
{
	const char *item;
	json_t *value;

	printf(" %s\n", name);
	json_object_foreach(items, item, value)
		printf("     %-10s %10lld\n", item, (long long)json_integer_value(value));
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
			printf("%s %s\n%s", line, name, line);
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

/* Without a shell: a filter's name may hold anything. */
static int run_gmetric(const char *filter, const char *section, const char *item, long long value)
{
	char name[512], number[32];
	char *argv[] = {GMETRIC, "-n", name, "-v", number, "-t", "uint32", NULL};
	int status, err;
	pid_t pid;

	snprintf(name, sizeof(name), "tcpeek_%s_%s_%s", filter, section, item);
	snprintf(number, sizeof(number), "%lld", value);
	printf("%s -n %s -v %s -t uint32\n", GMETRIC, name, number);
	fflush(stdout);
	err = posix_spawn(&pid, GMETRIC, NULL, NULL, argv, environ);
	if (err)
		return log_errno(err, "cannot run " GMETRIC);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return log_errno(errno, "cannot wait for " GMETRIC);
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	log_error(GMETRIC " failed for %s", name);
	return -EIO;
}

static int send_metrics(json_t *answer)
{
	size_t i;
	json_t *element;
	int err = 0;

	json_array_foreach(answer, i, element)
	{
		const char *filter, *section, *item;
		json_t *sections, *items, *value;

		json_object_foreach(element, filter, sections)
			json_object_foreach(sections, section, items) json_object_foreach(
				items, item, value) if (is_metric(item) &&
							run_gmetric(filter, section, item,
								    json_integer_value(value)))
				err = -EIO;
	}
	return err;
}

static int show(const char *path, enum mode mode)
{
	json_t *answer = ask(path, mode == MODE_GMETRIC ? "REFRESH\r\n" : "GET\r\n");
	int err = 0;

	if (!answer)
		return RUN_FAILED;
	if (mode == MODE_GMETRIC) {
		err = send_metrics(answer);
	} else if (mode == MODE_JSON) {
		json_dumpf(answer, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
		putchar('\n');
	} else {
		print_table(answer);
	}
	json_decref(answer);
	return err ? RUN_FAILED : RUN_DONE;
}

int peekstat_main(const char *program, int argc, char **argv)
{
	static const struct option longs[] = {
		{"gmetric", no_argument, NULL, 'g'},	  {"json", no_argument, NULL, 'j'},
		{"socket", required_argument, NULL, 'U'}, {"version", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},	  {NULL, 0, NULL, 0},
	};
	const char *path = SOCKET_PATH;
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
			return RUN_DONE;
		default:
			options_complain(program, NULL, 0, "unrecognized argument");
			return RUN_USAGE;
		}
	}
	if (optind < argc || (gmetric && json)) {
		options_complain(program, NULL, 0,
				 optind < argc ? "unrecognized argument"
					       : "-g/--gmetric and -j/--json exclude each other");
		return RUN_USAGE;
	}
	return show(path, gmetric ? MODE_GMETRIC : json ? MODE_JSON : MODE_TABLE);
}
