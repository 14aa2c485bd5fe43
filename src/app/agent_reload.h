// SPDX-License-Identifier: BSD-2-Clause
#pragma once
#include <stdbool.h>

struct all_asked;

/*
 * Read the file of an agent again, and take over what can change while it runs. What cannot is told
 * and stays; a file with a mistake, all of which are told, changes nothing. Returns whether it was
 * taken.
 */
bool agent_reload(struct all_asked *asked);
