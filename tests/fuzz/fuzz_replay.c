// SPDX-License-Identifier: BSD-2-Clause
/* Lines of a recording: whatever they hold, they are parsed or refused at a place in the line. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "engine/flow_table.h"
#include "source/replay_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct flow flow = {.id = 1};
	struct ev_extra extra = {0};
	struct replay_line line;
	const char *why;
	char text[2000];
	size_t at;
	int n;

	if (size >= sizeof(text))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	n = replay_line_parse(text, &line, &why, &at);
	assert(n == 1 || n == 0 || (n < 0 && why && at <= strlen(text)));
	if (n == 1)
		replay_line_apply(&line, &flow, &extra);
	return 0;
}
