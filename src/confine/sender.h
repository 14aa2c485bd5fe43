// SPDX-License-Identifier: BSD-2-Clause
/* What is left to a process that talks to one server, and has no privileges any more. */
#pragma once

/* Nobody of the same user looks into our memory, where tokens and keys are; nor does a core keep
 * it. */
void confine_secrets(void);

/*
 * From here on it only finds the server's name, connects to `port` ("443") of it, and uses what is
 * open. Libraries must be loaded by now. What this kernel cannot do is left out.
 */
void confine_sender(const char *port);
