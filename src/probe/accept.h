// SPDX-License-Identifier: BSD-2-Clause
/* Owners at accept(): may programs run there on this kernel, and which of ours fits? */
#pragma once

struct btf;
struct tcp;

/* Try a program that does nothing at the exit of inet_csk_accept(). 0 or -errno. */
int accept_try(const struct btf *kernel);

/* Have the program loaded whose arguments are this kernel's, if any may run there. */
void accept_choose(struct tcp *skeleton);
