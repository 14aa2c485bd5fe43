// SPDX-License-Identifier: BSD-2-Clause
/* Unaligned loads of network-order integers. The caller has checked the bounds. */
#pragma once
#include <stdint.h>

static inline uint16_t load_be16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t load_be32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}
