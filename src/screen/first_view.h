/* SPDX-License-Identifier: BSD-2-Clause */
/* What the screen shows first: as the command line says, or as it comes. */
#pragma once

struct question;
struct screen;

/* A filter that is no mistake becomes the screen's, and is taken out of `q`. */
void first_view_set(struct screen *s, struct question *q);
