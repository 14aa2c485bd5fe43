// SPDX-License-Identifier: BSD-2-Clause
/*
 * Makes another process call the kernel, as ptrace(2) allows, to see which calls its sandbox leaves
 * it: `inject PID` prints a line "NAME allowed RESULT" or "NAME refused" for each call below. All
 * have arguments with which they do nothing, even where they are allowed. `inject PID PATH...`
 * opens files instead, to read them, or with + before the path to make them, and closes them again:
 * then NAME is the path. Ends with 77 where it does not know the machine.
 */
#include <stdio.h>

#define EXIT_NOT_HERE 77

#ifdef __x86_64__
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/bpf.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

/* si_code; the C library's headers have it since 2.37 only. */
#ifndef SYS_SECCOMP
#define SYS_SECCOMP 1
#endif

/* What an intruder would want, and what parts of the program need. -1 is no descriptor. */
// clang-format off
static const struct call {
	const char *name;
	long number, argument[6];
} calls[] = {
	{"getpid", SYS_getpid},
	{"read", SYS_read, {-1}},
	{"write", SYS_write, {-1}},
	{"mmap", SYS_mmap, {0, 0, PROT_READ | PROT_WRITE}},
	{"mmap_exec", SYS_mmap, {0, 0, PROT_READ | PROT_EXEC}},
	{"mprotect", SYS_mprotect, {0, 0, PROT_EXEC}},
	{"kill", SYS_kill, {-2, -1}},
	{"kill_other", SYS_tgkill, {1, 1, 0}},
	{"execve", SYS_execve},
	{"execveat", SYS_execveat, {-1}},
	{"clone", SYS_clone, {CLONE_SIGHAND}},
	{"clone3", SYS_clone3},
	{"ptrace", SYS_ptrace, {-1}},
	{"process_vm_writev", SYS_process_vm_writev, {-1}},
	{"setuid", SYS_setuid, {-1}},
	{"setns", SYS_setns, {-1}},
	{"unshare", SYS_unshare, {-1}},
	{"mount", SYS_mount},
	{"chdir", SYS_chdir},
	{"chmod", SYS_chmod},
	{"rename", SYS_rename},
	{"mkdir", SYS_mkdir},
	{"unlink", SYS_unlink},
	{"open_read", SYS_openat, {AT_FDCWD, 0, O_RDONLY | O_CLOEXEC}},
	{"open_write", SYS_openat, {AT_FDCWD, 0, O_WRONLY}},
	{"open_both", SYS_openat, {AT_FDCWD, 0, O_RDWR}},
	{"open_create", SYS_openat, {AT_FDCWD, 0, O_RDONLY | O_CREAT}},
	{"open_truncate", SYS_openat, {AT_FDCWD, 0, O_RDONLY | O_TRUNC}},
	{"open_old", SYS_open},
	{"stat", SYS_newfstatat, {AT_FDCWD, 0, 0, 0}},
	{"readlink", SYS_readlinkat, {AT_FDCWD}},
	{"list_folder", SYS_getdents64, {-1}},
	{"duplicate", SYS_fcntl, {-1, F_DUPFD}},
	{"window_size", SYS_ioctl, {-1, TIOCGWINSZ}},
	{"type_for_terminal", SYS_ioctl, {-1, TIOCSTI}},
	{"socket_inet", SYS_socket, {AF_INET, -1}},
	{"socket_packet", SYS_socket, {AF_PACKET, -1}},
	{"socket_unix", SYS_socket, {AF_UNIX, -1}},
	{"connect", SYS_connect, {-1}},
	{"bind", SYS_bind, {-1}},
	{"listen", SYS_listen, {-1}},
	{"accept", SYS_accept4, {-1}},
	{"send", SYS_sendto, {-1, 0, 0, 0, 0, 0}},
	{"send_to", SYS_sendto, {-1, 0, 0, 0, 1, 0}},
	{"receive", SYS_recvfrom, {-1}},
	{"receive_message", SYS_recvmsg, {-1}},
	{"send_message", SYS_sendmsg, {-1}},
	{"get_option", SYS_getsockopt, {-1}},
	{"option_socket", SYS_setsockopt, {-1, SOL_SOCKET}},
	{"option_netlink", SYS_setsockopt, {-1, SOL_NETLINK}},
	{"option_packet", SYS_setsockopt, {-1, SOL_PACKET}},
	{"bpf_look_up", SYS_bpf, {BPF_MAP_LOOKUP_ELEM}},
	{"bpf_update", SYS_bpf, {BPF_MAP_UPDATE_ELEM}},
	{"bpf_delete", SYS_bpf, {BPF_MAP_DELETE_ELEM}},
	{"bpf_look_up_many", SYS_bpf, {BPF_MAP_LOOKUP_BATCH}},
	{"bpf_take_many", SYS_bpf, {BPF_MAP_LOOKUP_AND_DELETE_BATCH}},
	{"bpf_load", SYS_bpf, {BPF_PROG_LOAD}},
	{"bpf_iterate", SYS_bpf, {BPF_ITER_CREATE}},
	{"membarrier", SYS_membarrier, {-1}},
	{"own_cpus", SYS_sched_setaffinity, {0, 0}},
	{"cpus_of_others", SYS_sched_setaffinity, {1, 0}},
	{"epoll", SYS_epoll_create1, {-1}},
	{"timer", SYS_timerfd_create, {-1}},
	{"signals", SYS_signalfd4, {-1}},
	{"wait", SYS_waitid, {-1}},
	{"io_uring", SYS_io_uring_setup},
	{"perf_event", SYS_perf_event_open, {0, 0, -1, -1, -1}},
	{"memfd", SYS_memfd_create},
	{"userfaultfd", SYS_userfaultfd, {-1}},
	{"seccomp", SYS_seccomp, {-1}},
	{"prctl", SYS_prctl, {-1}},
	{"keyctl", SYS_keyctl, {-1}},
	{"init_module", SYS_init_module},
};
// clang-format on

static pid_t target;

static _Noreturn void give_up(const char *what)
{
	perror(what);
	exit(1);
}

static void check(long result, const char *what)
{
	if (result < 0)
		give_up(what);
}

/* The signal that it stopped for. */
static int wait_stop(void)
{
	int status;

	check(waitpid(target, &status, __WALL), "waitpid");
	if (!WIFSTOPPED(status)) {
		fprintf(stderr, "the process ended: %#x\n", status);
		exit(1);
	}
	return WSTOPSIG(status);
}

static bool stands_after_syscall(const struct user_regs_struct *regs)
{
	long word = ptrace(PTRACE_PEEKTEXT, target, regs->rip - 2, NULL);

	return (word & 0xffff) == 0x050f; /* syscall */
}

/* Sooner or later it sleeps in a call. */
static void stop_in_a_call(struct user_regs_struct *regs)
{
	for (int i = 0; i < 1000; i++) {
		check(ptrace(PTRACE_INTERRUPT, target, NULL, NULL), "PTRACE_INTERRUPT");
		wait_stop();
		check(ptrace(PTRACE_GETREGS, target, NULL, regs), "PTRACE_GETREGS");
		if (stands_after_syscall(regs))
			return;
		check(ptrace(PTRACE_CONT, target, NULL, NULL), "PTRACE_CONT");
		usleep(10000);
	}
	fprintf(stderr, "the process never sleeps\n");
	exit(1);
}

/*
 * False if it is refused. To the end of the call, then one step: a refusal is a SIGSYS that comes
 * before anything else is executed. The process never sees it.
 */
static bool try(const struct user_regs_struct *before, const struct call *c, long *ret_result)
{
	struct user_regs_struct regs = *before;
	siginfo_t info = {0};
	int stop;

	regs.rip -= 2;
	regs.orig_rax = (unsigned long)-1;
	regs.rax = (unsigned long)c->number;
	regs.rdi = (unsigned long)c->argument[0];
	regs.rsi = (unsigned long)c->argument[1];
	regs.rdx = (unsigned long)c->argument[2];
	regs.r10 = (unsigned long)c->argument[3];
	regs.r8 = (unsigned long)c->argument[4];
	regs.r9 = (unsigned long)c->argument[5];
	check(ptrace(PTRACE_SETREGS, target, NULL, &regs), "PTRACE_SETREGS");
	for (int half = 0; half < 2; half++) {
		check(ptrace(PTRACE_SYSCALL, target, NULL, NULL), "PTRACE_SYSCALL");
		stop = wait_stop();
		if (stop != (SIGTRAP | 0x80)) {
			fprintf(stderr, "%s: stopped for signal %d\n", c->name, stop);
			exit(1);
		}
	}
	check(ptrace(PTRACE_GETREGS, target, NULL, &regs), "PTRACE_GETREGS");
	*ret_result = (long)regs.rax;
	check(ptrace(PTRACE_SINGLESTEP, target, NULL, NULL), "PTRACE_SINGLESTEP");
	stop = wait_stop();
	check(ptrace(PTRACE_GETSIGINFO, target, NULL, &info), "PTRACE_GETSIGINFO");
	check(ptrace(PTRACE_SETREGS, target, NULL, before), "PTRACE_SETREGS");
	return !(stop == SIGSYS && info.si_code == SYS_SECCOMP && info.si_syscall == c->number);
}

static void print(const char *name, bool is_allowed, long result)
{
	if (is_allowed)
		printf("%s allowed %ld\n", name, result);
	else
		printf("%s refused\n", name);
}

/* Below its stack, where nothing of it is. */
static long put_text(const struct user_regs_struct *regs, const char *text)
{
	unsigned long at = (regs->rsp - 2 * PATH_MAX) & ~7ul;
	char room[PATH_MAX] = "";
	long word;

	snprintf(room, sizeof(room), "%s", text);
	for (size_t i = 0; i < sizeof(room); i += sizeof(word)) {
		memcpy(&word, room + i, sizeof(word));
		check(ptrace(PTRACE_POKEDATA, target, at + i, word), "PTRACE_POKEDATA");
	}
	return (long)at;
}

static void open_file(const struct user_regs_struct *regs, const char *name)
{
	bool is_made = *name == '+';
	long path = put_text(regs, name + is_made), result, closed;
	struct call call = {
		"open",
		SYS_openat,
		{AT_FDCWD, path, O_CLOEXEC | (is_made ? O_WRONLY | O_CREAT : O_RDONLY), 0600}};
	bool is_allowed = try(regs, &call, &result);

	print(name, is_allowed, result);
	call = (struct call){"close", SYS_close, {result}};
	if (is_allowed && result >= 0)
		try(regs, &call, &closed);
}

int main(int argc, char **argv)
{
	struct user_regs_struct regs;

	if (argc < 2)
		return 2;
	target = atoi(argv[1]);
	check(ptrace(PTRACE_SEIZE, target, NULL, PTRACE_O_TRACESYSGOOD), "PTRACE_SEIZE");
	stop_in_a_call(&regs);
	for (int i = 2; i < argc; i++)
		open_file(&regs, argv[i]);
	for (size_t i = 0; argc == 2 && i < sizeof(calls) / sizeof(calls[0]); i++) {
		long result;
		bool is_allowed = try(&regs, &calls[i], &result);

		print(calls[i].name, is_allowed, result);
	}
	check(ptrace(PTRACE_DETACH, target, NULL, NULL), "PTRACE_DETACH");
	return 0;
}
#else
int main(void)
{
	return EXIT_NOT_HERE;
}
#endif
