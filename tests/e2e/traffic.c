// SPDX-License-Identifier: BSD-2-Clause
/*
 * Makes one TCP flow of known content and says what it was: the truth that the end-to-end tests
 * compare tcpsight with. The connecting side is this process ("tcp-client"), the accepting side a
 * child ("tcp-server"), so the two ends have different owners.
 *
 * stdout carries one JSON object a line: "open" when the flow is established, "round" after each
 * round (the server has read all of it by then), "end" when both ends are closed. With --hold every
 * round, and then the closing, waits for a line on stdin; at end of file it goes on without.
 */
#include "closed.h"
#include "sock.h"
#include "side.h"
#include "ways.h"
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

enum closing {
	CLOSE_CLIENT,  /* the client closes first */
	CLOSE_SERVER,  /* the server closes first */
	CLOSE_EXIT,    /* the server closes first, by ending */
	CLOSE_RESET,   /* the client closes with SO_LINGER 0 */
	CLOSE_UNREAD,  /* the server has read nothing and closes, which resets */
	CLOSE_STALLED, /* the client resets with its send buffer full, nothing was read */
	CLOSE_HALF,    /* the client shuts down, the server sends its reply once more */
	CLOSE_BROKEN,  /* the client sends once more and waits for the error of its socket */
	CLOSE_COUNT
};

static const char *const closing_names[CLOSE_COUNT] = {"client", "server",  "exit", "reset",
						       "unread", "stalled", "half", "broken"};

static struct {
	const char *addr, *listen, *server_netns, *read, *close;
	uint64_t bytes, reply, rounds, port, lport, user_timeout_ms;
	bool hold, fastopen;
	const struct way *way;
	enum closing closing;
} opt = {.addr = "127.0.0.1", .read = "plain", .close = "client", .rounds = 1};

/* Shared by both processes: the client could not go on, or has given all that it had to. */
static bool *gave_up;

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* Give `n` bytes to the socket; less only where the flow is to be left stalled, or broke. */
static void give(int sock, const struct way *way, uint64_t n, struct side *me)
{
	struct pollfd writable = {.fd = sock, .events = POLLOUT};

	while (n) {
		size_t want = n < sizeof(payload) ? (size_t)n : sizeof(payload);
		ssize_t r = way->put(sock, want);

		if (r < 0 && errno != EAGAIN && errno != ENOBUFS) {
			me->error = errno;
			break;
		}
		if (r < 0) {
			me->would_block++;
			__atomic_store_n(gave_up, true, __ATOMIC_RELEASE);
			if (!poll(&writable, 1, 100) && opt.closing == CLOSE_STALLED)
				return;
			continue;
		}
		me->short_writes += (size_t)r < want;
		me->tx_bytes += (uint64_t)r;
		n -= (uint64_t)r;
	}
	__atomic_store_n(gave_up, true, __ATOMIC_RELEASE);
}

/* Read nothing until the client has no room left, so that what it does is partial for certain. */
static void take_late(void)
{
	while (!__atomic_load_n(gave_up, __ATOMIC_ACQUIRE))
		usleep(500);
}

/* Read `n` bytes; less only at end of file or on an error, which is noted. */
static void take(int sock, uint64_t n, struct side *me)
{
	int flags = !strcmp(opt.read, "trunc") ? MSG_TRUNC : 0;

	while (n) {
		size_t want = n < sizeof(payload) ? (size_t)n : sizeof(payload);
		ssize_t r;

		if (!strcmp(opt.read, "peek"))
			recv(sock, payload, want, MSG_PEEK);
		r = recv(sock, payload, want, flags);
		if (r < 0)
			me->error = errno;
		if (r <= 0)
			return;
		me->rx_bytes += (uint64_t)r;
		n -= (uint64_t)r;
	}
}

static void report(const char *what, const struct side *client, const struct side *server)
{
	printf("{\"event\":\"%s\"", what);
	side_print(client, "client");
	side_print(server, "server");
	printf(",\"elapsed_us\":%ju}\n", now_us() - client->open_us);
	fflush(stdout);
}

static void hold(void)
{
	char line[16];

	if (opt.hold && !fgets(line, sizeof(line), stdin))
		opt.hold = false;
}

/* The channel between the two processes: the server tells what it has seen so far ... */
static void tell(int channel, const struct side *me)
{
	if (write(channel, me, sizeof(*me)) != sizeof(*me))
		err(1, "server: tell");
}

static void hear(int channel, struct side *server)
{
	if (read(channel, server, sizeof(*server)) != sizeof(*server))
		errx(1, "the server ended early");
}

/* ... and the client says when the server is to act. */
static void wait_for_go(int channel)
{
	char go;

	if (read(channel, &go, 1) != 1)
		errx(1, "the client ended early");
}

static void say_go(int channel)
{
	if (write(channel, "", 1) != 1)
		err(1, "client: go");
}

static void server_finish(int sock, int channel, struct side *me)
{
	switch (opt.closing) {
	case CLOSE_SERVER:
	case CLOSE_EXIT:
	case CLOSE_UNREAD:
		wait_for_go(channel);
		break;
	case CLOSE_STALLED:
		me->error = sock_wait_for_error(sock);
		me->rx_bytes = sock_unread_bytes(sock);
		break;
	case CLOSE_HALF:
		take(sock, UINT64_MAX, me);
		tell(channel, me);
		wait_for_go(channel);
		give(sock, &ways[0], opt.reply, me);
		break;
	default:
		take(sock, UINT64_MAX, me);
	}
	side_note_info(me, sock);
	tell(channel, me);
	if (opt.closing != CLOSE_EXIT)
		close(sock);
	_exit(0);
}

static void server_run(int listener, int channel)
{
	static const int queue = 8;
	struct side me = {0};
	int sock;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "tcp-server");
	if (opt.fastopen)
		setsockopt(listener, IPPROTO_TCP, TCP_FASTOPEN, &queue, sizeof(queue));
	if (listen(listener, queue) < 0)
		err(1, "listen");
	side_note_tuple(&me, listener);
	tell(channel, &me);
	sock = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (sock < 0)
		err(1, "accept");
	close(listener);
	side_note_tuple(&me, sock);
	tell(channel, &me);
	for (uint64_t round = 0; round < opt.rounds && opt.closing != CLOSE_STALLED; round++) {
		if (opt.closing == CLOSE_UNREAD) {
			while (sock_unread_bytes(sock) < opt.bytes * (round + 1))
				usleep(500);
			me.rx_bytes = sock_unread_bytes(sock);
		} else {
			if (!round && !strcmp(opt.way->name, "partial"))
				take_late();
			take(sock, opt.bytes, &me);
		}
		tell(channel, &me);
		give(sock, &ways[0], opt.reply, &me);
	}
	server_finish(sock, channel, &me);
}

/* Fork the server and wait until it listens; gives our end of the channel and its port. */
static pid_t server_start(int *channel, uint64_t *port)
{
	struct side listening;
	int pair[2], netns;
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		err(1, "socketpair");
	gave_up = mmap(NULL, sizeof(*gave_up), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	if (gave_up == MAP_FAILED)
		err(1, "mmap");
	child = fork();
	if (child == 0) {
		netns = opt.server_netns ? open(opt.server_netns, O_RDONLY | O_CLOEXEC) : -1;
		if (opt.server_netns && setns(netns, CLONE_NEWNET) < 0)
			err(1, "%s", opt.server_netns);
		close(pair[0]);
		server_run(sock_bound(opt.listen, opt.port), pair[1]);
	}
	close(pair[1]);
	hear(pair[0], &listening);
	*channel = pair[0];
	*port = ntohs(listening.local.sin6_port);
	return child;
}

static int client_connect(uint64_t port, struct side *me)
{
	struct sockaddr_storage address;
	socklen_t size = sock_parse(opt.addr, port, &address);
	int sock = opt.lport ? sock_bound(opt.addr, opt.lport)
			     : socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int user_timeout_ms = (int)opt.user_timeout_ms;
	ssize_t r;

	setsockopt(sock, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout_ms, sizeof(int));
	me->open_us = now_us();
	if (opt.fastopen) {
		r = sendto(sock, payload, opt.bytes, MSG_FASTOPEN, (struct sockaddr *)&address,
			   size);
		me->tx_bytes = r > 0 ? (uint64_t)r : 0;
	} else {
		r = connect(sock, (struct sockaddr *)&address, size);
	}
	if (r < 0)
		err(1, "connect %s %ju", opt.addr, port);
	me->connect_us = now_us() - me->open_us;
	side_note_tuple(me, sock);
	return sock;
}

/* The network namespace is the server's then. */
static void wait_both_closed(const struct side *me)
{
	wait_one_closed(&me->local, &me->remote);
	if (!opt.server_netns)
		return;
	if (setns(open(opt.server_netns, O_RDONLY | O_CLOEXEC), CLONE_NEWNET) < 0)
		err(1, "%s", opt.server_netns);
	wait_one_closed(&me->local, &me->remote);
}

/* End the flow as asked for. Both ends are closed when it returns. */
static void client_finish(int sock, int channel, pid_t child, struct side *me, struct side *server)
{
	side_note_info(me, sock);
	me->min_us = now_us() - me->open_us - me->connect_us;
	switch (opt.closing) {
	case CLOSE_SERVER:
	case CLOSE_EXIT:
		say_go(channel);
		take(sock, UINT64_MAX, me);
		break;
	case CLOSE_UNREAD:
		say_go(channel);
		me->error = sock_wait_for_error(sock);
		break;
	case CLOSE_HALF:
		shutdown(sock, SHUT_WR);
		hear(channel, server);
		report("half", me, server);
		hold();
		say_go(channel);
		take(sock, UINT64_MAX, me);
		break;
	case CLOSE_BROKEN:
		give(sock, opt.way, opt.bytes, me);
		me->error = sock_wait_for_error(sock);
		side_note_info(me, sock);
		kill(child, SIGKILL);
		break;
	case CLOSE_RESET:
	case CLOSE_STALLED:
		sock_linger_none(sock);
		break;
	default:
		break;
	}
	close(sock);
	if (opt.closing != CLOSE_BROKEN)
		hear(channel, server);
	waitpid(child, NULL, 0);
	/* What is left of a flow that broke waits for the kernel's timers. */
	if (opt.closing != CLOSE_BROKEN)
		wait_both_closed(me);
}

static void client_run(void)
{
	struct side me = {0}, server;
	uint64_t port;
	int channel, sock;
	pid_t child = server_start(&channel, &port);

	prctl(PR_SET_NAME, "tcp-client");
	sock = client_connect(port, &me);
	hear(channel, &server);
	report("open", &me, &server);
	for (uint64_t round = 0; round < opt.rounds; round++) {
		hold();
		give(sock, opt.way, opt.bytes - (round ? 0 : me.tx_bytes), &me);
		if (opt.closing != CLOSE_STALLED) {
			hear(channel, &server);
			take(sock, opt.reply, &me);
			server.tx_bytes += opt.reply;
		}
		report("round", &me, &server);
	}
	hold();
	client_finish(sock, channel, child, &me, &server);
	report("end", &me, &server);
}

static enum closing parse_closing(const char *name)
{
	for (int i = 0; i < CLOSE_COUNT; i++)
		if (!strcmp(closing_names[i], name))
			return (enum closing)i;
	errx(2, "no such closing: %s", name);
}

enum option_kind { OPTION_FLAG, OPTION_NUMBER, OPTION_TEXT };

static const struct option {
	const char *name;
	enum option_kind kind;
	void *at;
} options[] = {
	{"--addr", OPTION_TEXT, &opt.addr},
	{"--bytes", OPTION_NUMBER, &opt.bytes},
	{"--close", OPTION_TEXT, &opt.close},
	{"--fastopen", OPTION_FLAG, &opt.fastopen},
	{"--hold", OPTION_FLAG, &opt.hold},
	{"--listen", OPTION_TEXT, &opt.listen},
	{"--lport", OPTION_NUMBER, &opt.lport},
	{"--port", OPTION_NUMBER, &opt.port},
	{"--read", OPTION_TEXT, &opt.read},
	{"--reply", OPTION_NUMBER, &opt.reply},
	{"--rounds", OPTION_NUMBER, &opt.rounds},
	{"--server-netns", OPTION_TEXT, &opt.server_netns},
	{"--user-timeout", OPTION_NUMBER, &opt.user_timeout_ms},
};

/* Returns the number of words used. */
static int parse_option(char **word)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (strcmp(options[i].name, word[0]))
			continue;
		if (options[i].kind == OPTION_FLAG) {
			*(bool *)options[i].at = true;
			return 1;
		}
		if (!word[1])
			break;
		if (options[i].kind == OPTION_NUMBER)
			*(uint64_t *)options[i].at = strtoull(word[1], NULL, 10);
		else
			*(const char **)options[i].at = word[1];
		return 2;
	}
	errx(2, "usage: traffic WAY [OPTION VALUE]..., not: %s", word[0]);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		errx(2, "usage: traffic WAY [OPTION VALUE]...");
	opt.way = way_find(argv[1]);
	if (!opt.way)
		errx(EXIT_NOT_HERE, "no such way here: %s", argv[1]);
	for (int i = 2; i < argc;)
		i += parse_option(argv + i);
	opt.closing = parse_closing(opt.close);
	if (!opt.listen)
		opt.listen = opt.addr;
	signal(SIGPIPE, SIG_IGN);
	client_run();
	return 0;
}
