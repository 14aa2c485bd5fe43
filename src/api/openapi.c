// SPDX-License-Identifier: BSD-2-Clause
/*
 * /api/v1/openapi.json: what may be asked, and what is answered, for programs that make clients of it.
 * openapi.json beside this file is all but the lists that tables hold: columns and counters are
 * written from those, so none can be missing.
 */
#include <string.h>

#include "api/answer.h"
#include "engine/column.h"
#include "engine/counter.h"
#include "serve/http.h"
#include "util/out.h"

__asm__(".section .rodata\n"
	".global openapi_text\n"
	"openapi_text:\n"
	".incbin \"src/api/openapi.json\"\n"
	".byte 0\n"
	".previous\n");
extern const char openapi_text[];

/* What has a unit is a number; of others no table says what they can be. */
static void put_property(struct out *out, const char *name, const char *help, bool is_quantity,
			 bool is_later)
{
	out_format(out, "%s\"%s\":{\"$ref\":\"#/components/schemas/%s\",\"description\":",
		   is_later ? ",\n" : "", name, is_quantity ? "quantity" : "value");
	out_json_string(out, help, strlen(help));
	out_char(out, '}');
}

static void put_columns(struct out *out)
{
	for (size_t i = 0; i < column_count; i++)
		put_property(out, columns[i].name, columns[i].help, columns[i].unit[0], i);
}

static void put_counters(struct out *out)
{
	bool is_later = false;

	for (int i = 0; i < COUNTER_COUNT; i++) {
		if (counters[i].kind != HOST)
			continue;
		put_property(out, counters[i].name, counters[i].meaning, true, is_later);
		is_later = true;
	}
}

static void put_version(struct out *out)
{
	out_str(out, VERSION);
}

static const struct {
	const char *mark;
	void (*put)(struct out *out);
} parts[] = {
	{"\"@columns\": {}", put_columns},
	{"\"@counters\": {}", put_counters},
	{"@version", put_version},
};

void answer_openapi(void *context, struct http_request *q)
{
	const char *rest = openapi_text;
	struct out out;

	(void)context;
	answer_begin(&out);
	while (*rest) {
		const char *next = rest + strlen(rest);
		size_t found = 0, count = sizeof(parts) / sizeof(parts[0]);

		for (size_t i = 0; i < count; i++) {
			const char *at = strstr(rest, parts[i].mark);

			if (at && at < next) {
				next = at;
				found = i + 1;
			}
		}
		out_mem(&out, rest, (size_t)(next - rest));
		rest = next;
		if (!found)
			continue;
		parts[found - 1].put(&out);
		rest += strlen(parts[found - 1].mark);
	}
	answer_json(q, &out);
}
