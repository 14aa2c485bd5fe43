// SPDX-License-Identifier: BSD-2-Clause
/*
 * verify OBJECT...: loads every BPF program of the objects alone, as a map from what the object says to
 * what the running kernel's verifier answers. One JSON line a program:
 *	{"program":"on_state","optional":false,"error":0,"insns":1234,"why":""}
 * optional: loaded only where the kernel has what it needs. insns: how many the verifier says it
 * has processed, which is the cost of proving the program safe, with the constants want_... as some
 * report sets them: those for which it costs most.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "probe/verifier_log.h"

#define LOG_BYTES (16u << 20)
#define LOG_LEVEL_STATS 4
#define WHY_MAX 512

static int silent(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

/* The reason, with nothing in it that JSON would not take as it is. */
static void print_why(const char *log)
{
	char why[WHY_MAX];

	verifier_log_reason(log, why, sizeof(why));
	for (const char *c = why; *c; c++)
		if (*c != '"' && *c != '\\' && *c >= ' ')
			putchar(*c);
}

/* What is wanted together: by top, life and subnet; by stat; by peek alone, and beside top. */
static const char *const wanted[] = {
	"want_flows want_acceptors",
	"want_flows want_list",
	"want_flows want_acceptors want_extra want_tallies want_delacks want_causes want_undo want_holders",
	"want_flows want_list want_list_alone want_extra want_tallies want_delacks want_causes want_undo want_holders",
	"want_acceptors want_handshakes",
	"want_flows want_acceptors want_handshakes",
};

static bool is_listed(const char *list, const char *name)
{
	const char *at = strstr(list, name);

	return at && (at[strlen(name)] == ' ' || !at[strlen(name)]);
}

/* Every constant must be known here, or its price would go unseen. */
static void check_known(const char *name)
{
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (is_listed(wanted[i], name))
			return;
	errx(1, "which report sets %s?", name);
}

/* Set the constants of a list, which the verifier takes for granted. */
static void want(struct bpf_object *object, const char *list)
{
	const struct btf *btf = bpf_object__btf(object);
	struct bpf_map *map = bpf_object__find_map_by_name(object, ".rodata");
	int id = btf__find_by_name_kind(btf, ".rodata", BTF_KIND_DATASEC);
	const struct btf_type *section = btf__type_by_id(btf, (unsigned)id);
	size_t size = 0;
	const void *initial = map ? bpf_map__initial_value(map, &size) : NULL;
	char *data = malloc(size + 1);

	if (!initial || !data || !section)
		errx(1, "the object has no constants");
	memcpy(data, initial, size);
	for (unsigned i = 0; i < btf_vlen(section); i++) {
		const struct btf_var_secinfo *at = &btf_var_secinfos(section)[i];
		const struct btf_type *variable = btf__type_by_id(btf, at->type);
		const char *name = btf__name_by_offset(btf, variable->name_off);

		if (strncmp(name, "want_", strlen("want_")))
			continue;
		check_known(name);
		data[at->offset] = is_listed(list, name);
	}
	if (bpf_map__set_initial_value(map, data, size))
		err(1, "cannot set the constants");
	free(data);
}

/* Load one program alone, its verifier's log in `log`. Returns what libbpf does. */
static int load_alone(const char *path, const char *name, const char *list, unsigned level,
		      char *log)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	struct bpf_program *program;
	int error;

	if (!object)
		err(1, "%s", path);
	bpf_object__for_each_program(program, object)
	{
		bpf_program__set_autoload(program, !strcmp(bpf_program__name(program), name));
		bpf_program__set_log_level(program, level);
		bpf_program__set_log_buf(program, log, LOG_BYTES);
	}
	want(object, list);
	log[0] = '\0';
	error = bpf_object__load(object);
	bpf_object__close(object);
	return error;
}

static long processed(const char *log)
{
	const char *stats = strstr(log, "processed ");

	return stats ? strtol(stats + strlen("processed "), NULL, 10) : 0;
}

static void verify(const char *path, const char *name, bool optional, char *log)
{
	const char *list = wanted[0];
	long insns = 0;
	int error = 0;

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]) && !error; i++) {
		list = wanted[i];
		error = load_alone(path, name, list, LOG_LEVEL_STATS, log);
		if (processed(log) > insns)
			insns = processed(log);
	}
	printf("{\"program\":\"%s\",\"optional\":%s,\"error\":%d,\"insns\":%ld,\"why\":\"", name,
	       optional ? "true" : "false", -error, error ? 0 : insns);
	/* Statistics come without a reason. */
	if (error && load_alone(path, name, list, 1, log))
		print_why(log);
	puts("\"}");
}

static void verify_all(const char *path, char *log)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	struct bpf_program *program;

	if (!object)
		err(1, "%s", path);
	bpf_object__for_each_program(program, object)
		verify(path, bpf_program__name(program), !bpf_program__autoload(program), log);
	bpf_object__close(object);
}

int main(int argc, char **argv)
{
	struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
	char *log = calloc(1, LOG_BYTES);

	if (argc < 2 || !log)
		errx(2, "usage: verify OBJECT...");
	/* Before Linux 5.11 BPF memory counts against this limit. */
	setrlimit(RLIMIT_MEMLOCK, &unlimited);
	libbpf_set_print(silent);
	for (int i = 1; i < argc; i++)
		verify_all(argv[i], log);
	return 0;
}
