// SPDX-License-Identifier: BSD-2-Clause
#include "probe/reason.h"

#include <bpf/btf.h>
#include <cap-ng.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "probe/kernel.h"
#include "probe/ladder.h"

#define WORD_MAX 64
/* Of linux/errno.h: what a kernel without direct calls says to a program at a function's exit. */
#define ENOTSUPP_KERNEL 524

__attribute__((format(printf, 2, 3))) static void why(struct reason *ret, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(ret->why, sizeof(ret->why), format, args);
	va_end(args);
}

__attribute__((format(printf, 2, 3))) static void advise(struct reason *ret, const char *format,
							 ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(ret->advice, sizeof(ret->advice), format, args);
	va_end(args);
}

/* The next of the words that blanks separate; false at the end. */
static bool next_word(const char **words, char *word)
{
	size_t len;

	if (!*words)
		return false;
	*words += strspn(*words, " ");
	len = strcspn(*words, " ");
	snprintf(word, WORD_MAX, "%.*s", (int)len, *words);
	*words += len;
	return len > 0;
}

/* "CAP_BPF and CAP_PERFMON", of those that this process has not. Returns their number. */
static unsigned list_missing(const char *capabilities, char *list, size_t size)
{
	char word[WORD_MAX];
	unsigned count = 0;

	list[0] = '\0';
	capng_get_caps_process();
	while (next_word(&capabilities, word)) {
		size_t used = strlen(list);
		int number = capng_name_to_capability(word + strlen("CAP_"));

		if (number < 0 || capng_have_capability(CAPNG_EFFECTIVE, (unsigned)number))
			continue;
		snprintf(list + used, size - used, "%s%s", count++ ? " and " : "", word);
	}
	return count;
}

static bool stands_on_bpf(const struct rung *rung)
{
	return rung->source && !strcmp(rung->source, "bpf");
}

/* Two switches hide addresses; all but one of their settings show them to CAP_SYSLOG. */
static void find_hidden_address(const struct refusal *refusal, const char *missing,
				struct reason *ret)
{
	long restricted = kernel_sysctl("kernel/kptr_restrict");
	long paranoid = kernel_sysctl("kernel/perf_event_paranoid");

	why(ret, "%s: kernel.kptr_restrict is %ld, kernel.perf_event_paranoid %ld%s%s",
	    refusal->detail, restricted, paranoid, missing[0] ? ", and missing: " : "", missing);
	if (restricted >= 2)
		advise(ret, "sysctl kernel.kptr_restrict=1, and run as root or with CAP_SYSLOG");
	else
		advise(ret, "run as root, or give it CAP_SYSLOG");
}

static void find_privilege(const struct rung *rung, const struct refusal *refusal,
			   struct reason *ret)
{
	char missing[256];
	unsigned count = list_missing(rung->capabilities, missing, sizeof(missing));
	const char *lockdown = kernel_lockdown();

	if (rung->capabilities && strstr(rung->capabilities, "CAP_SYSLOG") && refusal->detail[0]) {
		find_hidden_address(refusal, strstr(missing, "CAP_SYSLOG") ? "CAP_SYSLOG" : "",
				    ret);
		return;
	}
	if (count) {
		why(ret, "no privilege: %s %s missing", missing, count > 1 ? "are" : "is");
		advise(ret, "run as root, or give it %s", missing);
	} else if (kernel_user_namespace_is_nested()) {
		why(ret, "refused: the capabilities of a user namespace do not count for this");
		advise(ret, "run it outside of the container, as root of the host");
	} else if (kernel_seccomp_is_on()) {
		why(ret, "refused, though no capability is missing: a seccomp filter is in force");
		advise(ret, "allow bpf() and perf_event_open() in the container's seccomp profile");
	} else if (lockdown[0] && strcmp(lockdown, "none")) {
		why(ret, "refused, though no capability is missing; lockdown is '%s'", lockdown);
		advise(ret, "only a boot without lockdown may change that");
	} else if (!lockdown[0]) {
		why(ret,
		    "refused, though no capability is missing; perhaps by lockdown, which cannot "
		    "be seen: securityfs is not mounted");
		advise(ret, "mount -t securityfs none /sys/kernel/security tells more");
	} else {
		why(ret, "refused, though no capability is missing: by a security module, perhaps");
		advise(ret, "the kernel's log may say who refused it");
	}
}

/* The first option that was not built goes to `word`: 1; 0: all are; -1: nobody knows. */
static int find_absent_option(const char *options, char *word)
{
	while (next_word(&options, word)) {
		enum kernel_option state = kernel_option(word);

		if (state != OPTION_BUILT_IN && state != OPTION_MODULE)
			return state == OPTION_UNKNOWN ? -1 : 1;
	}
	return 0;
}

/* Is a part of what the rung stands on a module, which may not be loaded? */
static bool has_module(const char *options)
{
	char word[WORD_MAX];

	while (next_word(&options, word))
		if (kernel_option(word) == OPTION_MODULE)
			return true;
	return false;
}

static void find_no_btf(struct reason *ret)
{
	enum kernel_option state = kernel_option("CONFIG_DEBUG_INFO_BTF");

	why(ret, "this kernel shows no BTF (/sys/kernel/btf/vmlinux)%s",
	    state == OPTION_ABSENT     ? ": CONFIG_DEBUG_INFO_BTF is not set"
	    : state == OPTION_BUILT_IN ? ", though it was built with CONFIG_DEBUG_INFO_BTF"
				       : "");
	if (state == OPTION_BUILT_IN)
		advise(ret, "mount sysfs at /sys");
	else
		advise(ret, "a kernel that is built with CONFIG_DEBUG_INFO_BTF=y");
}

/* The kernel knows no such thing. */
static void find_missing(const struct rung *rung, const struct refusal *refusal, struct reason *ret)
{
	char option[WORD_MAX] = "";
	int absent = find_absent_option(rung->options, option);
	const char *where = (refusal->hook ? refusal->hook : rung->hook)->where;

	if (refusal->detail[0]) {
		/* Of what is mounted or not. */
		why(ret, "%s", refusal->detail);
		advise(ret, "mount -t cgroup2 none /sys/fs/cgroup");
	} else if (stands_on_bpf(rung) && !kernel_btf()) {
		find_no_btf(ret);
	} else if (absent > 0) {
		why(ret, "this kernel has no %s: %s is not set", where, option);
		advise(ret, "a kernel that is built with %s=y", option);
	} else {
		why(ret, "this kernel has no %s", where);
		advise(ret, "%s",
		       has_module(rung->options) ? "load the kernel's module, if it is installed"
						 : "a newer kernel");
	}
}

static bool is_missing(int err)
{
	return err == -ENOENT || err == -ESRCH || err == -ENOSYS || err == -ENOTSUPP_KERNEL ||
	       err == -EOPNOTSUPP || err == -EPROTONOSUPPORT || err == -EAFNOSUPPORT;
}

/* Without CONFIG_BPF_JIT there are no trampolines, and the kernel says it had no memory for one. */
static bool is_missing_memory(const struct rung *rung, const struct refusal *refusal)
{
	char option[WORD_MAX];

	return refusal->err == -ENOMEM && find_absent_option(rung->options, option) > 0;
}

void reason_find(const struct rung *rung, const struct refusal *refusal, struct reason *ret)
{
	const struct hook *hook = refusal->hook ? refusal->hook : rung->hook;

	*ret = (struct reason){.why = ""};
	if (refusal->err == -EPROTOTYPE) {
		why(ret, "this kernel's %s has other arguments: (%s), not (%s)", hook->where,
		    refusal->detail, hook->arguments);
		advise(ret, "a tcpsight that knows them");
	} else if (!refusal->by_verifier &&
		   (is_missing(refusal->err) || is_missing_memory(rung, refusal))) {
		find_missing(rung, refusal, ret);
	} else if (refusal->err == -EPERM || (refusal->err == -EACCES && !refusal->by_verifier)) {
		find_privilege(rung, refusal, ret);
	} else if (stands_on_bpf(rung) && !strcmp(kernel_lockdown(), "confidentiality")) {
		why(ret, "lockdown is 'confidentiality': programs may not read kernel memory%s%s",
		    refusal->detail[0] ? "; the verifier says: " : "", refusal->detail);
		advise(ret,
		       "only a boot without lockdown, or with lockdown=integrity, changes that");
	} else if (refusal->err == -EBUSY && rung->not_with) {
		why(ret, "it does not go together with %s, which is in use", rung->not_with);
		advise(ret, "nothing: the other is worth more");
	} else if (refusal->by_verifier) {
		why(ret, "the verifier refuses it: %s", refusal->detail);
		advise(ret, "a newer kernel: this one lacks something that the program needs");
	} else {
		why(ret, "%s", strerror(-refusal->err));
		advise(ret, "--verbose shows what the kernel says");
	}
}
