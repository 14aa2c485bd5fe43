// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a recording of everything takes, and how fast a moment of it is found. Prints one JSON object.
 *
 *	record_live mix CLOSES SAMPLES LIVE SECONDS  bytes and CPU time of a second, all in
 *	record_live month DIR                        30 days of files, and how long a minute takes to find
 */
#include <fcntl.h>
#include <stdlib.h>

#include "record_traffic.h"

struct live {
	struct event ev;
	struct ev_count reported;
	uint32_t mark;
};

static void give_key(struct record *r, struct live *live, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		record_live(r, &live[i].ev, &live[i].mark);
	record_key_end(r);
}

static void move_flow(struct live *f)
{
	struct ev_count *c = &f->ev.count;

	f->reported = *c;
	c->tx_bytes += (uint64_t)log_normal(3000, 1.5);
	c->rx_bytes += (uint64_t)log_normal(800, 1.5);
	c->acked_bytes = c->tx_bytes;
	c->srtt_us = c->srtt_us / 8 * 7 + (uint32_t)(log_normal(1, 0.2) * c->min_rtt_us) / 8 + 1;
	if (random64() % 1000 == 0)
		c->min_rtt_us -= c->min_rtt_us / 50;
	if (random64() % 100 == 0) {
		c->retrans_segs++;
		c->retrans_bytes += 1448;
	}
}

/* What one second of a machine takes, with everything. */
static void second(struct record *r, struct record_clock *clock, struct live *live, unsigned closes,
		   unsigned samples, unsigned count, double *spent_s)
{
	static struct event *row;
	double start_s;

	if (!row)
		row = malloc(closes * sizeof(*row));
	for (unsigned i = 0; i < closes; i++)
		make_flow(&row[i], clock->time_ns + (uint64_t)((i + uniform()) * 1e9 / closes));
	for (unsigned i = 0; i < samples; i++)
		move_flow(&live[i]);
	clock->time_ns += SECOND_NS;
	start_s = cpu_s();
	for (unsigned i = 0; i < closes; i++)
		record_closed(r, &row[i]);
	for (unsigned i = 0; i < samples; i++)
		record_sample(r, &live[i].ev, &live[i].reported, &live[i].mark);
	if (record_tick(r, clock))
		give_key(r, live, count);
	*spent_s += cpu_s() - start_s;
}

static int mix(unsigned closes, unsigned samples, unsigned count, unsigned seconds)
{
	struct record_clock clock = {.time_ns = 1000 * SECOND_NS, .wall_offset_us = WALL_OFFSET_US};
	struct live *live = calloc(count + 1, sizeof(*live));
	int fd = memory_file();
	struct record_config config = config_for(-1, fd);
	struct record *r;
	double spent_s = 0;

	make_peers();
	for (unsigned i = 0; i < count; i++)
		make_flow(&live[i].ev, clock.time_ns);
	if (record_open(&r, &config, &clock))
		errx(1, "record_open");
	give_key(r, live, count);
	for (unsigned i = 0; i < seconds; i++)
		second(r, &clock, live, closes, samples, count, &spent_s);
	record_end(r);
	printf("{\"bytes_s\":%.0f,\"cpu_us_s\":%.0f}\n", (double)size_of(fd) / seconds, spent_s * 1e6 / seconds);
	return 0;
}

#define DAYS 30
#define FULL_DAY 16
#define SHORT_HOUR_S 5
#define HOUR_S 3600
#define PROBES 20

/*
 * A file an hour for 30 days. Those of one day are full: 20 closed flows a second, 100 live ones with
 * traffic; the others, which are only found to be the wrong ones by their names, are short.
 */
static void write_month(int dir_fd)
{
	struct record_clock clock = {.time_ns = 1000 * SECOND_NS, .wall_offset_us = WALL_OFFSET_US};
	struct live *live = calloc(100, sizeof(*live));
	struct record_config config = config_for(dir_fd, -1);
	double spent_s = 0;

	make_peers();
	for (unsigned i = 0; i < 100; i++)
		make_flow(&live[i].ev, clock.time_ns);
	for (unsigned hour = 0; hour < DAYS * 24; hour++) {
		unsigned seconds = hour / 24 == FULL_DAY ? HOUR_S - 1 : SHORT_HOUR_S;
		struct record *r;

		clock.time_ns = (1000 + (uint64_t)hour * HOUR_S) * SECOND_NS;
		if (record_open(&r, &config, &clock))
			errx(1, "record_open");
		give_key(r, live, 100);
		for (unsigned i = 0; i < seconds; i++)
			second(r, &clock, live, 20, 100, 100, &spent_s);
		record_end(r);
	}
	free(live);
}

/* Nothing of the files stays in the page cache. */
static void forget(int dir_fd)
{
	struct record_files files;

	if (record_files_list(dir_fd, &files))
		errx(1, "cannot list the files");
	for (size_t i = 0; i < files.count; i++) {
		int fd = openat(dir_fd, files.file[i].name, O_RDONLY);

		fdatasync(fd);
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
		close(fd);
	}
	record_files_free(&files);
}

static double wall_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Find a minute: `*ret_first_s` until its first row came, the result until the last one did. */
static double find_minute(const char *path, int64_t from_us, double *ret_first_s)
{
	const struct recording_config config = {
		.from_wall_us = from_us, .to_wall_us = from_us + 60000000, .flows_max = 65536};
	struct recording *r;
	struct event ev;
	char why[256];
	double start_s = wall_s(), took_s;
	unsigned ticks = 0;

	if (recording_open(&r, path, &config, why, sizeof(why)) || recording_next(r, &ev) <= 0)
		errx(1, "no minute there");
	*ret_first_s = wall_s() - start_s;
	for (int item; (item = recording_next(r, &ev)) > 0;)
		ticks += item == RECORDING_EVENT && ev.head.kind == EV_TIME;
	took_s = wall_s() - start_s;
	if (ticks != 60)
		errx(1, "%u seconds in that minute", ticks);
	recording_close(r);
	return took_s;
}

static int month(const char *path)
{
	int dir_fd = open(path, O_RDONLY | O_DIRECTORY);
	double first_s, whole_s;

	if (dir_fd < 0)
		err(1, "%s", path);
	write_month(dir_fd);
	printf("{\"cold\":[");
	for (unsigned i = 0; i < PROBES; i++) {
		int64_t at_s = 1000 + FULL_DAY * 24 * HOUR_S + (int64_t)(random64() % (24 * HOUR_S) / HOUR_S * HOUR_S) +
			       60 + (int64_t)(random64() % (HOUR_S - 180));

		forget(dir_fd);
		whole_s = find_minute(path, at_s * 1000000 + WALL_OFFSET_US, &first_s);
		printf("%s[%.6f,%.6f", i ? "," : "", first_s, whole_s);
		find_minute(path, at_s * 1000000 + WALL_OFFSET_US, &first_s);
		printf(",%.6f]", first_s);
	}
	printf("]}\n");
	close(dir_fd);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned n[4] = {0};

	for (int i = 2; i < argc && i < 6; i++)
		n[i - 2] = (unsigned)strtoul(argv[i], NULL, 10);
	if (argc == 6 && !strcmp(argv[1], "mix"))
		return mix(n[0], n[1], n[2], n[3]);
	if (argc == 3 && !strcmp(argv[1], "month"))
		return month(argv[2]);
	errx(2, "usage: record_live mix CLOSES SAMPLES LIVE SECONDS | month DIR");
}
