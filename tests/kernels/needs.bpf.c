// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * One program for each thing that the bpf source asks of every kernel, and for what might stand in for
 * it on a kernel that has it not. Nothing runs them: tests/verify says which ones a kernel takes, and
 * doc/kernels.md shows its words. `optional`, as verify tells it: a stand-in, that no kernel must have.
 */
#include "bpf/kernel.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, __u64);
} storage SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, __u64);
} by_address SEC(".maps");

/* As user space would set it on a kernel without. */
const volatile __u8 may_exchange = 0;

/* Keeps what was read: else the compiler would drop the reading. */
static __always_inline void keep(__u64 key, __u64 value)
{
	bpf_map_update_elem(&by_address, &key, &value, BPF_ANY);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(socket_storage, struct sock *sk)
{
	__u64 *value = bpf_sk_storage_get(&storage, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);

	if (value)
		*value = 1;
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(atomic_exchange, struct sock *sk)
{
	__u64 key = (__u64)sk, *value = bpf_map_lookup_elem(&by_address, &key);

	if (value && !__sync_lock_test_and_set(value, 1))
		keep(0, 1);
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(socket_cookie, struct sock *sk)
{
	keep(bpf_get_socket_cookie(sk), 1);
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(running_task, struct sock *sk)
{
	struct task_struct *task = bpf_get_current_task_btf();

	keep((__u64)sk, (__u64)task->tgid);
	return 0;
}

SEC("iter/task_file")
int socket_of_file(struct bpf_iter__task_file *ctx)
{
	struct file *file = ctx->file;
	struct socket *socket = file ? bpf_sock_from_file(file) : 0;

	if (socket && socket->sk)
		keep((__u64)socket->sk, 1);
	return 0;
}

SEC("iter/bpf_sk_storage_map")
int storage_iterator(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	struct sock *sk = ctx->sk;

	if (sk)
		keep((__u64)sk, sk->__sk_common.skc_state);
	return 0;
}

SEC("?tp_btf/inet_sock_set_state")
int BPF_PROG(exchange_not_reached, struct sock *sk)
{
	__u64 key = (__u64)sk, *value = bpf_map_lookup_elem(&by_address, &key);

	if (may_exchange && value && !__sync_lock_test_and_set(value, 1))
		keep(0, 1);
	return 0;
}

SEC("?tp_btf/inet_sock_set_state")
int BPF_PROG(hash_by_address, struct sock *sk, int old, int new)
{
	__u64 key = (__u64)sk, value = (__u64)new;

	bpf_map_update_elem(&by_address, &key, &value, BPF_NOEXIST);
	return 0;
}

SEC("?iter/bpf_map_elem")
int socket_of_hash(struct bpf_iter__bpf_map_elem *ctx)
{
	__u64 *key = ctx->key;
	struct tcp_sock *tp = key ? bpf_skc_to_tcp_sock((void *)*key) : 0;

	if (tp)
		keep((__u64)tp, tp->bytes_received);
	return 0;
}

SEC("?iter/tcp")
int hash_beside_sockets(struct bpf_iter__tcp *ctx)
{
	struct sock_common *skc = ctx->sk_common;
	struct tcp_sock *tp = skc ? bpf_skc_to_tcp_sock(skc) : 0;

	if (tp)
		keep((__u64)tp, tp->bytes_received);
	return 0;
}

SEC("?sockops")
int cookie_in_sockops(struct bpf_sock_ops *ctx)
{
	keep(bpf_get_socket_cookie(ctx), 1);
	return 1;
}
