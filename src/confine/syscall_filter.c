// SPDX-License-Identifier: BSD-2-Clause
#include "confine/syscall_filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/net.h>
#include <linux/nsfs.h>
#include <linux/perf_event.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <ucontext.h>
#include <unistd.h>

#include "engine/syscalls.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Where a call's result goes, in the registers that a signal handler leaves behind. */
#if defined(__x86_64__)
#define RESULT(u) ((u)->uc_mcontext.gregs[REG_RAX])
#elif defined(__aarch64__)
#define RESULT(u) ((u)->uc_mcontext.regs[0])
#elif defined(__s390x__)
#define RESULT(u) ((u)->uc_mcontext.gregs[2])
#endif

/* A call that is allowed: always, or where argument `index`, seen through `mask`, is `value`. */
struct rule {
	unsigned group; /* 0: the base */
	int call;
	unsigned index;
	uint64_t mask, value; /* no mask: always */
};

#define ALL_BITS UINT64_MAX
/* These are int to the kernel: what stands above is nobody's business. */
#define INT_BITS UINT32_MAX
#define CREATE_ONLY (O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC), (O_WRONLY | O_CREAT | O_EXCL)
#define READ_ONLY (O_ACCMODE | O_CREAT | O_TRUNC), O_RDONLY

/*
 * Of each call all the forms that C libraries use: 32-bit machines have some with 64-bit time,
 * newer machines lack the older ones. Those that a machine does not have make no rule.
 */
// clang-format off
static const struct rule rules[] = {
	/* what is open: stdio, the capture file, /proc files that are read again */
	{0, SCMP_SYS(read)}, {0, SCMP_SYS(pread64)}, {0, SCMP_SYS(write)}, {0, SCMP_SYS(writev)},
	{0, SCMP_SYS(close)}, {0, SCMP_SYS(lseek)}, {0, SCMP_SYS(_llseek)},
	{0, SCMP_SYS(fstat)}, {0, SCMP_SYS(fstat64)},
	{0, SCMP_SYS(newfstatat), 3, AT_EMPTY_PATH, AT_EMPTY_PATH},
	{0, SCMP_SYS(fstatat64), 3, AT_EMPTY_PATH, AT_EMPTY_PATH},
	{0, SCMP_SYS(statx), 2, AT_EMPTY_PATH, AT_EMPTY_PATH},
	/* the machine's name, which a column shows */
	{0, SCMP_SYS(uname)},
	/* a slow reader of the output is waited for */
	{0, SCMP_SYS(poll)}, {0, SCMP_SYS(ppoll)}, {0, SCMP_SYS(ppoll_time64)},
	/* memory, none of it to be executed; qsort() looks how much there is */
	{0, SCMP_SYS(brk)}, {0, SCMP_SYS(munmap)}, {0, SCMP_SYS(mremap)}, {0, SCMP_SYS(madvise)},
#ifdef __s390x__
	/* Its arguments are in memory, which no filter sees. */
	{0, SCMP_SYS(mmap)},
#else
	{0, SCMP_SYS(mmap), 2, PROT_EXEC, 0}, {0, SCMP_SYS(mmap2), 2, PROT_EXEC, 0},
#endif
	{0, SCMP_SYS(sysinfo)}, {0, SCMP_SYS(getrandom)},
	{0, SCMP_SYS(futex)}, {0, SCMP_SYS(futex_time64)},
	/* time */
	{0, SCMP_SYS(clock_gettime)}, {0, SCMP_SYS(clock_gettime64)}, {0, SCMP_SYS(gettimeofday)},
	{0, SCMP_SYS(time)}, {0, SCMP_SYS(nanosleep)}, {0, SCMP_SYS(clock_nanosleep)},
	{0, SCMP_SYS(clock_nanosleep_time64)}, {0, SCMP_SYS(restart_syscall)},
	/* signals, and abort(), which only finds the own process: see add_kill() */
	{0, SCMP_SYS(rt_sigreturn)}, {0, SCMP_SYS(rt_sigprocmask)}, {0, SCMP_SYS(rt_sigaction)},
	{0, SCMP_SYS(rt_sigpending)}, {0, SCMP_SYS(getpid)}, {0, SCMP_SYS(gettid)},
	{0, SCMP_SYS(exit)}, {0, SCMP_SYS(exit_group)},

	{SYSCALLS_LOOP, SCMP_SYS(epoll_create1)}, {SYSCALLS_LOOP, SCMP_SYS(epoll_ctl)},
	{SYSCALLS_LOOP, SCMP_SYS(epoll_wait)}, {SYSCALLS_LOOP, SCMP_SYS(epoll_pwait)},
	{SYSCALLS_LOOP, SCMP_SYS(timerfd_create)}, {SYSCALLS_LOOP, SCMP_SYS(timerfd_settime)},
	{SYSCALLS_LOOP, SCMP_SYS(timerfd_settime64)}, {SYSCALLS_LOOP, SCMP_SYS(signalfd4)},

	{SYSCALLS_FILES, SCMP_SYS(openat), 2, READ_ONLY},
	{SYSCALLS_FILES, SCMP_SYS(newfstatat)}, {SYSCALLS_FILES, SCMP_SYS(fstatat64)},
	{SYSCALLS_FILES, SCMP_SYS(statx)}, {SYSCALLS_FILES, SCMP_SYS(getdents64)},
	{SYSCALLS_FILES, SCMP_SYS(readlinkat)},
	{SYSCALLS_FILES, SCMP_SYS(fcntl), 1, INT_BITS, F_GETFL},
	{SYSCALLS_FILES, SCMP_SYS(fcntl), 1, INT_BITS, F_SETFD},
	{SYSCALLS_FILES, SCMP_SYS(fcntl64), 1, INT_BITS, F_GETFL},
	{SYSCALLS_FILES, SCMP_SYS(fcntl64), 1, INT_BITS, F_SETFD},

	{SYSCALLS_TERMINAL, SCMP_SYS(ioctl), 1, INT_BITS, TIOCGWINSZ},
	{SYSCALLS_KEYS, SCMP_SYS(ioctl), 1, INT_BITS, TIOCGWINSZ},
	{SYSCALLS_KEYS, SCMP_SYS(ioctl), 1, INT_BITS, TCGETS},
	{SYSCALLS_KEYS, SCMP_SYS(ioctl), 1, INT_BITS, TCSETS},
	{SYSCALLS_KEYS, SCMP_SYS(ioctl), 1, INT_BITS, TCSETSW},
	{SYSCALLS_KEYS, SCMP_SYS(ioctl), 1, INT_BITS, TCSETSF},

	{SYSCALLS_SAVE, SCMP_SYS(openat), 2, CREATE_ONLY},

	{SYSCALLS_BPF_MAPS, SCMP_SYS(bpf), 0, INT_BITS, BPF_MAP_LOOKUP_ELEM},

	{SYSCALLS_BPF, SCMP_SYS(bpf), 0, INT_BITS, BPF_MAP_LOOKUP_ELEM},
	{SYSCALLS_BPF, SCMP_SYS(bpf), 0, INT_BITS, BPF_ITER_CREATE},
	{SYSCALLS_BPF, SCMP_SYS(bpf), 0, INT_BITS, BPF_OBJ_GET_INFO_BY_FD},
	{SYSCALLS_BPF, SCMP_SYS(membarrier)},

	{SYSCALLS_BPF_TAKE, SCMP_SYS(bpf), 0, INT_BITS, BPF_MAP_LOOKUP_BATCH},
	{SYSCALLS_BPF_TAKE, SCMP_SYS(bpf), 0, INT_BITS, BPF_MAP_LOOKUP_AND_DELETE_BATCH},
	{SYSCALLS_BPF_TAKE, SCMP_SYS(bpf), 0, INT_BITS, BPF_MAP_DELETE_ELEM},

	{SYSCALLS_NETLINK, SCMP_SYS(sendto)}, {SYSCALLS_NETLINK, SCMP_SYS(recvmsg)},
	{SYSCALLS_NETLINK, SCMP_SYS(getsockopt)},
	{SYSCALLS_NETLINK, SCMP_SYS(setsockopt), 1, INT_BITS, SOL_NETLINK},
	/* of ourselves: to close a socket on each CPU, see source/netlink_fence.h */
	{SYSCALLS_NETLINK, SCMP_SYS(sched_getaffinity)},
	{SYSCALLS_NETLINK, SCMP_SYS(sched_setaffinity), 0, INT_BITS, 0},

	{SYSCALLS_CAPTURE, SCMP_SYS(recvfrom)}, {SYSCALLS_CAPTURE, SCMP_SYS(recv)},
	{SYSCALLS_CAPTURE, SCMP_SYS(recvmsg)}, {SYSCALLS_CAPTURE, SCMP_SYS(getsockopt)},
	/* does the interface still exist, is it up; and the ring is taken down at the end */
	{SYSCALLS_CAPTURE, SCMP_SYS(getsockname)},
	{SYSCALLS_CAPTURE, SCMP_SYS(ioctl), 1, INT_BITS, SIOCGIFFLAGS},
	{SYSCALLS_CAPTURE, SCMP_SYS(setsockopt), 1, INT_BITS, SOL_PACKET},

	/* without an address: only to clients that are connected */
	{SYSCALLS_SERVE, SCMP_SYS(accept4)}, {SYSCALLS_SERVE, SCMP_SYS(recv)},
	{SYSCALLS_SERVE, SCMP_SYS(recvfrom)}, {SYSCALLS_SERVE, SCMP_SYS(send)},
	{SYSCALLS_SERVE, SCMP_SYS(sendto), 4, ALL_BITS, 0},
	{SYSCALLS_SERVE, SCMP_SYS(unlink)}, {SYSCALLS_SERVE, SCMP_SYS(unlinkat)},

	/* without addresses too; options of a connection only, names of both its ends */
	{SYSCALLS_HTTP, SCMP_SYS(accept4)}, {SYSCALLS_HTTP, SCMP_SYS(recv)},
	{SYSCALLS_HTTP, SCMP_SYS(recvfrom)}, {SYSCALLS_HTTP, SCMP_SYS(recvmsg)},
	{SYSCALLS_HTTP, SCMP_SYS(send)}, {SYSCALLS_HTTP, SCMP_SYS(sendmsg)},
	{SYSCALLS_HTTP, SCMP_SYS(sendto), 4, ALL_BITS, 0}, {SYSCALLS_HTTP, SCMP_SYS(shutdown)},
	{SYSCALLS_HTTP, SCMP_SYS(getsockname)}, {SYSCALLS_HTTP, SCMP_SYS(getpeername)},
	{SYSCALLS_HTTP, SCMP_SYS(getsockopt), 1, INT_BITS, SOL_SOCKET},
	{SYSCALLS_HTTP, SCMP_SYS(setsockopt), 1, INT_BITS, IPPROTO_TCP},
	{SYSCALLS_HTTP, SCMP_SYS(eventfd2)}, {SYSCALLS_HTTP, SCMP_SYS(listen)},
	{SYSCALLS_HTTP, SCMP_SYS(fcntl), 1, INT_BITS, F_GETFL},
	{SYSCALLS_HTTP, SCMP_SYS(fcntl64), 1, INT_BITS, F_GETFL},
	{SYSCALLS_HTTP, SCMP_SYS(getuid)},
	/* a file of settings that is read again may name a network namespace */
	{SYSCALLS_HTTP, SCMP_SYS(fstatfs)}, {SYSCALLS_HTTP, SCMP_SYS(fstatfs64)},
	{SYSCALLS_HTTP, SCMP_SYS(ioctl), 1, INT_BITS, NS_GET_NSTYPE},
	{SYSCALLS_HTTP, SCMP_SYS(geteuid)}, {SYSCALLS_HTTP, SCMP_SYS(faccessat)},
	{SYSCALLS_HTTP, SCMP_SYS(access)},
	/* the end of an agent has a time limit */
	{SYSCALLS_HTTP, SCMP_SYS(alarm)}, {SYSCALLS_HTTP, SCMP_SYS(setitimer)},

	{SYSCALLS_SYSLOG, SCMP_SYS(socket), 0, INT_BITS, AF_UNIX},
	{SYSCALLS_SYSLOG, SCMP_SYS(connect)}, {SYSCALLS_SYSLOG, SCMP_SYS(send)},
	{SYSCALLS_SYSLOG, SCMP_SYS(sendto), 4, ALL_BITS, 0},

	/* libcurl, and a thread of its own that looks names up */
	{SYSCALLS_FETCH, SCMP_SYS(socket), 0, INT_BITS, AF_INET},
	{SYSCALLS_FETCH, SCMP_SYS(socket), 0, INT_BITS, AF_INET6},
	{SYSCALLS_FETCH, SCMP_SYS(socket), 0, INT_BITS, AF_UNIX},
	{SYSCALLS_FETCH, SCMP_SYS(socket), 0, INT_BITS, AF_NETLINK},
	{SYSCALLS_FETCH, SCMP_SYS(connect)}, {SYSCALLS_FETCH, SCMP_SYS(bind)},
	{SYSCALLS_FETCH, SCMP_SYS(socketpair)}, {SYSCALLS_FETCH, SCMP_SYS(pipe2)},
	{SYSCALLS_FETCH, SCMP_SYS(send)}, {SYSCALLS_FETCH, SCMP_SYS(sendto)},
	{SYSCALLS_FETCH, SCMP_SYS(sendmsg)}, {SYSCALLS_FETCH, SCMP_SYS(sendmmsg)},
	{SYSCALLS_FETCH, SCMP_SYS(recv)}, {SYSCALLS_FETCH, SCMP_SYS(recvfrom)},
	{SYSCALLS_FETCH, SCMP_SYS(recvmsg)}, {SYSCALLS_FETCH, SCMP_SYS(shutdown)},
	{SYSCALLS_FETCH, SCMP_SYS(getsockname)}, {SYSCALLS_FETCH, SCMP_SYS(getpeername)},
	{SYSCALLS_FETCH, SCMP_SYS(getsockopt)}, {SYSCALLS_FETCH, SCMP_SYS(setsockopt)},
	{SYSCALLS_FETCH, SCMP_SYS(fcntl)}, {SYSCALLS_FETCH, SCMP_SYS(fcntl64)},
	{SYSCALLS_FETCH, SCMP_SYS(ioctl), 1, INT_BITS, FIONREAD},
	{SYSCALLS_FETCH, SCMP_SYS(ioctl), 1, INT_BITS, FIONBIO},
	/* has the other end acknowledged all? */
	{SYSCALLS_FETCH, SCMP_SYS(ioctl), 1, INT_BITS, SIOCOUTQ},
	{SYSCALLS_FETCH, SCMP_SYS(clone)}, {SYSCALLS_FETCH, SCMP_SYS(clone3)},
	{SYSCALLS_FETCH, SCMP_SYS(set_robust_list)}, {SYSCALLS_FETCH, SCMP_SYS(rseq)},
	{SYSCALLS_FETCH, SCMP_SYS(mprotect), 2, PROT_EXEC, 0},
	{SYSCALLS_FETCH, SCMP_SYS(access)}, {SYSCALLS_FETCH, SCMP_SYS(faccessat)},
	{SYSCALLS_FETCH, SCMP_SYS(geteuid)}, {SYSCALLS_FETCH, SCMP_SYS(getuid)},
	{SYSCALLS_FETCH, SCMP_SYS(getegid)}, {SYSCALLS_FETCH, SCMP_SYS(getgid)},

	{SYSCALLS_CHILD, SCMP_SYS(waitid)},

	{SYSCALLS_PUSH, SCMP_SYS(memfd_create)}, {SYSCALLS_PUSH, SCMP_SYS(sendmsg)},
	{SYSCALLS_PUSH, SCMP_SYS(recv)}, {SYSCALLS_PUSH, SCMP_SYS(recvfrom)},

	{SYSCALLS_CUT, SCMP_SYS(ftruncate)}, {SYSCALLS_CUT, SCMP_SYS(ftruncate64)},

	{SYSCALLS_KPROBE, SCMP_SYS(ioctl), 1, INT_BITS, PERF_EVENT_IOC_DISABLE},

	{SYSCALLS_RECORD, SCMP_SYS(openat)}, {SYSCALLS_RECORD, SCMP_SYS(ftruncate)},
	{SYSCALLS_RECORD, SCMP_SYS(ftruncate64)}, {SYSCALLS_RECORD, SCMP_SYS(fdatasync)},
	{SYSCALLS_RECORD, SCMP_SYS(fsync)}, {SYSCALLS_RECORD, SCMP_SYS(renameat)},
	{SYSCALLS_RECORD, SCMP_SYS(renameat2)}, {SYSCALLS_RECORD, SCMP_SYS(unlinkat)},
	{SYSCALLS_RECORD, SCMP_SYS(fstatfs)}, {SYSCALLS_RECORD, SCMP_SYS(fstatfs64)},
	{SYSCALLS_RECORD, SCMP_SYS(fchmod)}, {SYSCALLS_RECORD, SCMP_SYS(flock)},
	{SYSCALLS_RECORD, SCMP_SYS(fcntl)}, {SYSCALLS_RECORD, SCMP_SYS(fcntl64)},
	{SYSCALLS_RECORD, SCMP_SYS(clone)}, {SYSCALLS_RECORD, SCMP_SYS(clone3)},
	{SYSCALLS_RECORD, SCMP_SYS(set_robust_list)}, {SYSCALLS_RECORD, SCMP_SYS(rseq)},
	{SYSCALLS_RECORD, SCMP_SYS(mprotect), 2, PROT_EXEC, 0},
	{SYSCALLS_RECORD, SCMP_SYS(getdents64)},
#ifdef __s390x__
	/* Its C library packs socket calls into one; of which, is all that a filter sees. */
	{SYSCALLS_NETLINK, SCMP_SYS(socketcall), 0, INT_BITS, SYS_SETSOCKOPT},
	{SYSCALLS_CAPTURE, SCMP_SYS(socketcall), 0, INT_BITS, SYS_SETSOCKOPT},
	{SYSCALLS_SYSLOG, SCMP_SYS(socketcall), 0, INT_BITS, SYS_SOCKET},
	{SYSCALLS_FETCH, SCMP_SYS(socketcall)},
#endif
};
// clang-format on

/* abort() sends a signal, which must not reach anybody else. */
static int add_kill(scmp_filter_ctx filter)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
				SCMP_A0(SCMP_CMP_MASKED_EQ, INT_BITS, (uint64_t)getpid()));
}

static int add_rules(scmp_filter_ctx filter, unsigned syscalls)
{
	int err = add_kill(filter);

	for (size_t i = 0; i < COUNT(rules) && !err; i++) {
		const struct rule *r = &rules[i];
		struct scmp_arg_cmp argument = {r->index, SCMP_CMP_MASKED_EQ, r->mask, r->value};

		if (!r->group || r->group & syscalls)
			err = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, r->call,
						     r->mask ? 1 : 0, &argument);
	}
	return err;
}

#ifdef RESULT
/* Calls that were told; one with a greater number is told each time. */
static volatile sig_atomic_t told[512];

/* A refused call may stand in the middle of malloc() or printf(): none of them is called here. */
static void tell(unsigned call)
{
	char text[128] = "tcpsight: the sandbox refused a system call that should not be needed; "
			 "please report its number: ";
	char digit[12];
	size_t len = strlen(text), digits = 0;

	if ((size_t)call < COUNT(told) && told[call]++)
		return;
	do
		digit[digits++] = (char)('0' + call % 10);
	while (call /= 10);
	while (digits)
		text[len++] = digit[--digits];
	text[len++] = '\n';
	if (write(STDERR_FILENO, text, len) < 0)
		return;
}

static void on_refusal(int signal, siginfo_t *info, void *context)
{
	ucontext_t *u = context;
	int saved = errno;

	(void)signal;
	tell((unsigned)info->si_syscall);
	RESULT(u) = -ENOSYS;
	errno = saved;
}

/* Whoever started us may have blocked the signal, and then it would kill. */
static uint32_t refusal(void)
{
	struct sigaction action = {.sa_sigaction = on_refusal, .sa_flags = SA_SIGINFO};
	sigset_t set;

	sigemptyset(&action.sa_mask);
	sigemptyset(&set);
	sigaddset(&set, SIGSYS);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	return sigaction(SIGSYS, &action, NULL) ? SCMP_ACT_ERRNO(ENOSYS) : SCMP_ACT_TRAP;
}
#else
/* Where we do not know the register, the kernel's log alone tells. */
static uint32_t refusal(void)
{
	return SCMP_ACT_ERRNO(ENOSYS);
}
#endif

int syscall_filter_enter(unsigned syscalls)
{
	scmp_filter_ctx filter;
	int err;

#ifdef SANITIZED
	/* The sanitizers read /proc, start processes and call much else: such a build is not
	 * filtered. */
	return -ENOTSUP;
#endif
	filter = seccomp_init(refusal());
	if (!filter)
		return -ENOMEM;
	/* The kernel's own errno, not the library's. */
	err = seccomp_attr_set(filter, SCMP_FLTATR_API_SYSRAWRC, 1);
	if (!err)
		err = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	/* Kernels before 4.14 have no such log. */
	if (!err)
		seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1);
	if (!err)
		err = add_rules(filter, syscalls);
	if (!err)
		err = seccomp_load(filter);
	seccomp_release(filter);
	return err;
}
