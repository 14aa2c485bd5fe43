// SPDX-License-Identifier: BSD-2-Clause
#pragma once

/* Words for the enums of abi/event.h, as printed. */
const char *state_name(unsigned state);
const char *end_reason_name(unsigned reason);
const char *outcome_name(unsigned outcome);
const char *direction_name(unsigned directions);
const char *role_name(unsigned role);
const char *owner_source_name(unsigned source);
const char *seen_name(unsigned seen);
