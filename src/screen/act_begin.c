// SPDX-License-Identifier: BSD-2-Clause
/* What acting needs, got while there are privileges. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "engine/consumer.h"
#include "engine/question.h"
#include "engine/source.h"
#include "engine/watch.h"
#include "screen/act.h"
#include "screen/killer.h"
#include "screen/show.h"
#include "util/log.h"

void act_init(struct screen *s, struct watch *watch)
{
	const char *sudo = getenv("SUDO_UID");

	/* Of a recording the moment is where one begins, not all that one may see. */
	if (watch->at && !watch->span)
		watch->at_is_begin = true;
	/* What is saved belongs to whoever sits there, and is written with their rights. */
	if (!watch->user && !geteuid() && sudo && *sudo && *sudo != '0')
		watch->user = sudo;
	(void)s;
}

int act_start(struct screen *s, uid_t uid, gid_t gid)
{
	const char *path = s->options->save_dir ? s->options->save_dir : ".";

	(void)uid;
	(void)gid;
	s->save_dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (s->save_dir < 0 && s->options->save_dir)
		return log_errno(errno, "cannot save in %s", path);
	if (!s->options->allow_kill)
		return 0;
	if (s->source->offline) {
		log_error("--allow-kill is about connections that live; a file has none");
		return -EINVAL;
	}
	return killer_start(&s->killer);
}

void act_begin(struct screen *s)
{
	const struct watch *w = s->source->watch;

	s->play_timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (s->play_timer >= 0)
		screen_watch(s, EPOLL_CTL_ADD, s->play_timer, EPOLLIN);
	s->is_reading = screen_is_of_file(s);
	/* The first interval of all is that of --at. */
	s->read_to_ns = w->at_is_begin ? 1 : UINT64_MAX;
}

void act_done(struct screen *s)
{
	if (s->save_dir >= 0)
		close(s->save_dir);
	if (s->play_timer >= 0)
		close(s->play_timer);
	killer_stop(s->killer);
}
