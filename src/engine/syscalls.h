// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a part of the program asks of the kernel once it runs. Whoever asks says so with these, as
 * data; confine/syscall_filter.c makes rules of them. What each part needs before that, while probes
 * are attached and files opened, is not counted: nothing is filtered yet.
 *
 * Without any: memory, time, reading and writing what is open, and to end.
 */
#pragma once

enum syscalls {
	SYSCALLS_LOOP = 1,	 /* wait for events, timers and signals */
	SYSCALLS_FILES = 2,	 /* open files, folders and links, to read them */
	SYSCALLS_TERMINAL = 4,	 /* the size of its window */
	SYSCALLS_BPF_MAPS = 8,	 /* look up in maps that are open */
	SYSCALLS_BPF = 16,	 /* the same, run iterators whose links are open, wait for programs */
	SYSCALLS_BPF_TAKE = 32,	 /* take out of such maps what programs left there */
	SYSCALLS_NETLINK = 64,	 /* ask and hear on netlink sockets that are open */
	SYSCALLS_CAPTURE = 128,	 /* take packets from a socket that is open, and count them */
	SYSCALLS_SERVE = 256,	 /* answer clients of a UNIX socket that listens; remove its file */
	SYSCALLS_SYSLOG = 512,	 /* connect to syslog, again if it was restarted */
	SYSCALLS_CHILD = 1024,	 /* learn how a child ended */
	SYSCALLS_KPROBE = 2048,	 /* take down a kprobe */
	SYSCALLS_RECORD = 4096,	 /* make, write and remove files of a directory, in threads */
	SYSCALLS_FETCH = 262144,	 /* find servers by name and talk to them, in threads */
	SYSCALLS_KEYS = 65536,	 /* a terminal's keys: its modes, and the size of its window */
	SYSCALLS_SAVE = 131072,	 /* make files that were not there, and write them */
	SYSCALLS_CUT = 8192,	 /* cut off the end of a file that is open */
	SYSCALLS_HTTP = 16384,	 /* serve HTTP on sockets that listen; ask the kernel whose the other end is */
	SYSCALLS_PUSH = 32768,	 /* hand bodies to a process that sends them */
};
