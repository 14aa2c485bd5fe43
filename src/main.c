// SPDX-License-Identifier: BSD-2-Clause
/* One program, several names: `tcpsight COMMAND`, or the name of a tool that it replaces. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <nss.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/agent_config.h"
#include "app/check_recordings.h"
#include "app/list_recordings.h"
#include "app/descriptors.h"
#include "app/fleet.h"
#include "app/peekstat.h"
#include "app/run.h"
#include "app/ship.h"
#include "app/status.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "cli/completion.h"
#include "cli/help.h"
#include "cli/options.h"
#include "engine/question.h"
#include "engine/watch.h"
#include "probe/doctor.h"
#include "screen/screen.h"
#include "util/log.h"
#include "view/report.h"

/* Help and lists go through stdio: a full disk must not pass for success. */
static int finish_stdout(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	if (descriptors_was_closed(STDOUT_FILENO))
		log_error("cannot write the output: the standard output is closed");
	else if (errno != EPIPE)
		log_errno(errno ? errno : EIO, "cannot write the output");
	return RUN_FAILED;
}

/* What is no question to an engine. */
static int run_alone(const struct report *report, struct question *question, const char *program)
{
	static const struct {
		const char *name;
		int (*run)(struct question *question, const char *program);
	} programs[] = {{"fleet", fleet_run}, {"ship", ship_run}};

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		if (!strcmp(programs[i].name, report->name))
			return programs[i].run(question, program);
	return RUN_FAILED;
}

static int parse_and_run(const struct report *report, const char *program, int argc, char **argv,
			 struct question *question)
{
	int status;

	argv[0] = (char *)program;
	if (report->is_agent) {
		log_init(program, false);
		status = agent_configure(report, argc, argv, question);
		log_init(program, question->watch->verbose);
		return status >= 0 ? status : run_report(report, question, program);
	}
	switch (options_parse(report, argc, argv, question)) {
	case OPTIONS_DONE:
		log_init(program, false);
		return RUN_DONE;
	case OPTIONS_WRONG:
		return RUN_USAGE;
	case OPTIONS_FAILED:
		return RUN_FAILED;
	case OPTIONS_RUN:
		break;
	}
	log_init(program, question->watch->verbose);
	if (question->watch->check)
		return check_recordings(question->watch);
	if (question->watch->list)
		return list_recordings(question->watch, question->json);
	if (report->runs_alone)
		return run_alone(report, question, program);
	return run_report(report, question, program);
}

static int run(const struct report *report, const char *program, int argc, char **argv)
{
	struct watch watch = {0};
	struct question question = {.watch = &watch,
				    .is_seed = report->seed_name == program};
	int status;

	options_default_watch(&watch);
	status = parse_and_run(report, program, argc, argv, &question);
	options_done(report, &question);
	free(watch.also);
	free(watch.reads);
	return status;
}

static const char doctor_usage[] =
	"usage: tcpsight doctor [--json | --ladder]\n\n"
	"What this kernel offers, what is used, what is missing, and what helps.\n\n";

static int complain_argument(const char *program, const char *argument)
{
	char text[128];

	snprintf(text, sizeof(text), "unrecognized argument: %.80s", argument);
	complain(program, NULL, 0, text);
	return RUN_USAGE;
}

static int complain_command(const char *name)
{
	const char *nearest = command_nearest(name), *why = command_why_left_out(name);
	char text[256];

	if (why)
		snprintf(text, sizeof(text), "%s", why);
	else if (command_find(name))
		snprintf(text, sizeof(text),
			 "this is a part of an agent: tcpsight agent --also '%s OPTIONS'", name);
	else
		snprintf(text, sizeof(text),
			 nearest ? "no command '%s' (did you mean %s?)" : "no command '%s'", name,
			 nearest);
	complain("tcpsight", NULL, 0, text);
	return RUN_USAGE;
}

static int doctor(int argc, char **argv)
{
	bool is_known = argc == 1 || !strcmp(argv[1], "--json") || !strcmp(argv[1], "--ladder");

	log_init("tcpsight doctor", false);
	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		printf("%s", doctor_usage);
		help_print_command_options("doctor");
		return RUN_DONE;
	}
	if (argc > 2 || !is_known)
		return complain_argument("tcpsight doctor", argv[is_known ? 2 : 1]);
	if (descriptors_check_room())
		return RUN_FAILED;
	return doctor_main(argc, argv);
}

static int run_command(int argc, char **argv);

/* `help`, `help COMMAND`, `help --completion SHELL`. */
static int help(int argc, char **argv)
{
	char *of_command[] = {(char *)"tcpsight", argv[1], (char *)"--help", NULL};

	if (argc == 1 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		command_print_overview();
		return RUN_DONE;
	}
	if (argc == 2 && argv[1][0] != '-' && strcmp(argv[1], "help"))
		return run_command(3, of_command);
	if (argc != 3 || strcmp(argv[1], "--completion"))
		return complain_argument("tcpsight help", argv[argc > 3 ? 3 : 1]);
	if (completion_print(argv[2])) {
		complain("tcpsight help", argv[2], 0, "expected a shell: bash, zsh or fish");
		return RUN_USAGE;
	}
	return RUN_DONE;
}

static int run_command(int argc, char **argv)
{
	const struct report *report = command_find_seed(basename(argv[0]));
	static char program[64];

	if (report)
		return run(report, report->seed_name, argc, argv);
	if (!strcmp(basename(argv[0]), "tcpeekstat"))
		return peekstat_main("tcpeekstat", argc, argv);
	/* Somebody who sits at a terminal wants to see. */
	if (argc == 1 && screen_suits())
		return run(command_find("top"), "tcpsight top", argc, argv);
	if (argc < 2 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		command_print_overview();
		return argc < 2 ? RUN_USAGE : RUN_DONE;
	}
	if (!strcmp(argv[1], "help"))
		return help(argc - 1, argv + 1);
	if (!strcmp(argv[1], "--version")) {
		help_print_version();
		return RUN_DONE;
	}
	if (!strcmp(argv[1], "peekstat"))
		return peekstat_main("tcpsight peekstat", argc - 1, argv + 1);
	if (!strcmp(argv[1], "doctor"))
		return doctor(argc - 1, argv + 1);
	report = command_find(argv[1]);
	if (!report || report->of_agent)
		return complain_command(argv[1]);
	snprintf(program, sizeof(program), "tcpsight %s", report->name);
	return run(report, program, argc - 1, argv + 1);
}

#ifdef STATIC
/* Other ways to look names up are modules that are loaded, and would have to be of just this C library. */
static void look_names_up_in_files(void)
{
	static const char *const kinds[] = {"passwd", "group", "hosts", "services", "protocols",
					    "networks"};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		__nss_configure_lookup(kinds[i], "files");
}
#else
static void look_names_up_in_files(void)
{
}
#endif

int main(int argc, char **argv)
{
	int err = descriptors_hold_standard();

	look_names_up_in_files();
	if (err) {
		log_errno(err, "cannot hold the standard files");
		return RUN_FAILED;
	}
	/* The program's own name may be missing altogether. */
	if (!argc)
		return RUN_USAGE;
	return finish_stdout(run_command(argc, argv));
}
