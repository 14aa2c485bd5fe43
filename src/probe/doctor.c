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
	{CAP_NET_ADMIN, "CAP_NET_ADMIN", "netlink notices of closed sockets"},
	{CAP_SYS_PTRACE, "CAP_SYS_PTRACE", "owners through /proc, without BPF"},
};

static int silent(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
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
	for (int used = 1; used >= 0; used--) {
		printf(used ? "\nloaded by top and life\n" : "\noffered by this kernel, not loaded\n");
		for (size_t i = 0; i < feature_count; i++) {
			const struct feature *f = &features[i];
			int err = f->used == used ? f->try(f) : 0;

			if (f->used != used)
				continue;
			printf("  %-7s %-28s %s\n", err ? "no" : "yes", f->name, f->purpose);
			if (err)
				printf("  %7s why: %s; without it: %s\n", "", features_reason(f, err),
				       f->without);
		}
	}
	printf("\nNo program of tcpsight is attached to the send or receive path.\n");
}

static void put_pair(struct out *out, const char *name, const char *text)
{
	out_format(out, ",\"%s\":", name);
	out_json_string(out, text, strlen(text));
}

static void print_json(const struct utsname *kernel)
{
	struct out out;

	out_init(&out, STDOUT_FILENO);
	for (size_t i = 0; i < feature_count; i++) {
		const struct feature *f = &features[i];
		int err = f->try(f);

		out_str(&out, "{\"type\":\"feature\"");
		put_pair(&out, "name", f->name);
		put_pair(&out, "purpose", f->purpose);
		out_format(&out, ",\"used\":%s,\"works\":%s", f->used ? "true" : "false",
			   err ? "false" : "true");
		if (err) {
			put_pair(&out, "why", features_reason(f, err));
			put_pair(&out, "without", f->without);
		}
		out_str(&out, "}\n");
	}
	out_str(&out, "{\"type\":\"machine\"");
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
