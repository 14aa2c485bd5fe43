/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The kernel's types, declared by hand: only the fields that we read, flat where the kernel nests
 * anonymous structs and unions (libbpf looks through them). preserve_access_index makes libbpf
 * patch every offset for the running kernel, so the build needs no BTF and no kernel headers of
 * the host. A field whose shape changed between versions has a ___flavour twin.
 */
#pragma once
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

typedef _Bool bool;
#define false 0
#define true 1

#ifndef barrier
#define barrier() asm volatile("" ::: "memory")
#endif

#define AF_INET 2
#define AF_INET6 10
#define IPPROTO_TCP 6
#define PF_EXITING 0x00000004
#define PF_IO_WORKER 0x00000010
#define PF_KTHREAD 0x00200000
#define SHUTDOWN_BOTH 3
#define SOCK_STREAM 1
/* enum sock_flags: set by tcp_fin() once the peer's FIN is in sequence. */
#define SOCK_DONE 1

#define EADDRNOTAVAIL_ 99
#define ECONNABORTED_ 103
#define EPIPE_ 32
#define ENETUNREACH_ 101
#define ECONNRESET_ 104
#define ETIMEDOUT_ 110
#define ECONNREFUSED_ 111

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct in6_addr {
	__u8 in6_u[16];
};

struct ns_common {
	unsigned int inum;
};

struct netns_ipv4 {
	__u8 sysctl_tcp_synack_retries;
};

struct net {
	struct ns_common ns;
	struct netns_ipv4 ipv4;
	__u64 net_cookie;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct kernfs_node {
	__u64 id;
};

struct cgroup {
	struct kernfs_node *kn;
};

struct sock_cgroup_data {
	struct cgroup *cgroup;
};

typedef struct {
	__s64 counter;
} atomic64_t;

struct sock_common {
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	volatile unsigned char skc_state;
	int skc_bound_dev_if;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
	possible_net_t skc_net;
	atomic64_t skc_cookie;
	unsigned long skc_flags;
	unsigned char skc_reuseport : 1;
};

typedef struct {
	__u32 val;
} kuid_t;

typedef struct {
	int counter;
} atomic_t;

struct hlist_node {
	struct hlist_node **pprev;
};

struct timer_list {
	struct hlist_node entry;
	unsigned long expires;
	void *function;
};

struct sk_buff;

struct sk_buff_head {
	struct sk_buff *prev;
	__u32 qlen;
};

/* As x86 and arm64 have it; a real-time kernel has no `rlock`, and s390x no `val`. */
struct qspinlock {
	atomic_t val;
};

struct raw_spinlock {
	struct qspinlock raw_lock;
};

struct spinlock {
	struct raw_spinlock rlock;
};

typedef struct {
	struct spinlock slock;
	int owned;
} socket_lock_t;

struct sock {
	struct sock_common __sk_common;
	socket_lock_t sk_lock;
	struct sk_buff_head sk_error_queue;
	atomic_t sk_drops;
	struct {
		atomic_t rmem_alloc;
	} sk_backlog;
	int sk_wmem_queued;
	int sk_forward_alloc;
	int sk_rcvbuf;
	int sk_sndbuf;
	unsigned long sk_pacing_rate;
	void *sk_user_data;
	__u32 sk_ack_backlog;
	__u32 sk_max_ack_backlog;
	struct timer_list sk_timer;
	struct timer_list tcp_retransmit_timer;
	int sk_err;
	int sk_err_soft;
	__u8 sk_shutdown;
	__u16 sk_protocol;
	kuid_t sk_uid;
	struct sock_cgroup_data sk_cgrp_data;
};

struct sk_psock {
	struct sock *sk;
};

struct inet_sock {
	struct sock sk;
	__be16 inet_sport;
};

struct tcp_congestion_ops {
	char name[16];
};

struct request_sock_queue {
	__u8 rskq_defer_accept;
};

struct request_sock {
	struct sock_common __req_common;
	__u8 syncookie : 1;
	__u8 num_timeout : 7;
	struct timer_list rsk_timer;
	__u32 timeout;
};

struct inet_request_sock {
	struct request_sock req;
	__u16 acked : 1;
};

struct tcp_request_sock {
	struct inet_request_sock req;
	__u64 snt_synack;
};

struct inet_connection_sock {
	struct inet_sock icsk_inet;
	struct request_sock_queue icsk_accept_queue;
	struct timer_list icsk_retransmit_timer;
	struct timer_list icsk_keepalive_timer;
	struct timer_list icsk_delack_timer;
	unsigned long icsk_timeout;
	__u32 icsk_rto;
	__u32 icsk_pmtu_cookie;
	const struct tcp_congestion_ops *icsk_ca_ops;
	void *icsk_ulp_data;
	__u8 icsk_ca_state : 5;
	__u8 icsk_retransmits;
	__u8 icsk_pending;
	__u8 icsk_backoff;
	__u8 icsk_syn_retries;
	__u8 icsk_probes_out;
	struct {
		__u32 lrcvtime;
	} icsk_ack;
};

struct minmax_sample {
	__u32 t;
	__u32 v;
};

struct minmax {
	struct minmax_sample s[3];
};

struct mptcp_subflow_context {
	struct sock *conn;
};

struct tcp_options_received {
	int ts_recent_stamp;
};

struct tcp_sock {
	struct inet_connection_sock inet_conn;
	struct tcp_options_received rx_opt;
	__u64 bytes_received;
	__u64 bytes_acked;
	__u64 bytes_sent;
	__u64 bytes_retrans;
	__u32 snd_una;
	__u32 snd_nxt;
	__u32 write_seq;
	__u32 srtt_us;
	__u32 total_retrans;
	struct minmax rtt_min;
	__u32 segs_in;
	__u32 segs_out;
	__u32 data_segs_in;
	__u32 data_segs_out;
	__u32 mdev_us;
	__u32 snd_cwnd;
	__u32 snd_ssthresh;
	__u32 mss_cache;
	__u32 reordering;
	__u32 reord_seen;
	__u32 dsack_dups;
	__u32 rcv_ooopack;
	__u32 rto_stamp;
	__u16 total_rto;
	__u32 total_rto_time;
	__u32 lost_out;
	__u32 sacked_out;
	__u32 packets_out;
	__u32 snd_wnd;
	__u32 rcv_wnd;
	__u32 max_window;
	__u32 lsndtime;
	__u32 rcv_tstamp;
	struct {
		__u32 rtt_us;
	} rcv_rtt_est;
	__u32 delivered;
	__u32 delivered_ce;
	__u32 rate_delivered;
	__u32 rate_interval_us;
	__u32 rcv_nxt;
	__u32 copied_seq;
	__u32 chrono_start;
	__u32 chrono_stat[3];
	__u32 undo_marker;
	bool is_mptcp;
	__u8 syn_data : 1;
	__u8 syn_data_acked : 1;
	__u8 nonagle : 4;
	__u8 is_cwnd_limited : 1;
	__u8 chrono_type : 2;
	__u8 rate_app_limited : 1;
	__u8 ecn_flags;
};

struct net_device {
	possible_net_t nd_net;
};

struct sk_buff {
	struct net_device *dev;
	__be16 protocol;
	__u16 network_header;
	__u16 transport_header;
	unsigned char *head;
	unsigned char *data;
	char cb[48];
};

/* What TCP keeps in cb. */
struct tcp_skb_cb {
	__u16 tcp_gso_segs;
	__u8 sacked;
};

struct sock_extended_err {
	__u32 ee_errno;
	__u8 ee_origin;
	__u8 ee_type;
	__u8 ee_code;
};

/* Lies in sk_buff.cb. */
struct sock_exterr_skb {
	struct sock_extended_err ee;
};

struct socket {
	short type;
	struct sock *sk;
};

struct file {
	const void *f_op;
	void *private_data;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct seq_file;
struct bpf_map;

struct mnt_namespace {
	struct ns_common ns;
};

struct nsproxy {
	struct mnt_namespace *mnt_ns;
};

struct task_struct {
	unsigned int flags;
	int pid;
	int tgid;
	char comm[16];
	struct task_struct *group_leader;
	struct files_struct *files;
	struct nsproxy *nsproxy;
};

/* Where each architecture keeps the number of the system call that a task is in. */
struct pt_regs___x86 {
	unsigned long orig_ax;
};

struct pt_regs___arm64 {
	int syscallno;
};

struct pt_regs___s390 {
	unsigned int int_code;
};

/* The kernel's own list of kfuncs that its verifier knows; this one came with Linux 6.2. */
enum special_kfunc_type {
	KF_bpf_rdonly_cast,
};

struct bpf_iter_meta {
	struct seq_file *seq;
	__u64 session_id;
	__u64 seq_num;
};

struct bpf_iter__tcp {
	struct bpf_iter_meta *meta;
	struct sock_common *sk_common;
	unsigned int uid;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u32 fd;
	struct file *file;
};

struct bpf_iter__bpf_map_elem {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	void *key;
	void *value;
};

struct bpf_iter__bpf_sk_storage_map {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	struct sock *sk;
	void *value;
};

#pragma clang attribute pop

/* `object` is returned, as a pointer to a type that may only be read. */
extern void *bpf_rdonly_cast(const void *object, __u32 type_id) __ksym __weak;
