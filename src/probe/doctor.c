// SPDX-License-Identifier: BSD-2-Clause
#include "probe/doctor.h"

#include <bpf/libbpf.h>
#include <cap-ng.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "probe/features.h"
#include "util/out.h"

static const struct {
	int capability;
	const char *name;
	const char *buys;
} capabilities[] = {
	{CAP_BPF, "CAP_BPF", "loading BPF programs and maps"},
	{CAP_PERFMON, "CAP_PERFMON", "attaching them to tracepoints, reading kernel memory"},
	{CAP_SYS_ADMIN, "CAP_SYS_ADMIN", "without BPF: other network namespaces"},
	{CAP_NET_ADMIN, "CAP_NET_ADMIN", "without BPF: room for many notices of closed sockets"},
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

/* The rung that is used, and what keeps us from the better ones. */
static enum rung find_rung(const struct feature **ret_broken, int *ret_err)
{
	enum rung rung = RUNG_BPF;
	const struct feature *broken;
	int err;

	*ret_broken = NULL;
	for (; rung < RUNG_NONE && (broken = rung_broken(rung, &err)); rung++) {
		if (*ret_broken)
			continue;
		*ret_broken = broken;
		*ret_err = err;
	}
	return rung;
}

static void print_source(void)
{
	const struct feature *broken;
	int err;
	enum rung rung = find_rung(&broken, &err);

	printf("\nsource in use: %s\n", rung_name(rung));
	if (broken)
		printf("  not %s: %s is refused: %s\n", rung_name(broken->rung), broken->name,
		       features_reason(broken, err));
}

static void print_rung(enum rung rung)
{
	static const char *const headings[] = {
		"source bpf, the best: exact, every flow",
		"source netlink, which stands in where bpf is refused: exact bytes, less about each flow",
		"offered by the kernel or not, and not used",
		"loaded only if a column of stat asks for it",
		"the sandbox, which closes once all is attached",
	};

	_Static_assert(sizeof(headings) / sizeof(headings[0]) == RUNG_COUNT, "one heading per rung");
	printf("\n%s\n", headings[rung]);
	for (size_t i = 0; i < feature_count; i++) {
		const struct feature *f = &features[i];
		int err = f->rung == rung ? f->try(f) : 0;

		if (f->rung != rung)
			continue;
		printf("  %-7s %-28s %s\n", err ? "no" : "yes", f->name, f->purpose);
		if (err)
			printf("  %7s why: %s; without it: %s\n", "", features_reason(f, err),
			       f->without);
	}
}

static void print_text(const struct utsname *kernel)
{
	const char *lockdown = features_lockdown();

	printf("kernel %s %s%s%s\n", kernel->release, kernel->machine,
	       lockdown[0] ? ", lockdown " : "", lockdown);
	printf("user %u\n", geteuid());
	for (size_t i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]); i++)
		printf("  %-7s %-28s %s\n",
		       capng_have_capability(CAPNG_EFFECTIVE, (unsigned)capabilities[i].capability)
			       ? "yes" : "no",
		       capabilities[i].name, capabilities[i].buys);
	print_source();
	for (enum rung rung = RUNG_BPF; rung < RUNG_COUNT; rung++)
		print_rung(rung);
	printf("\ntop, life and subnet attach no program to the send or receive path.\n");
}

static void put_pair(struct out *out, const char *name, const char *text)
{
	out_format(out, ",\"%s\":", name);
	out_json_string(out, text, strlen(text));
}

static void print_json(const struct utsname *kernel)
{
	const struct feature *broken;
	struct out out;
	int err;

	out_init(&out, STDOUT_FILENO);
	for (size_t i = 0; i < feature_count; i++) {
		const struct feature *f = &features[i];

		err = f->try(f);
		out_str(&out, "{\"type\":\"feature\"");
		put_pair(&out, "name", f->name);
		put_pair(&out, "purpose", f->purpose);
		put_pair(&out, "source", rung_name(f->rung));
		out_format(&out, ",\"needed\":%s,\"works\":%s", f->needed ? "true" : "false",
			   err ? "false" : "true");
		if (err) {
			put_pair(&out, "why", features_reason(f, err));
			put_pair(&out, "without", f->without);
		}
		out_str(&out, "}\n");
	}
	out_str(&out, "{\"type\":\"machine\"");
	put_pair(&out, "source", rung_name(find_rung(&broken, &err)));
	if (broken) {
		put_pair(&out, "refused", broken->name);
		put_pair(&out, "why", features_reason(broken, err));
	}
	put_pair(&out, "kernel", kernel->release);
	put_pair(&out, "arch", kernel->machine);
	put_pair(&out, "lockdown", features_lockdown());
	out_str(&out, "}\n");
	out_flush(&out);
	out_done(&out);
}

int doctor_main(int argc, char **argv)
{
	struct utsname kernel;

	if (argc > 2 || (argc == 2 && strcmp(argv[1], "--json"))) {
		fprintf(stderr, "tcpsight doctor: unrecognized argument: %s\nusage: tcpsight doctor [--json]\n",
			argc > 2 ? argv[2] : argv[1]);
		return 2;
	}
	libbpf_set_print(silent);
	uname(&kernel);
	capng_get_caps_process();
	if (argc == 2)
		print_json(&kernel);
	else
		print_text(&kernel);
	return fflush(stdout) ? 1 : 0;
}
