// SPDX-License-Identifier: BSD-2-Clause
/*
 * The part of the user's filter that the kernel can apply to a dump, as a program for its
 * inet_diag filter machine (struct inet_diag_bc_op): ports and family. The engine's filter still
 * has the last word.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct settings;

/* The most ports of one side that are worth telling the kernel. */
#define CODE_PORTS_MAX 64
#define CODE_BYTES_MAX (2 * CODE_PORTS_MAX * 16 + 16)

/* Compile into `code` of CODE_BYTES_MAX bytes. Returns the length; 0: nothing can be told. */
size_t code_compile(const struct settings *settings, void *code);
