// SPDX-License-Identifier: BSD-2-Clause
#pragma once
#include <stdint.h>

/*
 * Give up what is no longer needed once all probes are attached and files are open: root becomes
 * nobody, all capabilities go but those of `keep` (1 << CAP_*) that we have, and none can be
 * regained. Returns 0 or -errno, logged.
 */
int sandbox_enter(uint64_t keep);
