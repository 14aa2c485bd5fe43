// SPDX-License-Identifier: BSD-2-Clause
#include "probe/doctor.h"
int doctor_main(int argc, char **argv)
{
	(void)argc; (void)argv;
	return 0;
}
