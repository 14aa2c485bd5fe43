// SPDX-License-Identifier: BSD-2-Clause
#pragma once

struct question;

/* `tcpsight ship`: returns an exit status. */
int ship_run(struct question *question, const char *program);
