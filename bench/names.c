// SPDX-License-Identifier: BSD-2-Clause
// What names cost: a community id, a look-up of a cgroup that is known, and the reading of its
// path. usage: names ROUNDS Prints nanoseconds of each as JSON. The functions are those of the
// program.
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/community_id.h"
#include "load.h"
#include "util/cgroup.h"
#include "util/workload.h"

#define KNOWN 1000
#define PATH                                                                               \
	"/kubepods.slice/kubepods-burstable.slice/"                                        \
	"kubepods-burstable-podf6adb0af_0855_4bab_b25b_c853f18d0ce2.slice/cri-containerd-" \
	"35b97177dada20362ab90d90ac63cd54e8a41cf87bea34f270631b6da17f4a93.scope"

// What is computed must be used, or it is left out.
static volatile char sink;

static double community_id_ns(long rounds)
{
	struct addr a = {.word_be = {0}}, b = {.word_be = {0}};
	double begin_s = load_now_s();
	char text[COMMUNITY_ID_SIZE];

	addr_set_v4(&a, htonl(0x0a000001));
	addr_set_v4(&b, htonl(0x0a000002));
	for (long i = 0; i < rounds; i++) {
		community_id(&a, (uint16_t)i, &b, 443, text);
		sink = text[2];
	}
	return (load_now_s() - begin_s) / (double)rounds * 1e9;
}

static double read_path_ns(long rounds)
{
	double begin_s = load_now_s();
	struct workload w;

	for (long i = 0; i < rounds; i++) {
		workload_read(PATH, sizeof(PATH) - 1, &w);
		sink = w.pod[0];
	}
	return (load_now_s() - begin_s) / (double)rounds * 1e9;
}

// Folders stand in for cgroups. They are asked for in an order that no cache of a processor likes.
static double lookup_ns(long rounds)
{
	char root[] = "/tmp/tcpsight-bench.XXXXXX", path[64];
	static uint64_t id[KNOWN];
	struct cgroup_names *names;
	double begin_s, took_s;

	if (!mkdtemp(root))
		err(1, "%s", root);
	for (int i = 0; i < KNOWN; i++) {
		struct stat st;

		snprintf(path, sizeof(path), "%s/%d.service", root, i);
		if (mkdir(path, 0700) || stat(path, &st))
			err(1, "%s", path);
		id[i] = st.st_ino;
	}
	names = cgroup_names_new_at(root);
	for (int i = 0; i < KNOWN; i++)
		if (!cgroup_info(names, id[i])->path)
			errx(1, "a folder was not met");
	begin_s = load_now_s();
	for (long i = 0; i < rounds; i++)
		sink = cgroup_info(names, id[(unsigned long)i * 617 % KNOWN])->workload.unit[0];
	took_s = load_now_s() - begin_s;
	cgroup_names_free(names);
	for (int i = 0; i < KNOWN; i++) {
		snprintf(path, sizeof(path), "%s/%d.service", root, i);
		rmdir(path);
	}
	rmdir(root);
	return took_s / (double)rounds * 1e9;
}

int main(int argc, char **argv)
{
	long rounds;

	if (argc != 2)
		errx(2, "usage: names ROUNDS");
	rounds = load_number("ROUNDS", argv[1], 1, 1000000000);
	printf("{\"community_id_ns\": %.1f, \"lookup_ns\": %.1f, \"read_path_ns\": %.1f}\n",
	       community_id_ns(rounds), lookup_ns(rounds), read_path_ns(rounds));
	return 0;
}
