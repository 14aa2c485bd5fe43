// SPDX-License-Identifier: BSD-2-Clause
#include "probe/doctor.h"

#include <bpf/libbpf.h>
#include <cap-ng.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "probe/kernel.h"
#include "probe/ladder.h"
#include "probe/reason.h"
#include "probe/summary.h"
#include "probe/survey.h"
#include "util/out.h"

static const struct {
	int capability;
	const char *name;
	const char *buys;
} capabilities[] = {
	{CAP_BPF, "CAP_BPF", "loading BPF programs and maps"},
	{CAP_PERFMON, "CAP_PERFMON", "attaching them to tracepoints, reading kernel memory"},
	{CAP_NET_ADMIN, "CAP_NET_ADMIN", "stat: packets; without BPF: a large buffer for notices"},
	{CAP_SYSLOG, "CAP_SYSLOG", "stat: delayed acknowledgements"},
	{CAP_NET_RAW, "CAP_NET_RAW", "peek, -i: packets"},
	{CAP_SYS_ADMIN, "CAP_SYS_ADMIN", "without BPF: other network namespaces"},
	{CAP_SYS_PTRACE, "CAP_SYS_PTRACE", "without BPF: owners, with CAP_DAC_READ_SEARCH"},
	{CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH", "without BPF: owners, with CAP_SYS_PTRACE"},
};

static int silent(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

/* The hooks of a rung, each once: "iter/task_file, iter/tcp"; of variants there is but one. */
static void list_hooks(const struct rung *rung, char *list, size_t size)
{
	list[0] = '\0';
	for (size_t h = 0; h < HOOKS_MAX && rung->hook[h].where; h++) {
		size_t used = strlen(list);

		if (h && !strcmp(rung->hook[h].where, rung->hook[h - 1].where))
			continue;
		snprintf(list + used, size - used, "%s%s", h ? ", " : "", rung->hook[h].where);
	}
}

static void print_reason(const struct survey *s, const struct need *need, size_t r)
{
	struct reason reason;

	reason_find(&need->rung[r], survey_refusal(s, need, r), &reason);
	printf("    %-25s reason: %s\n", "", reason.why);
	printf("    %-25s remedy: %s\n", "", reason.advice);
}

/* "none" needs no words unless nothing else is left. */
static void print_need(const struct survey *s, const struct need *need)
{
	/* By enum rung_state. */
	static const char *const words[] = {"used", "available", "other source", "unavailable"};
	bool has_any = false;

	printf("\n%s: %s\n", need->name, need->what);
	for (size_t r = 0; need_has(need, r); r++) {
		enum rung_state state = survey_state(s, need, r);
		const struct rung *rung = &need->rung[r];
		char hooks[160];

		has_any |= state == RUNG_USED;
		if (!rung->hook[0].where && state != RUNG_USED)
			continue;
		list_hooks(rung, hooks, sizeof(hooks));
		printf("  %-12s  %-11s  %s%s%s%s\n", words[state], rung->name, rung->gives,
		       hooks[0] ? " (" : "", hooks, hooks[0] ? ")" : "");
		if (state == RUNG_UNAVAILABLE)
			print_reason(s, need, r);
	}
	if (!has_any)
		printf("  %-12s  %-11s  %s\n", "nothing", "", need->without);
}

static void print_text(const struct survey *s, const struct utsname *kernel)
{
	const char *lockdown = kernel_lockdown();
	char *text;

	printf("kernel %s %s%s%s\n", kernel->release, kernel->machine,
	       lockdown[0] ? ", lockdown " : "", lockdown);
	printf("user %u\n", geteuid());
	for (size_t i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]); i++)
		printf("  %-8s  %-20s %s\n",
		       capng_have_capability(CAPNG_EFFECTIVE, (unsigned)capabilities[i].capability)
			       ? "yes"
			       : "no",
		       capabilities[i].name, capabilities[i].buys);
	if (kernel_landlock() > 0)
		printf("Landlock %d: an agent opens no file but those that it needs\n",
		       kernel_landlock());
	else
		printf("no Landlock: an agent can open whatever its user may (Linux 5.13 has it, if "
		       "\"lsm=\" of the kernel's command line does not leave it out)\n");
	printf("\nsource in use: %s\n", survey_source(s));
	printf("\nWhat tcpsight needs from the kernel, and the ways to get it, best first "
	       "(--rung NEED=WAY forces one).\n"
	       "Each is used, available (but a better one is used), of another source, or "
	       "unavailable.\n");
	for (size_t n = 0; n < ladder_count; n++)
		print_need(s, &ladder[n]);
	printf("\ntop, life and subnet attach no program to the send or receive path.\n");
	text = summary_text(s);
	printf("\nverdict: %s\n", text);
	free(text);
}

static void put_pair(struct out *out, const char *name, const char *text)
{
	out_format(out, ",\"%s\":", name);
	out_json_string(out, text, strlen(text));
}

static void put_rung(struct out *out, const struct survey *s, const struct need *need, size_t r)
{
	const struct rung *rung = &need->rung[r];
	enum rung_state state = survey_state(s, need, r);
	struct reason reason;
	char hooks[160];

	list_hooks(rung, hooks, sizeof(hooks));
	out_str(out, "{\"type\":\"rung\"");
	put_pair(out, "need", need->name);
	put_pair(out, "rung", rung->name);
	put_pair(out, "state", rung_state_name(state));
	put_pair(out, "what", need->what);
	put_pair(out, "gives", rung->gives);
	put_pair(out, "hooks", hooks);
	put_pair(out, "source", rung->source ? rung->source : "");
	out_format(out, ",\"vital\":%s", rung->vital ? "true" : "false");
	if (state == RUNG_UNAVAILABLE) {
		reason_find(rung, survey_refusal(s, need, r), &reason);
		put_pair(out, "why", reason.why);
		put_pair(out, "helps", reason.advice);
	}
	out_str(out, "}\n");
}

static void put_needs(struct out *out, const struct survey *s, const char *name,
		      enum need_state state)
{
	bool first = true;

	out_format(out, ",\"%s\":[", name);
	for (size_t n = 0; n < ladder_count; n++) {
		if (survey_need(s, &ladder[n]) != state)
			continue;
		out_str(out, first ? "" : ",");
		out_json_string(out, ladder[n].name, strlen(ladder[n].name));
		first = false;
	}
	out_str(out, "]");
}

static void put_verdict(struct out *out, const struct survey *s)
{
	char *text = summary_text(s);

	out_str(out, "{\"type\":\"verdict\"");
	put_pair(out, "text", text);
	put_needs(out, s, "full", NEED_FULL);
	put_needs(out, s, "partial", NEED_PARTIAL);
	put_needs(out, s, "missing", NEED_MISSING);
	out_str(out, "}\n");
	free(text);
}

static void print_json(const struct survey *s, const struct utsname *kernel)
{
	struct out out;

	out_init(&out, STDOUT_FILENO);
	for (size_t n = 0; n < ladder_count; n++)
		for (size_t r = 0; need_has(&ladder[n], r); r++)
			put_rung(&out, s, &ladder[n], r);
	out_str(&out, "{\"type\":\"machine\"");
	put_pair(&out, "source", survey_source(s));
	put_pair(&out, "kernel", kernel->release);
	put_pair(&out, "arch", kernel->machine);
	put_pair(&out, "lockdown", kernel_lockdown());
	out_format(&out, ",\"landlock\":%d", kernel_landlock() > 0 ? kernel_landlock() : 0);
	out_str(&out, "}\n");
	put_verdict(&out, s);
	out_flush(&out);
	out_done(&out);
}

/* The words of --rung, without a look at this machine: what the manual is made of. */
static void print_ladder(void)
{
	for (size_t n = 0; n < ladder_count; n++) {
		printf("%s\t", ladder[n].name);
		for (size_t r = 0; need_has(&ladder[n], r); r++)
			printf("%s%s", r ? ", " : "", ladder[n].rung[r].name);
		printf("\t%s\n", ladder[n].what);
	}
}

int doctor_main(int argc, char **argv)
{
	bool json = argc == 2 && !strcmp(argv[1], "--json");
	struct utsname kernel;
	struct survey *s;

	if (argc == 2 && !strcmp(argv[1], "--ladder")) {
		print_ladder();
		return fflush(stdout) ? 1 : 0;
	}
	if (argc > 2 || (argc == 2 && !json)) {
		fprintf(stderr,
			"tcpsight doctor: unrecognized argument: %s\n"
			"usage: tcpsight doctor [--json | --ladder]\n",
			argc > 2 ? argv[2] : argv[1]);
		return 2;
	}
	libbpf_set_print(silent);
	uname(&kernel);
	capng_get_caps_process();
	s = survey_make();
	if (json)
		print_json(s, &kernel);
	else
		print_text(s, &kernel);
	survey_free(s);
	kernel_done();
	return fflush(stdout) ? 1 : 0;
}
