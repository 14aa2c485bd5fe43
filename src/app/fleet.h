// SPDX-License-Identifier: BSD-2-Clause
#pragma once

struct question;

/* `tcpsight fleet`: returns an exit status. */
int fleet_run(struct question *question, const char *program);
