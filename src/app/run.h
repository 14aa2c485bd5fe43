// SPDX-License-Identifier: BSD-2-Clause
#pragma once

struct question;
struct report;

/*
 * Answer a question, and those of its watch's --also, to the end; `program` is what messages begin
 * with. Returns an exit status.
 */
int run_report(const struct report *report, struct question *question, const char *program);
