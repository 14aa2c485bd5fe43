// SPDX-License-Identifier: BSD-2-Clause
/* Which build this is: what a report of a fault needs, and what debug symbols are found by. */
#include <bpf/libbpf.h>
#include <elf.h>
#include <jansson.h>
#include <link.h>
#define PCAP_DONT_INCLUDE_PCAP_BPF_H /* its struct bpf_insn is not the kernel's */
#include <pcap/pcap.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "cli/help.h"
#include "build.h"

#ifndef VERSION
#error "VERSION comes from the Makefile"
#endif

#ifdef STATIC
#define LINKED "static"
#else
#define LINKED "dynamic"
#endif

#ifdef __clang__
#define COMPILER __VERSION__
#else
#define COMPILER "gcc " __VERSION__
#endif

struct build_id {
	char text[2 * 64 + 1];
};

static void read_notes(const char *note, size_t size, struct build_id *id)
{
	const ElfW(Nhdr) * header;
	size_t name_size, value_size;

	for (; size >= sizeof(*header); note += sizeof(*header) + name_size + value_size,
					size -= sizeof(*header) + name_size + value_size) {
		header = (const void *)note;
		name_size = (header->n_namesz + 3u) & ~3u;
		value_size = (header->n_descsz + 3u) & ~3u;
		if (name_size + value_size > size - sizeof(*header))
			return;
		if (header->n_type != NT_GNU_BUILD_ID || header->n_namesz != sizeof("GNU") ||
		    memcmp(header + 1, "GNU", sizeof("GNU")) != 0)
			continue;
		for (size_t i = 0; i < header->n_descsz && i < 64; i++)
			snprintf(id->text + 2 * i, 3, "%02x",
				 (unsigned char)((const char *)(header + 1))[name_size + i]);
		return;
	}
}

/* The program itself is told first; the libraries behind it are not looked at. */
static int find_build_id(struct dl_phdr_info *info, size_t size, void *context)
{
	(void)size;
	for (size_t i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_NOTE)
			read_notes((const char *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr),
				   info->dlpi_phdr[i].p_memsz, context);
	return 1;
}

/* Libraries may have been exchanged since; not all of them tell. */
static void print_loaded(void)
{
	const struct scmp_version *seccomp = seccomp_version();
	char pcap[32] = "";

	sscanf(pcap_lib_version(), "libpcap version %31s", pcap);
	printf("loaded: libbpf %d.%d, libseccomp %u.%u.%u, jansson %s, zlib %s, libzstd %s, libpcap %s\n",
	       libbpf_major_version(), libbpf_minor_version(), seccomp->major, seccomp->minor,
	       seccomp->micro, jansson_version_str(), zlibVersion(), ZSTD_versionString(), pcap);
}

void help_print_version(void)
{
	struct build_id id = {.text = "unknown"};

	dl_iterate_phdr(find_build_id, &id);
	printf("tcpsight " VERSION " (BSD-2-Clause; BPF programs dual BSD/GPL)\n"
	       "build: %s, " COMPILER ", " BUILD_TARGET ", " LINKED "\n"
	       "built with: " BUILD_LIBRARIES "\n",
	       id.text);
	print_loaded();
}
