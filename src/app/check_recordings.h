// SPDX-License-Identifier: BSD-2-Clause
#pragma once

struct watch;

/*
 * Look through the recordings that watch->reads names, or those of the usual directory, and print what
 * was found. Returns an exit status: RUN_LOSS if anything is damaged or missing.
 */
int check_recordings(const struct watch *watch);
