// SPDX-License-Identifier: BSD-2-Clause
#include "screen/ui.h"

#include <ctype.h>
#include <string.h>

const char *page_name(enum page page)
{
	static const char *const names[] = {"flows", "closed", "verdicts", "listeners"};

	return names[page];
}

const char *by_name(enum by by)
{
	static const char *const names[] = {"none",   "process", "unit",  "container",
					    "remote", "port",	 "subnet"};

	return names[by];
}

bool ui_is_marked(const struct ui *ui, uint64_t id)
{
	for (unsigned i = 0; i < ui->marks; i++)
		if (ui->mark[i] == id)
			return true;
	return false;
}

static bool has_capitals(const char *text)
{
	for (; *text; text++)
		if (isupper((unsigned char)*text))
			return true;
	return false;
}

const char *ui_find(const char *text, const char *wanted)
{
	return has_capitals(wanted) ? strstr(text, wanted) : strcasestr(text, wanted);
}
