// SPDX-License-Identifier: BSD-2-Clause
#pragma once

/*
 * Give up what is no longer needed once all probes are attached: root becomes nobody, all
 * capabilities go but CAP_BPF (kernels before 5.19 ask for it when an iterator is started), and
 * none can be regained. Returns 0 or -errno, logged.
 */
int sandbox_enter(void);
