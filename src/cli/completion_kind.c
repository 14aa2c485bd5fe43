// SPDX-License-Identifier: BSD-2-Clause
/* What can be proposed for the value of an option: by its name, else by how --help calls the value.
 */
#include <string.h>

#include "cli/completion.h"

static const struct {
	const char *name;     /* of the option; NULL: of any */
	const char *argument; /* as --help shows it; NULL: whatever it is */
	enum completes kind;
} kinds[] = {
	{"columns", NULL, COMPLETES_COLUMNS},
	{"state", "DIR", COMPLETES_DIRECTORY},
	{"state", NULL, COMPLETES_STATES},
	{"cluster", NULL, COMPLETES_NOTHING},
	{"cgroup", NULL, COMPLETES_CGROUP},
	{"cgroupmap", NULL, COMPLETES_MAP},
	{"mntnsmap", NULL, COMPLETES_MAP},
	{"unit", NULL, COMPLETES_UNIT},
	{"source", NULL, COMPLETES_SOURCE},
	{"socket", NULL, COMPLETES_FILE},
	{"allow-users", NULL, COMPLETES_USER},
	{"connect", NULL, COMPLETES_NOTHING},
	{"host-names", NULL, COMPLETES_NOTHING},
	{"subnets", NULL, COMPLETES_NOTHING},
	{NULL, "COLUMN", COMPLETES_COLUMN},
	{NULL, "FILE", COMPLETES_FILE},
	{NULL, "DIR", COMPLETES_DIRECTORY},
	{NULL, "DEV", COMPLETES_INTERFACE},
	{NULL, "NETNS", COMPLETES_NETNS},
	{NULL, "PID", COMPLETES_PID},
	{NULL, "USER", COMPLETES_USER},
	{NULL, "COMMAND", COMPLETES_COMMAND},
	{NULL, "FILTER", COMPLETES_FILTER},
	{NULL, "NEED=RUNG,...", COMPLETES_RUNGS},
	{NULL, "'REPORT OPTIONS'", COMPLETES_REPORT},
	{NULL, "AGE:SEC", COMPLETES_NOTHING},
	{NULL, "ID", COMPLETES_NOTHING},
	{NULL, "DAYS", COMPLETES_NOTHING},
	{NULL, "KIB", COMPLETES_NOTHING},
	{NULL, "MIB", COMPLETES_NOTHING},
	{NULL, "MB", COMPLETES_NOTHING},
	{NULL, "N", COMPLETES_NOTHING},
	{NULL, "NUMBER", COMPLETES_NOTHING},
	{NULL, "NETS", COMPLETES_NOTHING},
	{NULL, "PERCENT", COMPLETES_NOTHING},
	{NULL, "PORTS", COMPLETES_NOTHING},
	{NULL, "ROWS,SEC", COMPLETES_NOTHING},
	{NULL, "SEC", COMPLETES_NOTHING},
	{NULL, "SECONDS", COMPLETES_NOTHING},
	{NULL, "SIZE", COMPLETES_NOTHING},
	{NULL, "SIZE,TIME", COMPLETES_NOTHING},
	{NULL, "SIZE|N%", COMPLETES_NOTHING},
	{NULL, "SPAN", COMPLETES_NOTHING},
	{NULL, "SPAN|TIME", COMPLETES_NOTHING},
	{NULL, "TIME", COMPLETES_NOTHING},
	{NULL, "URL", COMPLETES_NOTHING},
	{NULL, "WHERE", COMPLETES_NOTHING},
};

enum completes completion_kind(const struct option_def *option)
{
	if (option->choices)
		return strcmp(option->argument, "LIST") ? COMPLETES_WORD : COMPLETES_WORDS;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if ((!kinds[i].name || !strcmp(kinds[i].name, option->name)) &&
		    (!kinds[i].argument || !strcmp(kinds[i].argument, option->argument)))
			return kinds[i].kind;
	return COMPLETES_UNSAID;
}

const char *completion_kind_name(enum completes kind)
{
	static const char *const names[] = {
		[COMPLETES_COLUMN] = "columns",
		[COMPLETES_COLUMNS] = "columns",
		[COMPLETES_STATES] = "states",
		[COMPLETES_REPORT] = "reports",
		[COMPLETES_SOURCE] = "sources",
		[COMPLETES_RUNGS] = "rungs",
		[COMPLETES_FILTER] = "filter",
		[COMPLETES_FILE] = "files",
		[COMPLETES_DIRECTORY] = "directories",
		[COMPLETES_CGROUP] = "cgroups",
		[COMPLETES_NETNS] = "namespaces",
		[COMPLETES_PID] = "pids",
		[COMPLETES_INTERFACE] = "interfaces",
		[COMPLETES_USER] = "users",
		[COMPLETES_UNIT] = "units",
		[COMPLETES_MAP] = "maps",
		[COMPLETES_COMMAND] = "programs",
	};

	return names[kind] ? names[kind] : "-";
}

bool completion_kind_is_list(enum completes kind)
{
	return kind == COMPLETES_WORDS || kind == COMPLETES_COLUMNS || kind == COMPLETES_STATES ||
	       kind == COMPLETES_RUNGS;
}
