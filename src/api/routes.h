// SPDX-License-Identifier: BSD-2-Clause
#pragma once

struct api;

/* Tell the server of all endpoints. */
void routes_add(struct api *api);
