// SPDX-License-Identifier: BSD-2-Clause
#include "app/agent_config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/asked.h"
#include "app/status.h"
#include "cli/complain.h"
#include "cli/config_check.h"
#include "cli/option_list.h"
#include "cli/options.h"
#include "consumer/agent_options.h"
#include "util/log.h"
#include "util/xalloc.h"
#include "view/report.h"

/* That of the run; questions point into it. */
static struct config_file file;
/* The command line, which has the last word again when the file is read again. */
static int argument_count;
static char **arguments;

const char *agent_config_path(const struct question *q)
{
	const struct agent_options *o = q->own;

	return o->config ? o->config : AGENT_CONFIG;
}

static void tell(const struct config_file *c, unsigned line, size_t at, const char *text)
{
	complain_line(c->path, line, c->line[line], at, text);
}

static int read_text(const char *path, char **ret, size_t *ret_len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), err = 0;
	ssize_t n = 1;

	if (fd < 0)
		return -errno;
	*ret = xcalloc(1, CONFIG_FILE_MAX + 1);
	*ret_len = 0;
	while (n > 0 && *ret_len <= CONFIG_FILE_MAX) {
		n = read(fd, *ret + *ret_len, CONFIG_FILE_MAX + 1 - *ret_len);
		*ret_len += n > 0 ? (size_t)n : 0;
	}
	if (n < 0)
		err = -errno;
	else if (*ret_len > CONFIG_FILE_MAX)
		err = -EFBIG;
	close(fd);
	if (err)
		free(*ret);
	return err;
}

int agent_config_read(const char *path, const struct report *report, struct config_file *ret)
{
	char *text = NULL;
	size_t len = 0;
	int err = read_text(path, &text, &len);

	*ret = (struct config_file){.path = path};
	if (err == -ENOENT)
		return err;
	if (err) {
		log_errno(err, "cannot read %s", path);
		return -EINVAL;
	}
	ret->mistakes = config_parse(ret, path, text, len, tell);
	if (ret->lines)
		ret->mistakes += config_check(ret, report, tell);
	free(text);
	return ret->mistakes ? -EINVAL : 0;
}

/* The names of options that are lists: of those the command line's take the place of the file's. */
static void find_lists(const struct report *report, int argc, char **argv, const char **ret,
		       size_t max)
{
	struct option_list list = {.count = 0};
	size_t n = 0;

	option_list_of(report, &list);
	for (size_t i = 0; i < list.count; i++) {
		const char *name = list.def[i]->name;
		size_t len = strlen(name);

		for (int k = 1; list.def[i]->type == OPTION_LIST && k < argc && n < max; k++)
			if (!strncmp(argv[k], "--", 2) && !strncmp(argv[k] + 2, name, len) &&
			    (!argv[k][2 + len] || argv[k][2 + len] == '=')) {
				ret[n++] = name;
				break;
			}
	}
	ret[n] = NULL;
}

/* The command line alone, to learn the name of the file, and whether it is right. */
static int try_alone(const struct report *report, int argc, char **argv, char **ret_path)
{
	struct watch watch = {0};
	struct question q = {.watch = &watch};
	char **copy = xcalloc((size_t)argc + 1, sizeof(*copy));
	enum options_result result;
	const struct agent_options *o;

	memcpy(copy, argv, (size_t)argc * sizeof(*copy));
	options_default_watch(&watch);
	result = options_parse(report, argc, copy, &q);
	o = q.own;
	*ret_path = result == OPTIONS_RUN && o->config ? xstrdup(o->config) : NULL;
	options_done(report, &q);
	free(watch.also);
	free(copy);
	return result == OPTIONS_RUN	  ? -1
	       : result == OPTIONS_DONE	  ? RUN_DONE
	       : result == OPTIONS_FAILED ? RUN_FAILED
					  : RUN_USAGE;
}

void agent_config_words(struct config_file *c, const struct report *report,
			struct config_words *ret)
{
	struct config_words of_file = {.count = 0};
	const char *lists[16];

	find_lists(report, argument_count, arguments, lists, 15);
	if (c->sections)
		config_make_words(c, 0, report, arguments[0], lists, &of_file);
	ret->count = of_file.count;
	ret->word = config_keep(
		c, xcalloc((size_t)(of_file.count + argument_count) + 1, sizeof(*ret->word)));
	if (of_file.count)
		memcpy(ret->word, of_file.word, (size_t)of_file.count * sizeof(*ret->word));
	for (int i = of_file.count ? 1 : 0; i < argument_count; i++)
		ret->word[ret->count++] = arguments[i];
}

int agent_configure(const struct report *report, int argc, char **argv, struct question *q)
{
	struct config_words w;
	char *path;
	int status = try_alone(report, argc, argv, &path), err;

	if (status >= 0)
		return status;
	err = agent_config_read(path ? path : AGENT_CONFIG, report, &file);
	if (err == -ENOENT && path) {
		complain(argv[0], path, 0, "argument --config: there is no such file");
		return RUN_USAGE;
	}
	/* What is wrong was told; the rest of it is looked at, and whoever asks is told of that too. */
	if (err && err != -ENOENT && !file.lines)
		return RUN_USAGE;
	if (err != -ENOENT)
		q->watch->config = &file;
	argument_count = argc;
	arguments = argv;
	agent_config_words(&file, report, &w);
	switch (options_parse(report, w.count, w.word, q)) {
	case OPTIONS_RUN:
		return -1;
	case OPTIONS_FAILED:
		return RUN_FAILED;
	case OPTIONS_DONE:
		return RUN_DONE;
	case OPTIONS_WRONG:
		break;
	}
	return RUN_USAGE;
}

/* Of these words, does one set the option? */
static bool sets(int count, char *const *word, const struct option_def *o)
{
	size_t len = strlen(o->name);

	for (int i = 1; i < count; i++) {
		const char *w = word[i];

		if (o->letter && w[0] == '-' && w[1] == o->letter)
			return true;
		if (!strncmp(w, "--", 2) && !strncmp(w + 2, o->name, len) &&
		    (!w[2 + len] || w[2 + len] == '='))
			return true;
	}
	return false;
}

/* What an option is called in a file. */
static const char *name_in_file(const struct option_def *o)
{
	return strcmp(o->name, "where") ? o->name : "filter";
}

/* The line of the file that has it, for the `nth` time; 0 if there is none. */
static unsigned line_of(const struct config_file *c, unsigned section, const struct option_def *o,
			uint64_t nth)
{
	for (unsigned i = 0; c && i < c->settings; i++) {
		const struct config_setting *s = &c->setting[i];

		if (s->section == section && !strcmp(s->name, name_in_file(o)) && !nth--)
			return s->line;
	}
	return 0;
}

/* One setting, and where it comes from. */
static void dump_text(const struct asked *a, bool is_first, const struct option_def *o,
		      const char *value, uint64_t nth)
{
	const struct config_file *c = a->question->watch->config;
	bool is_said = is_first ? sets(argument_count, arguments, o)
				: !a->section && sets(a->words.count, a->words.word, o);
	unsigned line = is_said || (!is_first && !a->section) ? 0 : line_of(c, a->section, o, nth);

	printf("%s = %s    # ", name_in_file(o), value);
	if (line)
		printf("%s:%u\n", c->path, line);
	else
		puts(is_said || !strcmp(o->name, "where") ? "command line" : "default");
}

static void dump_value(const struct asked *a, bool is_first, const struct option_def *o)
{
	const struct question *q = a->question;
	const char *base = o->part == OPTION_OF_WATCH	   ? (const char *)q->watch
			   : o->part == OPTION_OF_QUESTION ? (const char *)q
							   : (const char *)q->own;
	const char *at = base + o->offset;
	const char *text = NULL;
	char number[24];

	switch (o->type) {
	case OPTION_FLAG:
		text = *(const bool *)at ? "yes" : NULL;
		break;
	case OPTION_UINT:
		snprintf(number, sizeof(number), "%llu",
			 (unsigned long long)*(const uint64_t *)(const void *)at);
		text = strcmp(number, "0") ? number : NULL;
		break;
	case OPTION_TEXT:
	case OPTION_CHOICE:
		text = *(const char *const *)(const void *)at;
		break;
	case OPTION_LIST:
		for (uint64_t i = 0; i < *(const uint64_t *)(const void *)(base + o->also_offset); i++)
			dump_text(a, is_first, o, (*(char **const *)(const void *)at)[i], i);
		break;
	default:
		break;
	}
	if (text)
		dump_text(a, is_first, o, text, 0);
}

/* These are about the file, and stand in none; what --also asks has a section. */
static bool stands_in_a_file(const struct option_def *o)
{
	static const char *const names[] = {"config", "check", "dump-config", "also"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(o->name, names[i]))
			return false;
	return true;
}

static void dump_section(const struct asked *a)
{
	const struct config_file *c = a->question->watch->config;
	const char *label = a->section ? c->section[a->section].label : "";

	printf("\n[%s%s%s]\n", a->report->name, *label ? " " : "", label);
}

void agent_config_dump(const struct all_asked *all)
{
	for (unsigned i = 0; i < all->count; i++) {
		const struct asked *a = all->one[i];
		struct option_list list = {.count = 0};

		option_list_of(a->report, &list);
		if (i)
			dump_section(a);
		for (size_t k = 0; k < list.count; k++)
			if ((!i && stands_in_a_file(list.def[k])) ||
			    (i && list.def[k]->part != OPTION_OF_WATCH))
				dump_value(a, !i, list.def[k]);
	}
}
