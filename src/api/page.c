// SPDX-License-Identifier: BSD-2-Clause
/* The live page, as the files of src/page/ are: part of the program, so that it needs nothing else. */
#include "api/page.h"

#include <stddef.h>
#include <stdint.h>

#include "api/state.h"
#include "consumer/agent.h"
#include "serve/http.h"

#define FILE_OF(name, path)                          \
	__asm__(".section .rodata\n"                 \
		".global page_" #name "\n"            \
		".global page_" #name "_end\n"        \
		"page_" #name ":\n"                   \
		".incbin \"" path "\"\n"              \
		"page_" #name "_end:\n"               \
		".byte 0\n"                           \
		".previous\n");                       \
	extern const char page_##name[], page_##name##_end[]

#define SCRIPTS(X)                                                                              \
	X(ask) X(charts) X(detail) X(edges) X(page) X(past) X(spark)                            \
	X(state) X(stream) X(sums) X(table) X(text) X(wrong)
#define SCRIPT(name) FILE_OF(name, "src/page/" #name ".js");

FILE_OF(html, "src/page/index.html");
FILE_OF(css, "src/page/page.css");
SCRIPTS(SCRIPT)

struct file {
	const char *path, *type, *data, *end;
};

#define FILE_AT(path, type, name) {path, type, page_##name, page_##name##_end}
#define SCRIPT_AT(name) FILE_AT("/" #name ".js", "text/javascript; charset=utf-8", name),

/* The path "/" is above all others: what nobody else answers comes there. */
static const struct file files[] = {
	FILE_AT("/", "text/html; charset=utf-8", html),
	FILE_AT("/page.css", "text/css; charset=utf-8", css),
	SCRIPTS(SCRIPT_AT)
};

static void answer_file(void *context, struct http_request *q)
{
	const struct file *f = context;

	if (f == files && *http_rest(q))
		http_problem(q, 404, "not found", HTTP_NOTHING_THERE, NULL, SIZE_MAX);
	else
		http_answer_static(q, f->type, NULL, f->data, (size_t)(f->end - f->data));
}

void page_add(struct api *api)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		const struct http_route route = {.path = files[i].path,
						 .scope = HTTP_PAGE,
						 .answer = answer_file,
						 .context = (void *)&files[i]};

		http_add_route(api->agent->http, &route);
	}
}
