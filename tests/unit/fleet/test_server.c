// SPDX-License-Identifier: BSD-2-Clause
/* Which server, who we are there; and what its answers mean. */
#include "fleet/server.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "fleet/http.h"

static void urls_name_host_port_and_database(void **state)
{
	static const struct {
		const char *url, *base, *host, *database;
	} known[] = {
		{"http://db", "http://db:8123/", "db:8123", "tcpsight"},
		{"https://db.example/flows_1", "https://db.example:8443/", "db.example:8443",
		 "flows_1"},
		{"http://[2001:db8::1]:81/x", "http://[2001:db8::1]:81/", "[2001:db8::1]:81", "x"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct fleet_server s = {0};
		char why[FLEET_WHY];
		size_t at;

		assert_int_equal(fleet_server_parse(known[i].url, &s, &at, why), 0);
		assert_string_equal(s.base, known[i].base);
		assert_string_equal(s.host, known[i].host);
		assert_string_equal(s.database, known[i].database);
		fleet_server_done(&s);
	}
}

static void wrong_urls_are_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		"db:8123",
		"ftp://db/x",
		"http://",
		"http://me:secret@db/x",
		"http://me@db",
		"http://db/a.b",
		"http://db/x?y=1",
		"http://db/1x",
		"http://db/x;drop",
		"http://db/x/y",
		"http://db:99999/",
		"file:///etc/passwd",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct fleet_server s = {0};
		char why[FLEET_WHY] = "";
		size_t at;

		if (!fleet_server_parse(wrong[i], &s, &at, why))
			fail_msg("%s was taken", wrong[i]);
		assert_true(why[0] && at <= strlen(wrong[i]));
		fleet_server_done(&s);
	}
}

static int take(const char *text, int mode, struct fleet_server *s, char why[FLEET_WHY])
{
	char path[] = "/tmp/test_server.XXXXXX";
	int fd = mkstemp(path), err;

	assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	fchmod(fd, (mode_t)mode);
	close(fd);
	*s = (struct fleet_server){0};
	err = fleet_server_take_credentials(s, path, why);
	unlink(path);
	return err;
}

static void credentials_are_read_from_their_owners_file(void **state)
{
	struct fleet_server s;
	char why[FLEET_WHY] = "";

	(void)state;
	assert_int_equal(take("# ours\nuser = \"me\"\n  password=\"a \\\"b' \"\n", 0600, &s, why),
			 0);
	assert_string_equal(s.user, "me");
	assert_string_equal(s.password, "a \\\"b' ");
	/* A credential of systemd looks so, and what a group shares. */
	assert_int_equal(take("user = \"me\"\n", 0440, &s, why), 0);
	assert_true(take("user = \"me\"\n", 0604, &s, why) != 0);
	assert_non_null(strstr(why, "chmod g-w,o="));
}

static void what_is_wrong_with_credentials_does_not_tell_them(void **state)
{
	static const char *const wrong[] = {"password = hunter2\n", "password \"hunter2\"\n",
					    "key = \"hunter2\"\n", "password = \"hunter2\" x\n",
					    "password = \"hun\rter2\"\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct fleet_server s;
		char why[FLEET_WHY] = "";

		assert_true(take(wrong[i], 0600, &s, why) != 0);
		assert_null(strstr(why, "hunter2"));
		assert_non_null(strstr(why, "line 1"));
	}
}

static void a_password_goes_in_the_clear_to_this_machine_only(void **state)
{
	static const struct {
		const char *url;
		bool is_open;
	} known[] = {{"http://db/x", true},
		     {"https://db/x", false},
		     {"http://127.0.0.1/x", false},
		     {"http://localhost:81/x", false},
		     {"http://localhost.example/x", true}};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct fleet_server s = {.password = "p"};
		char why[FLEET_WHY];
		size_t at;

		assert_int_equal(fleet_server_parse(known[i].url, &s, &at, why), 0);
		assert_int_equal(fleet_server_is_open(&s), known[i].is_open);
		fleet_server_done(&s);
	}
}

static void answers_tell_what_to_do_next(void **state)
{
	(void)state;
	assert_int_equal(
		fleet_http_code("Code: 193, e.displayText() = DB::Exception: Wrong password"), 193);
	assert_int_equal(fleet_http_code("<html>"), 0);
	assert_int_equal(fleet_http_outcome(200, 0), FLEET_OK);
	assert_int_equal(fleet_http_outcome(500, 193), FLEET_LOGIN);
	assert_int_equal(fleet_http_outcome(403, 516), FLEET_LOGIN);
	assert_int_equal(fleet_http_outcome(500, 60), FLEET_WRONG);
	assert_int_equal(fleet_http_outcome(500, 33), FLEET_BAD_ROWS);
	assert_int_equal(fleet_http_outcome(500, 691), FLEET_BAD_ROWS);
	assert_int_equal(fleet_http_outcome(400, 15), FLEET_WRONG);
	assert_int_equal(fleet_http_outcome(500, 243), FLEET_BUSY);
	assert_int_equal(fleet_http_outcome(302, 0), FLEET_BUSY);
	/* Current releases say in a header that a reply of 200 has failed in its middle. */
	assert_int_equal(fleet_http_outcome(200, 241), FLEET_BUSY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls_name_host_port_and_database),
		cmocka_unit_test(wrong_urls_are_refused),
		cmocka_unit_test(credentials_are_read_from_their_owners_file),
		cmocka_unit_test(what_is_wrong_with_credentials_does_not_tell_them),
		cmocka_unit_test(a_password_goes_in_the_clear_to_this_machine_only),
		cmocka_unit_test(answers_tell_what_to_do_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
