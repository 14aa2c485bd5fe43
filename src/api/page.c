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

FILE_OF(html, "src/page/index.html");
FILE_OF(css, "src/page/page.css");
FILE_OF(js, "src/page/page.js");

/* The path "/" is above all others: what nobody else answers comes here. */
static void answer_html(void *context, struct http_request *q)
{
	(void)context;
	if (*http_rest(q)) {
		http_problem(q, 404, "not found", "there is nothing at this path", NULL, SIZE_MAX);
		return;
	}
	http_answer_static(q, "text/html; charset=utf-8", NULL, page_html,
			   (size_t)(page_html_end - page_html));
}

static void answer_css(void *context, struct http_request *q)
{
	(void)context;
	http_answer_static(q, "text/css; charset=utf-8", NULL, page_css,
			   (size_t)(page_css_end - page_css));
}

static void answer_js(void *context, struct http_request *q)
{
	(void)context;
	http_answer_static(q, "text/javascript; charset=utf-8", NULL, page_js,
			   (size_t)(page_js_end - page_js));
}

void page_add(struct api *api)
{
	static const struct http_route routes[] = {
		{"/", HTTP_PAGE, .answer = answer_html},
		{"/page.css", HTTP_PAGE, .answer = answer_css},
		{"/page.js", HTTP_PAGE, .answer = answer_js},
	};

	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		http_add_route(api->agent->http, &routes[i]);
}
