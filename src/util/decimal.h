// SPDX-License-Identifier: BSD-2-Clause
/* Whole numbers as text: most of what a row is made of. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Digits of the largest number. */
#define DECIMAL_MAX 20

/* Write `n` to `to`, without an end; returns how many digits, DECIMAL_MAX at most. */
size_t decimal_put(char *to, uint64_t n);
