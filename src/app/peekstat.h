// SPDX-License-Identifier: BSD-2-Clause
#pragma once

/*
 * `tcpsight peekstat`, also as tcpeekstat: asks a running peek for its counters and prints them, or
 * hands them to gmetric. `program` is what messages begin with. Returns an exit status.
 */
int peekstat_main(const char *program, int argc, char **argv);
