// SPDX-License-Identifier: BSD-2-Clause
/* How an agent is: /api/v1/status. */
#pragma once

struct agent;
struct out;

void agent_put_status(const struct agent *a, struct out *out);
