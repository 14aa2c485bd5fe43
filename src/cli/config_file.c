// SPDX-License-Identifier: BSD-2-Clause
#include "cli/config_file.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util/xalloc.h"

struct reader {
	struct config_file *file;
	config_complain *tell;
	unsigned line, mistakes;
	char *text; /* of the line */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static size_t skip_blanks(const char *text, size_t at)
{
	while (is_blank(text[at]))
		at++;
	return at;
}

static void mistake(struct reader *r, size_t at, const char *text)
{
	r->mistakes++;
	if (r->tell)
		r->tell(r->file, r->line, at, text);
}

/* After what counts, only a comment may follow. */
static bool ends(struct reader *r, size_t at)
{
	at = skip_blanks(r->text, at);
	if (!r->text[at] || r->text[at] == '#')
		return true;
	mistake(r, at, "expected the end of the line, or # and a comment");
	return false;
}

static void take_section(struct reader *r, size_t at)
{
	struct config_file *c = r->file;
	struct config_section *s = &c->section[c->sections];
	size_t name = skip_blanks(r->text, at + 1), label, end;

	if (c->sections == CONFIG_SECTIONS_MAX) {
		mistake(r, at, "too many sections: at most 63");
		return;
	}
	for (end = name; is_name(r->text[end]);)
		end++;
	label = skip_blanks(r->text, end);
	if (end == name || (label == end && r->text[end] != ']')) {
		mistake(r, end, "a section is [name] or [name label], in small letters");
		return;
	}
	*s = (struct config_section){
		.name = r->text + name, .label = "", .line = r->line, .name_at = name};
	at = label;
	while (is_name(r->text[at]) || r->text[at] == '.')
		at++;
	if (at > label)
		s->label = r->text + label;
	if (r->text[skip_blanks(r->text, at)] != ']') {
		mistake(r, at, "expected ] at the end of the section's name");
		return;
	}
	if (ends(r, skip_blanks(r->text, at) + 1))
		c->sections++;
}

static void put(struct config_file *c, char byte, size_t at)
{
	c->values[c->values_used] = byte;
	c->origins[c->values_used++] = at;
}

/* A value in quotes: returns where it ends, or 0 if it does not. */
static size_t take_quoted(struct reader *r, size_t at)
{
	char quote = r->text[at];
	size_t begin = at++;

	for (; r->text[at] && r->text[at] != quote; at++) {
		if (r->text[at] == '\\' && r->text[at + 1])
			at++;
		put(r->file, r->text[at], at);
	}
	if (!r->text[at]) {
		mistake(r, begin, "the quote is not closed");
		return 0;
	}
	put(r->file, '\0', at);
	return at + 1;
}

/* A value without quotes: up to a comment, which stands behind a blank; blanks at its end do not
 * count. */
static size_t take_bare(struct reader *r, size_t at)
{
	size_t end = at, last = at;

	while (r->text[end] && !(r->text[end] == '#' && is_blank(r->text[end - 1]))) {
		if (!is_blank(r->text[end]))
			last = end + 1;
		end++;
	}
	for (; at < last; at++)
		put(r->file, r->text[at], at);
	put(r->file, '\0', last);
	return end;
}

static void take_setting(struct reader *r, size_t at)
{
	struct config_file *c = r->file;
	struct config_setting *s = &c->setting[c->settings];
	size_t end = at, equals, used = c->values_used;

	while (is_name(r->text[end]))
		end++;
	equals = skip_blanks(r->text, end);
	if (end == at || r->text[equals] != '=') {
		mistake(r, end == at ? at : equals, "expected name = value, or [section]");
		return;
	}
	if (c->settings == CONFIG_SETTINGS_MAX) {
		mistake(r, at, "too many settings: at most 512");
		return;
	}
	*s = (struct config_setting){.section = c->sections - 1,
				     .name = r->text + at,
				     .value = c->values + used,
				     .line = r->line,
				     .name_at = at,
				     .value_at = skip_blanks(r->text, equals + 1),
				     .origin = c->origins + used};
	if (r->text[s->value_at] == '"' || r->text[s->value_at] == '\'')
		end = take_quoted(r, s->value_at);
	else
		end = take_bare(r, s->value_at);
	if (!end || !ends(r, end))
		return;
	c->settings++;
}

static bool has_control(const char *text, size_t *ret_at)
{
	for (size_t i = 0; text[i]; i++)
		if (((unsigned char)text[i] < 0x20 && text[i] != '\t') || text[i] == 0x7f) {
			*ret_at = i;
			return true;
		}
	return false;
}

static void take_line(struct reader *r)
{
	size_t at = skip_blanks(r->text, 0), wrong;

	if (!r->text[at] || r->text[at] == '#')
		return;
	if (strlen(r->text) > CONFIG_LINE_MAX)
		mistake(r, CONFIG_LINE_MAX, "the line is too long: at most 4096 bytes");
	else if (has_control(r->text, &wrong))
		mistake(r, wrong, "there is a control character");
	else if (r->text[at] == '[')
		take_section(r, at);
	else
		take_setting(r, at);
}

/* A text of its own of a name, which ends where its line goes on: messages show lines as they were.
 */
static const char *cut(struct config_file *c, const char *name)
{
	char *text = c->values + c->values_used;
	size_t len = 0;

	while (is_name(name[len]) || name[len] == '.')
		len++;
	memcpy(text, name, len);
	c->values_used += len + 1;
	return text;
}

static void cut_names(struct config_file *c)
{
	for (unsigned i = 0; i < c->settings; i++)
		c->setting[i].name = cut(c, c->setting[i].name);
	for (unsigned i = 1; i < c->sections; i++) {
		c->section[i].name = cut(c, c->section[i].name);
		c->section[i].label = cut(c, c->section[i].label);
	}
}

static void cut_lines(struct config_file *c, size_t len)
{
	unsigned count = 1;

	for (size_t i = 0; i < len; i++)
		count += c->text[i] == '\n';
	c->line = xcalloc(count + 1, sizeof(*c->line));
	for (char *p = c->text; c->lines < count;) {
		char *end = memchr(p, '\n', (size_t)(c->text + len - p));

		c->line[++c->lines] = p;
		if (!end)
			break;
		*end = '\0';
		if (end > p && end[-1] == '\r')
			end[-1] = '\0';
		p = end + 1;
	}
}

unsigned config_parse(struct config_file *ret, const char *path, const char *text, size_t len,
		      config_complain *tell)
{
	struct reader r = {.file = ret, .tell = tell, .line = 1};

	*ret = (struct config_file){.path = path, .sections = 1};
	ret->section[0] = (struct config_section){.name = "", .label = "", .line = 1};
	ret->text = xcalloc(len + 1, 1);
	memcpy(ret->text, text, len);
	/* Values and names are no longer than the text, and each has an end. */
	ret->values = xcalloc(2 * len + 2, 1);
	ret->origins = xcalloc(2 * len + 2, sizeof(*ret->origins));
	if (memchr(text, '\0', len)) {
		ret->line = xcalloc(2, sizeof(*ret->line));
		ret->line[1] = "";
		ret->lines = 1;
		mistake(&r, 0, "this is no text: there is a zero byte");
		return r.mistakes;
	}
	cut_lines(ret, len);
	for (; r.line <= ret->lines; r.line++) {
		r.text = (char *)ret->line[r.line];
		take_line(&r);
	}
	cut_names(ret);
	return r.mistakes;
}

void *config_keep(struct config_file *c, void *memory)
{
	c->kept = xrealloc(c->kept, (c->kept_count + 1) * sizeof(*c->kept));
	c->kept[c->kept_count++] = memory;
	return memory;
}

void config_done(struct config_file *c)
{
	for (size_t i = 0; i < c->kept_count; i++)
		free(c->kept[i]);
	free(c->kept);
	free(c->text);
	free(c->line);
	free(c->values);
	free(c->origins);
	*c = (struct config_file){.text = NULL};
}
