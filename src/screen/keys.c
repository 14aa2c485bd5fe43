// SPDX-License-Identifier: BSD-2-Clause
#include "screen/keys.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

// clang-format off
const struct key_def key_defs[] = {
	{"Up k", {KEY_IS_UP, 'k'}, ACT_UP, "to the line above"},
	{"Down j", {KEY_IS_DOWN, 'j'}, ACT_DOWN, "to the line below"},
	{"PgUp Ctrl-B", {KEY_IS_PAGE_UP, KEY_CONTROL('b')}, ACT_PAGE_UP, "a window up"},
	{"PgDn Ctrl-F", {KEY_IS_PAGE_DOWN, KEY_CONTROL('f')}, ACT_PAGE_DOWN, "a window down"},
	{"Home g", {KEY_IS_HOME, 'g'}, ACT_HOME, "to the first line, which is not followed when it moves"},
	{"End G", {KEY_IS_END, 'G'}, ACT_END, "to the last line"},
	{"Left h", {KEY_IS_LEFT, 'h'}, ACT_LEFT, "scroll the columns back"},
	{"Right l", {KEY_IS_RIGHT, 'l'}, ACT_RIGHT, "scroll the columns on; the first two stay"},
	{"Enter", {KEY_IS_ENTER, '\r'}, ACT_ENTER, "details of the flow, beside the table where there is room; of a group: open or close it"},
	{"Esc", {KEY_IS_ESCAPE}, ACT_BACK, "back: closes what is open, and never quits"},
	{"Tab", {'\t'}, ACT_PAGE_NEXT, "the next page: flows, closed, verdicts, listeners"},
	{"Shift-Tab", {KEY_IS_BACK_TAB}, ACT_PAGE_BACK, "the page before"},
	{"f F4 \\", {'f', KEY_IS_F4, '\\'}, ACT_FILTER, "filter, as you type: tcpdump's language, and pid N, comm NAME, unit NAME, container ID, uid N, state S, verdict V"},
	{"/ F3", {'/', KEY_IS_F3}, ACT_SEARCH, "search in what is shown; it hides nothing"},
	{"n", {'n'}, ACT_SEARCH_NEXT, "the next line that has it"},
	{"N", {'N'}, ACT_SEARCH_BACK, "the one before"},
	{"t F5", {'t', KEY_IS_F5}, ACT_BY_NEXT, "group by process, unit, container, remote address, port, subnet"},
	{"T", {'T'}, ACT_BY_BACK, "the grouping before"},
	{"+", {'+', '='}, ACT_OPEN, "open the group"},
	{"-", {'-'}, ACT_SHUT, "close the group, from any line of it"},
	{"*", {'*'}, ACT_OPEN_ALL, "open or close all groups"},
	{"<", {'<', ','}, ACT_SORT_LEFT, "sort by the column to the left"},
	{"> F6", {'>', '.', KEY_IS_F6}, ACT_SORT_RIGHT, "sort by the column to the right; beyond the last: by what moves most"},
	{"1-9", {'1'}, ACT_SORT_NTH, "sort by the n-th column in sight"},
	{"I", {'I'}, ACT_INVERT, "the other way round"},
	{"o", {'o'}, ACT_HOLD, "hold the order; what is new goes to the end"},
	{"P Z", {'P', 'Z'}, ACT_PAUSE, "pause; everything goes on working on the moment that is shown; again: go on"},
	{"[", {'['}, ACT_TIME_BACK, "back by one interval"},
	{"]", {']'}, ACT_TIME_ON, "on by one interval"},
	{"{", {'{'}, ACT_TIME_BACK_MINUTE, "back by a minute"},
	{"}", {'}'}, ACT_TIME_ON_MINUTE, "on by a minute"},
	{"@", {'@'}, ACT_TIME_TO, "to a time: 12:10, -5m, 5m ago, 2026-11-24 03:12"},
	{"S", {'S'}, ACT_SPEED, "of a file: play at 1x, 10x, 60x, as fast as it goes"},
	{"x", {'x'}, ACT_CLOSED, "all closed flows that are in memory, too"},
	{"c", {'c'}, ACT_COLUMNS, "choose columns"},
	{"d", {'d'}, ACT_TOTALS, "sums since each flow began, or what the interval moved"},
	{"u", {'u'}, ACT_UNITS, "bytes or bits a second, in thousands or in 1024s"},
	{"e", {'e'}, ACT_WHY, "details, at the verdict"},
	{"s", {'s'}, ACT_SAVE, "save what is marked, else the line or its group, as JSON with all columns"},
	{"w", {'w'}, ACT_COMMAND, "show the command that prints this view"},
	{"y", {'y'}, ACT_COPY, "copy the line, whole, to the clipboard of your terminal (with --osc52)"},
	{"Space", {' '}, ACT_MARK, "mark the flow"},
	{"U", {'U'}, ACT_UNMARK, "unmark all"},
	{"K", {'K'}, ACT_KILL, "close the connection, or those marked (with --allow-kill)"},
	{"m", {'m'}, ACT_MOUSE, "take the mouse: click on a line, there again for its details, on a title to sort"},
	{"i", {'i'}, ACT_NEWS, "with --calm: draw what has changed"},
	{"? F1", {'?', KEY_IS_F1}, ACT_HELP, "this text"},
	{"Ctrl-L", {KEY_CONTROL('l')}, ACT_REDRAW, "draw everything anew"},
	{"q F10 Ctrl-C", {'q', KEY_IS_F10}, ACT_QUIT, "quit"},
};
// clang-format on
const size_t key_def_count = COUNT(key_defs);

enum act keys_act(int key)
{
	if (key >= '1' && key <= '9')
		return ACT_SORT_NTH;
	for (size_t i = 0; i < COUNT(key_defs) && key > 0; i++)
		for (size_t k = 0; k < COUNT(key_defs[i].key) && key_defs[i].key[k]; k++)
			if (key_defs[i].key[k] == key)
				return key_defs[i].act;
	return ACT_NOTHING;
}
