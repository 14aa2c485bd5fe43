// SPDX-License-Identifier: BSD-2-Clause
// Hold many connected TCP sockets over loopback, idle or with traffic on each of them.
//
//     hold SOCKETS
//
// SOCKETS is even: both ends of every connection are held. As many processes share the work as
// the limit of open files demands. When all are connected, "ready SOCKETS PROCESSES" is printed.
// Then lines on standard input say what to do:
//
//     traffic MS    from now on, every MS milliseconds, send one byte on every socket
//     idle          send nothing
//
// After each burst "burst SECONDS" is printed. The end of the input ends the program.

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "load.h"

#define WORKERS_MAX 64
#define FILES_SPARE 64
// Each worker has a 127.x address and one port of its own, so that the connections to it may use
// every local port; this stays below the default number of those.
#define PAIRS_PER_WORKER_MAX 20000

struct worker {
	int command_fd; // one byte in: do a burst; closed: end
	int answer_fd;	// one byte out: connected, or burst done
};

static struct worker workers[WORKERS_MAX];
static int workers_count;

static int worker_connect(const struct sockaddr_in *at)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)at, sizeof(*at)))
		err(1, "connect");
	return fd;
}

// Every socket sends one byte, then every socket reads what its peer sent.
static void worker_burst(const int *fds, long count)
{
	char bytes[64] = "x";

	for (long i = 0; i < count; i++) {
		if (send(fds[i], bytes, 1, MSG_DONTWAIT | MSG_NOSIGNAL) != 1)
			err(1, "send");
	}
	for (long i = 0; i < count; i++) {
		if (recv(fds[i], bytes, sizeof(bytes), MSG_DONTWAIT) < 0 && errno != EAGAIN)
			err(1, "recv");
	}
}

static void worker_run(int index, long pairs, int commands, int answers)
{
	uint32_t address = 0x7f000001u + ((uint32_t)(index + 1) << 8); // 127.0.(index + 1).1
	int *fds = calloc((size_t)pairs * 2, sizeof(*fds));
	struct sockaddr_in at;
	int listener = load_listen(address, &at);
	char byte = '.';

	if (!fds)
		err(1, "calloc");
	for (long i = 0; i < pairs; i++) {
		fds[2 * i] = worker_connect(&at);
		fds[2 * i + 1] = accept(listener, NULL, NULL);
		if (fds[2 * i + 1] < 0)
			err(1, "accept");
	}
	do {
		if (write(answers, &byte, 1) != 1)
			break;
		if (read(commands, &byte, 1) != 1)
			break;
		worker_burst(fds, pairs * 2);
	} while (1);
	_exit(0);
}

static void worker_start(long pairs)
{
	int commands[2], answers[2];

	if (pipe(commands) || pipe(answers))
		err(1, "pipe");
	switch (fork()) {
	case -1:
		err(1, "fork");
	case 0:
		close(commands[1]);
		close(answers[0]);
		// Left open here, these would keep the other workers from seeing their end.
		for (int i = 0; i < workers_count; i++) {
			close(workers[i].command_fd);
			close(workers[i].answer_fd);
		}
		worker_run(workers_count, pairs, commands[0], answers[1]);
	}
	close(commands[0]);
	close(answers[1]);
	workers[workers_count++] = (struct worker){commands[1], answers[0]};
}

static void workers_await(void)
{
	char byte;

	for (int i = 0; i < workers_count; i++) {
		if (read(workers[i].answer_fd, &byte, 1) != 1)
			errx(1, "worker %d has failed", i);
	}
}

static void workers_burst(void)
{
	double start_s = load_now_s();

	for (int i = 0; i < workers_count; i++) {
		if (write(workers[i].command_fd, "!", 1) != 1)
			err(1, "worker %d", i);
	}
	workers_await();
	printf("burst %.3f\n", load_now_s() - start_s);
}

static long hold_pairs_per_worker(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files))
		err(1, "getrlimit");
	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files))
		err(1, "setrlimit");
	if (files.rlim_cur <= FILES_SPARE + 2)
		errx(1, "too few open files are allowed");
	if (files.rlim_cur > 2 * PAIRS_PER_WORKER_MAX)
		return PAIRS_PER_WORKER_MAX;
	return (long)(files.rlim_cur - FILES_SPARE) / 2;
}

// Obey one line of input. Return: milliseconds between bursts, -1 for none.
static int hold_obey(const char *line)
{
	char word[16] = "";
	int every_ms = -1;

	if (sscanf(line, "traffic %d", &every_ms) == 1 && every_ms > 0)
		return every_ms;
	if (sscanf(line, "%15s", word) == 1 && strcmp(word, "idle") == 0)
		return -1;
	errx(2, "unknown command: %s", line);
}

static void hold_loop(void)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	double next_s = 0;
	int every_ms = -1;
	char line[64];

	for (;;) {
		double wait_s = next_s - load_now_s();
		int wait_ms = every_ms < 0 ? -1 : wait_s > 0 ? (int)(wait_s * 1e3) + 1 : 0;
		int ready = poll(&input, 1, wait_ms);

		if (ready < 0)
			err(1, "poll");
		if (ready) {
			if (!fgets(line, sizeof(line), stdin))
				return;
			every_ms = hold_obey(line);
			next_s = load_now_s();
			continue;
		}
		workers_burst();
		next_s += every_ms / 1e3;
	}
}

int main(int argc, char **argv)
{
	long pairs, each, sockets;

	if (argc != 2)
		errx(2, "usage: hold SOCKETS");
	sockets = load_number("sockets", argv[1], 2, 2 * WORKERS_MAX * PAIRS_PER_WORKER_MAX);
	if (sockets % 2)
		errx(2, "the number of sockets must be even");
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	// A line at a time straight from the pipe, so that poll() and stdio never disagree.
	setvbuf(stdin, NULL, _IONBF, 0);

	pairs = sockets / 2;
	each = hold_pairs_per_worker();
	if ((pairs + each - 1) / each > WORKERS_MAX)
		errx(1, "%ld sockets need more than %d processes", sockets, WORKERS_MAX);
	for (long left = pairs; left > 0; left -= each)
		worker_start(left < each ? left : each);
	workers_await();
	printf("ready %ld %d\n", sockets, workers_count);
	hold_loop();
	for (int i = 0; i < workers_count; i++)
		close(workers[i].command_fd);
	while (wait(NULL) > 0)
		;
	return 0;
}
