// SPDX-License-Identifier: BSD-2-Clause
/* The settings of an agent: its file, and what of it the command line says otherwise. */
#pragma once
#include <stdbool.h>

struct all_asked;
struct config_file;
struct config_words;
struct question;
struct report;

#define AGENT_CONFIG "/etc/tcpsight/agent.conf"

/*
 * Parse the command line of an agent into `q`, and the file that it names; what the file says of
 * the agent comes first, so that the command line has the last word. Sets watch->config. Returns an
 * exit status, or -1: go on. All mistakes of the file are told.
 */
int agent_configure(const struct report *report, int argc, char **argv, struct question *q);

/*
 * Read and check a file: 0, -ENOENT if it is missing, -EINVAL if something is wrong with it, all of
 * which is told. Free with config_done().
 */
int agent_config_read(const char *path, const struct report *report, struct config_file *ret);

/*
 * What the file says of the agent itself, and after it the command line, as one. Of a file that was
 * checked, or that is missing (all of it zero); the words go with it. After agent_configure().
 */
void agent_config_words(struct config_file *c, const struct report *report,
			struct config_words *ret);

/* Print what is set, and where. */
void agent_config_dump(const struct all_asked *all);

/* Where the settings come from. */
const char *agent_config_path(const struct question *q);
