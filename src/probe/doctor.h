// SPDX-License-Identifier: BSD-2-Clause
#pragma once

/* `tcpsight doctor [--json]`: what is used, what this kernel offers, what is missing and why. */
int doctor_main(int argc, char **argv);
