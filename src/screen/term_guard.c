// SPDX-License-Identifier: BSD-2-Clause
#include "screen/term_guard.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <curses.h>
#include <term.h>

#define TEXT_MAX 256

static struct termios saved, ours;
static volatile sig_atomic_t is_taken, mouse_is_on;
static int output, wake_fd;
/* What ends and what begins the use of the screen. */
static char leave_text[TEXT_MAX], enter_text[TEXT_MAX];
static const int fatal[] = {SIGSEGV, SIGBUS,  SIGFPE,  SIGILL, SIGABRT,
			    SIGXCPU, SIGALRM, SIGUSR1, SIGUSR2};

static void add(char *text, const char *capability)
{
	size_t used = strlen(text);

	if (capability)
		snprintf(text + used, TEXT_MAX - used, "%s", capability);
}

static void write_all(const char *text)
{
	size_t len = strlen(text);
	ssize_t n;

	while (len) {
		n = write(output, text, len);
		if (n < 0 && errno != EINTR)
			return;
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
	}
}

static void give_back(void)
{
	if (!is_taken)
		return;
	is_taken = 0;
	if (mouse_is_on)
		write_all(TERM_GUARD_MOUSE_OFF);
	write_all(leave_text);
	tcsetattr(STDIN_FILENO, TCSANOW, &saved);
}

static void on_fatal(int number)
{
	give_back();
	signal(number, SIG_DFL);
	raise(number);
}

/* The shell stops us; until it lets us go on, the terminal is its own. */
static void on_stop(int number)
{
	int error = errno;
	uint64_t one = 1;

	(void)number;
	if (!is_taken)
		return;
	give_back();
	raise(SIGSTOP);
	tcsetattr(STDIN_FILENO, TCSANOW, &ours);
	is_taken = 1;
	write_all(enter_text);
	if (mouse_is_on)
		write_all(TERM_GUARD_MOUSE_ON);
	if (write(wake_fd, &one, sizeof(one)) < 0)
		errno = error;
	errno = error;
}

int term_guard_begin(int out, int wake)
{
	output = out;
	wake_fd = wake;
	if (tcgetattr(STDIN_FILENO, &saved))
		return -1;
	ours = saved;
	ours.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IXON);
	ours.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ECHONL | IEXTEN);
	ours.c_cc[VMIN] = 1;
	ours.c_cc[VTIME] = 0;
	if (tcsetattr(STDIN_FILENO, TCSADRAIN, &ours))
		return -1;
	is_taken = 1;
	return 0;
}

void term_guard_signals(void)
{
	struct sigaction action = {.sa_handler = on_fatal, .sa_flags = (int)SA_RESETHAND};
	struct sigaction stop = {.sa_handler = on_stop, .sa_flags = SA_RESTART};

	leave_text[0] = enter_text[0] = '\0';
	add(leave_text, "\033[?2004l");
	add(leave_text, exit_attribute_mode);
	add(leave_text, cursor_normal);
	add(leave_text, keypad_local);
	add(leave_text, exit_ca_mode ? exit_ca_mode : "\r\n");
	add(enter_text, enter_ca_mode);
	add(enter_text, keypad_xmit);
	add(enter_text, "\033[?2004h");
	for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
		sigaction(fatal[i], &action, NULL);
	sigaction(SIGTSTP, &stop, NULL);
}

void term_guard_mouse(bool on)
{
	mouse_is_on = on;
}

void term_guard_end(void)
{
	if (!is_taken)
		return;
	is_taken = 0;
	if (mouse_is_on)
		write_all(TERM_GUARD_MOUSE_OFF);
	write_all("\033[?2004l");
	tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
}

bool term_guard_suits(void)
{
	const char *name = getenv("TERM");
	bool suits;
	int found;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || !name || !*name ||
	    !strcmp(name, "dumb"))
		return false;
	if (setupterm(NULL, STDOUT_FILENO, &found) == ERR)
		return false;
	suits = cursor_address && *cursor_address;
	del_curterm(cur_term);
	return suits;
}
