// SPDX-License-Identifier: BSD-2-Clause
#include "cli/common_options.h"

#include "engine/settings.h"

#define AT(field) offsetof(struct settings, field)

const struct option_def common_options[] = {
	{'p', "pid", OPTION_UINT, AT(pid), "PID", "only flows that this process owns",
	 .min = 1, .max = UINT32_MAX, .also_offset = AT(by_pid)},
	{'4', "ipv4", OPTION_FLAG, AT(only_v4), NULL, "only IPv4 (v4-mapped flows included)",
	 .excludes = '6'},
	{'6', "ipv6", OPTION_FLAG, AT(only_v6), NULL, "only IPv6", .excludes = '4'},
	{'L', "localport", OPTION_PORTS, AT(lports), "PORTS", "only these local ports: 22,80"},
	{'D', "remoteport", OPTION_PORTS, AT(rports), "PORTS", "only these remote ports"},
	{0, "cgroup", OPTION_TEXT, AT(cgroup), "PATH",
	 "only sockets of this cgroup v2 and those below it"},
	{0, "netns", OPTION_TEXT, AT(netns), "NAME|INODE", "only this network namespace"},
	{0, "cgroupmap", OPTION_TEXT, AT(cgroup_map), "PATH",
	 "only cgroups whose number is a key of this pinned BPF map"},
	{0, "mntnsmap", OPTION_TEXT, AT(mntns_map), "PATH",
	 "only mount namespaces that are keys of this pinned BPF map"},
	{0, "where", OPTION_TEXT, AT(where), "FILTER",
	 "a filter in tcpdump's language: local is src, remote is dst"},
	{'o', "columns", OPTION_TEXT, AT(columns), "LIST", "these columns; -o help lists all"},
	{0, "sort", OPTION_TEXT, AT(sort), "COLUMN", "rank by this column"},
	{0, "rows", OPTION_UINT, AT(rows), "N", "at most so many rows", .min = 1, .max = 10000000},
	{0, "json", OPTION_FLAG, AT(json), NULL, "one JSON object a line, a summary last"},
	{0, "csv", OPTION_FLAG, AT(csv), NULL, "comma-separated values"},
	{0, "duration", OPTION_UINT, AT(duration_s), "SEC", "end after so many seconds",
	 .min = 1, .max = 31536000},
	{0, "strict", OPTION_FLAG, AT(strict), NULL, "exit with status 4 if anything was lost"},
	{0, "source", OPTION_TEXT, AT(source), "NAME", "where to watch TCP; default: the best"},
	{0, "rung", OPTION_TEXT, AT(rungs), "NEED=RUNG,...",
	 "how to get what is needed; \"tcpsight doctor\" lists the words"},
	{0, "read", OPTION_TEXT, AT(read_path), "FILE", "read this capture (pcap, pcapng) or text of events; -: stdin"},
	{'i', "interface", OPTION_TEXT, AT(interface), "DEV", "capture packets on DEV (or any) instead"},
	{0, "local", OPTION_TEXT, AT(local), "NETS",
	 "of packets: these are local; default: the host's, in a file whoever connects"},
	{0, "ring", OPTION_UINT, AT(ring_kib), "KIB", "size of the event buffer; default 4096 (stat, netlink: 16384)",
	 .min = 1, .max = 1048576},
	{0, "max-flows", OPTION_UINT, AT(max_flows), "N", "remember so many flows; default 262144",
	 .min = 1, .max = 16777216},
	{'v', "verbose", OPTION_FLAG, AT(verbose), NULL, "more messages on stderr"},
	{'h', "help", OPTION_HELP, 0, NULL, "this text"},
	{0, "usage", OPTION_HELP, 0, NULL, "the same"},
	{0, "ebpf", OPTION_EBPF, 0, NULL, NULL},
	{'V', "version", OPTION_VERSION, 0, NULL, "version, licence"},
};
const size_t common_option_count = sizeof(common_options) / sizeof(common_options[0]);
