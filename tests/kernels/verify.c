// SPDX-License-Identifier: BSD-2-Clause
/*
 * verify OBJECT: loads every BPF program of the object alone, as a map from what the object says to
 * what the running kernel's verifier answers. One JSON line a program:
 *	{"program":"on_state","optional":false,"error":0,"insns":1234,"why":""}
 * optional: loaded only where the kernel has what it needs. insns: how many the verifier says it
 *has processed, which is the cost of proving the program safe.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define LOG_BYTES (16u << 20)
#define LOG_LEVEL_STATS 4

static int silent(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

/* The last line before the statistics says what the verifier did not like. */
static void print_why(char *log)
{
	char *line, *rest = log, *why = "";

	while ((line = strsep(&rest, "\n")))
		if (*line && strncmp(line, "processed ", 10) &&
		    strncmp(line, "verification time", 17) && strncmp(line, "stack depth", 11))
			why = line;
	for (; *why; why++)
		if (*why != '"' && *why != '\\' && *why >= ' ')
			putchar(*why);
}

/* Load one program alone, its verifier's log in `log`. Returns what libbpf does. */
static int load_alone(const char *path, const char *name, unsigned level, char *log)
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
	log[0] = '\0';
	error = bpf_object__load(object);
	bpf_object__close(object);
	return error;
}

static void verify(const char *path, const char *name, bool optional, char *log)
{
	int error = load_alone(path, name, LOG_LEVEL_STATS, log);
	char *stats = strstr(log, "processed ");

	printf("{\"program\":\"%s\",\"optional\":%s,\"error\":%d,\"insns\":%ld,\"why\":\"", name,
	       optional ? "true" : "false", -error, stats ? strtol(stats + 10, NULL, 10) : 0);
	/* Statistics come without a reason. */
	if (error && load_alone(path, name, 1, log))
		print_why(log);
	puts("\"}");
}

int main(int argc, char **argv)
{
	struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
	char *log = calloc(1, LOG_BYTES);
	struct bpf_program *program;
	struct bpf_object *object;

	if (argc != 2 || !log)
		errx(2, "usage: verify OBJECT");
	/* Before Linux 5.11 BPF memory counts against this limit. */
	setrlimit(RLIMIT_MEMLOCK, &unlimited);
	libbpf_set_print(silent);
	object = bpf_object__open_file(argv[1], NULL);
	if (!object)
		err(1, "%s", argv[1]);
	bpf_object__for_each_program(program, object)
		verify(argv[1], bpf_program__name(program), !bpf_program__autoload(program), log);
	bpf_object__close(object);
	return 0;
}
