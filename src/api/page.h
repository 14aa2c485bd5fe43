// SPDX-License-Identifier: BSD-2-Clause
#pragma once

struct api;

/* Tell the server of the page. */
void page_add(struct api *api);
