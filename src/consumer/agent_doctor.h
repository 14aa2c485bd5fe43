// SPDX-License-Identifier: BSD-2-Clause
/*
 * /api/v1/doctor: what `tcpsight doctor --json` says of this machine. To find it out takes privileges,
 * which an agent gives up: so the command itself is run once at the start, beside us, and its words
 * are kept.
 */
#pragma once

struct agent_doctor;
struct http_request;

/* Run it; nobody waits for it. Gives, never NULL; free with agent_doctor_free(). */
struct agent_doctor *agent_doctor_new(void);
void agent_doctor_free(struct agent_doctor *d); /* accepts NULL */

/* 503 while it is still at work, and if it failed, or `d` is NULL. */
void agent_doctor_answer(struct agent_doctor *d, struct http_request *q);
