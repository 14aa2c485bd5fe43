// SPDX-License-Identifier: BSD-2-Clause
#pragma once

/* `tcpsight doctor [--json | --ladder]`: the ladder on this machine, or the words of it. */
int doctor_main(int argc, char **argv);
