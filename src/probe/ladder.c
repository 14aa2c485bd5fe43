// SPDX-License-Identifier: BSD-2-Clause
#include "probe/ladder.h"

#include "engine/column.h"
#include "probe/try.h"
#include "probe/try_host.h"

#define BPF_CAPABILITIES "CAP_BPF CAP_PERFMON"
#define BPF_OPTIONS "CONFIG_BPF_SYSCALL CONFIG_DEBUG_INFO_BTF"
#define FEXIT_OPTIONS \
	BPF_OPTIONS " CONFIG_BPF_JIT CONFIG_FUNCTION_TRACER CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS"
#define KPROBE_OPTIONS "CONFIG_BPF_SYSCALL CONFIG_KPROBES CONFIG_KPROBE_EVENTS CONFIG_BPF_EVENTS"
/* Doing without: it always holds. */
#define NONE(words)                                                \
	{                                                          \
		.name = "none", .gives = words, .try = try_nothing \
	}

/* clang-format off */
const struct need ladder[] = {
{
	.name = "edges",
	.what = "connections that open and close",
	.without = "short connections are missed, and the last bytes of others",
	.rung = {{
		.name = "tracepoint", .source = "bpf", .vital = true,
		.gives = "every one, with owner, bytes and reason",
		.capabilities = BPF_CAPABILITIES, .options = BPF_OPTIONS,
		.hook = {{"tp_btf/inet_sock_set_state", "on_state", "struct sock *, int, int"},
			 {"tp_btf/inet_sock_set_state", "on_state_nested",
			  "struct sock *, int, int"}},
		.try = try_programs,
	}, {
		.name = "netlink", .source = "netlink",
		.gives = "every close with its last bytes, but not when it began or why it ended",
		.options = "CONFIG_INET_DIAG CONFIG_INET_TCP_DIAG",
		.hook = {{"sock_diag notices"}},
		.try = try_notices,
	}},
}, {
	.name = "volume",
	.what = "byte counts of open connections",
	.without = "no source can run",
	.rung = {{
		.name = "iterator", .source = "bpf", .vital = true,
		.gives = "all, once per interval",
		.capabilities = BPF_CAPABILITIES, .options = BPF_OPTIONS,
		.hook = {{"iter/bpf_sk_storage_map", "sample"}},
		.try = try_iterator,
	}, {
		/* For kernels that let nobody walk over storage; its walk meets every flow with all that it has. */
		.name = "list", .source = "bpf", .vital = true,
		.gives = "all, once per interval, by a list of tcpsight's own, since Linux 6.2",
		.capabilities = BPF_CAPABILITIES, .options = BPF_OPTIONS,
		.hook = {{"iter/task", "sample_listed"}},
		.try = try_list, .take = take_list_alone,
	}, {
		.name = "netlink", .source = "netlink", .vital = true,
		.gives = "all, once a second",
		.options = "CONFIG_INET_DIAG CONFIG_INET_TCP_DIAG",
		.hook = {{"sock_diag"}},
		.try = try_sock_diag,
	}},
}, {
	.name = "older",
	.what = "connections that were open before tcpsight started",
	.without = "no source can run",
	.rung = {{
		.name = "iterator", .source = "bpf", .vital = true,
		.gives = "all of them, also those that no process holds any more",
		.capabilities = BPF_CAPABILITIES, .options = BPF_OPTIONS,
		.hook = {{"iter/task_file", "scan_files"}, {"iter/tcp", "adopt_netns"}},
		.try = try_programs,
	}, {
		.name = "netlink", .source = "netlink", .vital = true,
		.gives = "those of every network namespace that tcpsight may enter",
		.options = "CONFIG_INET_DIAG CONFIG_INET_TCP_DIAG",
		.hook = {{"sock_diag"}},
		.try = try_sock_diag,
	}},
}, {
	.name = "bare",
	.what = "stat --live: sockets in TIME_WAIT, half-open requests",
	.asked = NEED_BARE, .columns = "sockets in TIME_WAIT, half-open requests",
	.rung = {{
		/* It takes no more than "older" does. */
		.name = "iterator", .source = "bpf", .vital = true,
		.gives = "those of every network namespace that tcpsight may enter",
		.capabilities = BPF_CAPABILITIES, .options = BPF_OPTIONS,
		.hook = {{"iter/tcp", "list_bare"}},
		.try = try_programs,
	}, {
		.name = "netlink", .source = "netlink",
		.gives = "the same",
		.options = "CONFIG_INET_DIAG CONFIG_INET_TCP_DIAG",
		.hook = {{"sock_diag"}},
		.try = try_sock_diag,
	}, NONE("only connections and listeners are listed")},
}, {
	.name = "owner",
	.what = "owners of connections that are older than tcpsight, or were passed to another process",
	.without = "only your own processes are named",
	.rung = {{
		.name = "iterator", .source = "bpf", .vital = true,
		.gives = "the process that has the socket open",
		.capabilities = BPF_CAPABILITIES, .options = BPF_OPTIONS,
		.hook = {{"iter/task_file", "scan_files"}},
		.try = try_programs,
	}, {
		.name = "proc", .source = "netlink",
		.gives = "the same, for connections that last a second or more, if tcpsight may read that process's files",
		.capabilities = "CAP_SYS_PTRACE CAP_DAC_READ_SEARCH",
		.hook = {{"/proc/PID/fd"}},
		.try = try_proc,
	}},
}, {
	.name = "rescan",
	.what = "owners: whether any process opened or closed a socket since they were looked up",
	.rung = {{
		.name = "iterator", .source = "bpf",
		.gives = "no scan of open files where nothing changed, since Linux 5.17",
		.capabilities = BPF_CAPABILITIES, .options = BPF_OPTIONS,
		.hook = {{"iter/task", "sum_files"}},
		.try = try_programs,
	},
	NONE("open files are scanned again every ten seconds")},
}, {
	.name = "accept",
	.what = "the process that accepted a connection",
	.rung = {{
		.name = "fexit", .source = "bpf",
		.gives = "at once",
		.capabilities = BPF_CAPABILITIES, .options = FEXIT_OPTIONS,
		.hook = {{"fexit/inet_csk_accept", "on_accept_2",
			  "struct sock *, struct proto_accept_arg *"},
			 {"fexit/inet_csk_accept", "on_accept_4",
			  "struct sock *, int, int *, bool"}},
		.either = true,
		.try = try_fexit,
	}, {
		.name = "kprobe", .source = "bpf",
		.gives = "at once, for as many processes as wait in accept() at a time",
		.capabilities = BPF_CAPABILITIES, .options = KPROBE_OPTIONS,
		.hook = {{"kretprobe/inet_csk_accept", "on_accept_probe"}},
		/* Its notes are taken over by looks that go by the kernel's list. */
		.not_with = "volume=list",
		.try = try_kretprobe, .take = take_acceptors,
	}, {
		.name = "files", .source = "bpf",
		.gives = "known after the next scan of open files, or when it closes the connection",
		.capabilities = BPF_CAPABILITIES, .options = BPF_OPTIONS,
		.hook = {{"iter/task_file"}},
		.try = try_nothing,
	}, {
		.name = "proc", .source = "netlink",
		.gives = "known after the next scan of /proc",
		.hook = {{"/proc/PID/fd"}},
		.try = try_nothing,
	},
	{
		.name = "none", .source = "bpf",
		.gives = "the process that called listen() is shown until the connection is closed",
		.try = try_nothing,
	}},
}, {
	.name = "looks",
	.what = "how fast all open connections are looked at, where bytes are all that is asked for",
	.asked = NEED_LOOKS,
	.rung = {{
		.name = "list", .source = "bpf",
		.gives = "by a list of tcpsight's own, since Linux 6.2",
		.capabilities = BPF_CAPABILITIES, .options = BPF_OPTIONS,
		.hook = {{"iter/task", "sample_listed"}},
		.not_with = "accept=kprobe",
		.try = try_list, .take = take_list,
	},
	{
		.name = "none", .source = "bpf",
		.gives = "by the kernel's list, which takes several times as long",
		.not_with = "volume=list",
		.try = try_nothing,
	}},
}, {
	.name = "cgroup",
	.what = "cgroup names, --cgroup, --unit, --container",
	.without = "cgroups are shown by number only",
	.rung = {{
		.name = "mount",
		.gives = "paths below the mount point of cgroup v2",
		.options = "CONFIG_CGROUPS", .hook = {{"cgroup v2"}},
		.try = try_cgroup_mount,
	}},
}, {
	.name = "messages",
	.what = "stat: messages sent and received",
	.asked = NEED_CALLS, .columns = "messages_sent and messages_received",
	.rung = {{
		.name = "tracepoint", .source = "bpf",
		.gives = "every call that moved data",
		.capabilities = BPF_CAPABILITIES, .options = BPF_OPTIONS,
		.hook = {{"tp_btf/sock_send_length", "on_send", "struct sock *, int, int"},
			 {"tp_btf/sock_recv_length", "on_receive", "struct sock *, int, int"}},
		.try = try_programs,
	}, {
		.name = "fexit", .source = "bpf",
		.gives = "the same, without those of kTLS",
		.capabilities = BPF_CAPABILITIES, .options = FEXIT_OPTIONS,
		.hook = {{"fexit/tcp_sendmsg", "on_send_exit",
			  "struct sock *, struct msghdr *, size_t"},
			 {"fexit/tcp_recvmsg", "on_receive_exit",
			  "struct sock *, struct msghdr *, size_t, int | "
			  "struct sock *, struct msghdr *, size_t, int, int *"}},
		.try = try_fexit,
	},
	NONE("these columns stay empty")},
}, {
	.name = "packets",
	.what = "stat: packets in and out",
	.asked = NEED_PACKETS, .columns = "in_receives and out_requests",
	.rung = {{
		.name = "cgroup", .source = "bpf",
		.gives = "every packet of a socket, at the IP layer",
		.capabilities = "CAP_BPF CAP_NET_ADMIN",
		.options = "CONFIG_BPF_SYSCALL CONFIG_CGROUP_BPF",
		.hook = {{"cgroup_skb/ingress", "on_packet_in"},
			 {"cgroup_skb/egress", "on_packet_out"}},
		.try = try_cgroup_skb,
	},
	NONE("these columns stay empty")},
}, {
	.name = "resets",
	.what = "stat: resets sent",
	.asked = NEED_RESETS, .columns = "out_rsts",
	.rung = {{
		.name = "tracepoint", .source = "bpf",
		.gives = "every RST, also one that answers a packet for no socket",
		.capabilities = BPF_CAPABILITIES, .options = BPF_OPTIONS,
		.hook = {{"tp_btf/tcp_send_reset", "on_reset", "struct sock *, struct sk_buff *"}},
		.try = try_programs,
	},
	NONE("this column stays empty")},
}, {
	.name = "delacks",
	.what = "stat: delayed acknowledgements",
	.asked = NEED_DELACKS, .columns = "delayed_acks",
	.rung = {{
		.name = "timer", .source = "bpf",
		.gives = "every ACK that the timer sent",
		.capabilities = BPF_CAPABILITIES " CAP_SYSLOG",
		.options = BPF_OPTIONS " CONFIG_KALLSYMS",
		.hook = {{"tp_btf/timer_expire_entry", "on_timer_begin", "struct timer_list *"},
			 {"tp_btf/timer_expire_exit", "on_timer_end", "struct timer_list *"}},
		.try = try_delack_timer, .take = take_delack_timer,
	},
	NONE("this column stays empty")},
}, {
	.name = "ooo",
	.what = "stat: segments that arrived out of order",
	.asked = NEED_OOO, .columns = "ooo_packets",
	.rung = {{
		.name = "field", .source = "bpf",
		.gives = "the kernel's own count, since Linux 5.4",
		.capabilities = BPF_CAPABILITIES, .options = BPF_OPTIONS,
		.hook = {{"tcp_sock.rcv_ooopack"}},
		.try = try_field,
	}, {
		.name = "netlink", .source = "netlink",
		.gives = "the same, as sock_diag tells it",
		.hook = {{"tcp_info.tcpi_rcv_ooopack"}},
		.try = try_tcp_info,
	},
	NONE("this column stays empty")},
}, {
	.name = "timeouts",
	.what = "stat: timeouts, and the time in recovery from them",
	.asked = NEED_RTO, .columns = "rto_total and rto_time_ms",
	.rung = {{
		.name = "field", .source = "bpf",
		.gives = "the kernel's own counts, since Linux 6.7",
		.capabilities = BPF_CAPABILITIES, .options = BPF_OPTIONS,
		.hook = {{"tcp_sock.total_rto"}},
		.try = try_field,
	}, {
		.name = "netlink", .source = "netlink",
		.gives = "the same, as sock_diag tells it",
		.hook = {{"tcp_info.tcpi_total_rto"}},
		.try = try_tcp_info,
	},
	NONE("these columns stay empty")},
}, {
	.name = "causes",
	.what = "causes of retransmissions",
	.asked = NEED_CAUSES, .columns = "causes of retransmission",
	.rung = {{
		.name = "tracepoint", .source = "bpf",
		.gives = "every segment, at the moment it is sent again",
		.capabilities = BPF_CAPABILITIES, .options = BPF_OPTIONS,
		.hook = {{"tp_btf/tcp_retransmit_skb", "on_retransmit",
			  "struct sock *, struct sk_buff *"},
			 {"tp_btf/tcp_retransmit_skb", "on_retransmit_nested",
			  "struct sock *, struct sk_buff *"},
			 {"tp_btf/tcp_retransmit_synack", "on_synack_again",
			  "struct sock *, struct request_sock *"}},
		.try = try_programs, .take = take_causes,
	},
	NONE("these columns stay empty")},
}, {
	.name = "undo",
	.what = "spurious retransmissions",
	.asked = NEED_UNDO, .columns = "retrans_spurious",
	.rung = {{
		.name = "tracepoint", .source = "bpf",
		.gives = "those that the peer reports (DSACK), and those that the kernel undoes",
		.capabilities = BPF_CAPABILITIES, .options = BPF_OPTIONS,
		.hook = {{"tp_btf/tcp_cong_state_set", "on_congestion",
			  "struct sock *, u8 | struct sock *, __u8"}},
		.try = try_programs, .take = take_undo,
	}, {
		.name = "dsack", .source = "bpf",
		.gives = "those that the peer reports (DSACK)",
		.capabilities = BPF_CAPABILITIES, .options = BPF_OPTIONS,
		.hook = {{"tcp_sock.dsack_dups"}},
		.try = try_field,
	}, {
		.name = "netlink", .source = "netlink",
		.gives = "those that the peer reports (DSACK)",
		.hook = {{"tcp_info.tcpi_dsack_dups"}},
		.try = try_tcp_info,
	},
	NONE("this column stays empty")},
}, {
	.name = "icmp",
	.what = "ICMP errors that end an attempt to connect",
	.without = "a failed connect() is shown with its errno alone",
	.asked = NEED_ICMP, .columns = "ICMP errors",
	.rung = {{
		.name = "tracepoint", .source = "bpf",
		.gives = "every error, with its type and code",
		.capabilities = BPF_CAPABILITIES, .options = BPF_OPTIONS,
		.hook = {{"tp_btf/inet_sk_error_report", "on_error", "struct sock *"}},
		.try = try_programs,
	}, {
		.name = "socket", .source = "bpf",
		.gives = "errors of attempts that are waited for, without type and code",
		.capabilities = BPF_CAPABILITIES, .options = BPF_OPTIONS,
		.hook = {{"sock.sk_err_soft"}},
		.try = try_field,
	}},
}, {
	.name = "requests",
	.what = "peek --source bpf: connection requests",
	.asked = NEED_HANDSHAKES, .columns = "connection requests",
	.rung = {{
		.name = "sockops", .source = "bpf",
		.gives = "from their first SYN",
		.capabilities = BPF_CAPABILITIES " CAP_NET_ADMIN",
		.options = BPF_OPTIONS " CONFIG_CGROUP_BPF",
		.hook = {{"sockops", "on_request"},
			 {"tp_btf/tcp_retransmit_synack", "on_synack",
			  "struct sock *, struct request_sock *"}},
		.try = try_sockops,
	}, {
		.name = "tracepoint", .source = "bpf",
		.gives = "from the first SYN/ACK that is sent again",
		.capabilities = BPF_CAPABILITIES, .options = BPF_OPTIONS,
		.hook = {{"tp_btf/tcp_retransmit_synack", "on_synack",
			  "struct sock *, struct request_sock *"}},
		.try = try_programs,
	},
	NONE("requests that fail are not shown")},
}, {
	.name = "refusals",
	.what = "peek --source bpf: whether a RST or ICMP refused, and what listeners drop",
	.asked = NEED_HANDSHAKES, .columns = "reasons of refusals",
	.rung = {{
		.name = "tracepoint", .source = "bpf",
		.gives = "every RST that is accepted, every packet that is dropped",
		.capabilities = BPF_CAPABILITIES, .options = BPF_OPTIONS,
		.hook = {{"tp_btf/tcp_receive_reset", "on_reset_received", "struct sock *"},
			 {"tp_btf/kfree_skb", "on_drop", "struct sk_buff *"}},
		.try = try_programs,
	},
	NONE("a refused connection is shown without its reason")},
}, {
	.name = "queues",
	.what = "peek --source bpf: queues of listeners",
	.without = "queues are not shown",
	.asked = NEED_HANDSHAKES, .columns = "queues of listeners",
	.rung = {{
		.name = "iterator", .source = "bpf",
		.gives = "all, once a second",
		.capabilities = BPF_CAPABILITIES, .options = BPF_OPTIONS,
		.hook = {{"iter/bpf_sk_storage_map", "sample_listeners"}},
		.not_with = "volume=list",
		.try = try_iterator,
	}, {
		.name = "list", .source = "bpf",
		.gives = "all, once a second, by a list of tcpsight's own",
		.capabilities = BPF_CAPABILITIES, .options = BPF_OPTIONS,
		.hook = {{"iter/task", "sample_listed"}},
		.not_with = "volume=iterator",
		.try = try_list,
	}},
}, {
	.name = "capture",
	.what = "peek, -i: packets",
	.without = "only capture files can be read",
	.rung = {{
		.name = "ebpf", .source = "pcap",
		.gives = "peek: the packets of handshakes, and no others",
		.capabilities = "CAP_NET_RAW " BPF_CAPABILITIES,
		.options = "CONFIG_PACKET CONFIG_BPF_SYSCALL",
		.hook = {{"AF_PACKET"}, {"SO_ATTACH_BPF"}},
		.try = try_handshake_filter,
	}, {
		.name = "classic", .source = "pcap",
		.gives = "peek: the packets of handshakes, and ACKs without data",
		.capabilities = "CAP_NET_RAW", .options = "CONFIG_PACKET", .hook = {{"AF_PACKET"}},
		.try = try_packet_socket,
	}, {
		.name = "all", .source = "pcap",
		.gives = "all TCP packets, as life and top need them; checksums are verified",
		.capabilities = "CAP_NET_RAW", .options = "CONFIG_PACKET", .hook = {{"AF_PACKET"}},
		.try = try_packet_socket,
	}},
}, {
	.name = "close",
	.what = "top --allow-kill: closing a connection",
	.rung = {{
		.name = "netlink", .source = OF_SCREEN,
		.gives = "any connection of tcpsight's network namespace",
		.capabilities = "CAP_NET_ADMIN", .options = "CONFIG_INET_DIAG_DESTROY",
		.hook = {{"SOCK_DESTROY"}},
		.try = try_destroy,
	},
	NONE("K on the screen closes nothing")},
}, {
	.name = "sandbox",
	.what = "sandbox, once all probes are attached",
	.without = "user and capabilities are dropped all the same",
	.rung = {{
		.name = "seccomp",
		.gives = "only the system calls that the command needs are allowed",
		.options = "CONFIG_SECCOMP CONFIG_SECCOMP_FILTER", .hook = {{"seccomp"}},
		.try = try_seccomp,
	}},
},
};
/* clang-format on */
const size_t ladder_count = sizeof(ladder) / sizeof(ladder[0]);
