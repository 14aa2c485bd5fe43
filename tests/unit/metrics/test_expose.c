// SPDX-License-Identifier: BSD-2-Clause
#include "metrics/expose.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "util/out.h"

static const char *label(const char *value, size_t len)
{
	static char text[LABEL_TEXT_MAX];

	len = expose_label("comm", value, len, text);
	assert_int_equal(len, strlen(text));
	return text;
}

static void a_value_is_escaped(void **state)
{
	(void)state;
	assert_string_equal(label("nginx", 5), "comm=\"nginx\"");
	assert_string_equal(label("a\"b\\c\nd", 7), "comm=\"a\\\"b\\\\c?d\"");
	assert_string_equal(label("\x1b[31m\x7f", 6), "comm=\"?[31m?\"");
	assert_string_equal(label("\xff\xfe", 2), "comm=\"??\"");
	assert_string_equal(label("\xc2\x85", 2), "comm=\"?\"");
	assert_string_equal(label("\xc3\xa4", 2), "comm=\"\xc3\xa4\"");
	assert_string_equal(label("\xc3", 1), "comm=\"?\"");
	assert_string_equal(label("", 0), "comm=\"\"");
}

static void a_value_called_other_is_not_taken_for_all_others(void **state)
{
	(void)state;
	assert_string_equal(label("other", 5), "comm=\"other_\"");
	assert_string_equal(label("other_", 6), "comm=\"other__\"");
	assert_string_equal(label("others", 6), "comm=\"others\"");
	assert_string_equal(label("other!", 5), "comm=\"other_\"");
}

static void a_value_is_cut_between_characters(void **state)
{
	char value[300], text[LABEL_TEXT_MAX];

	(void)state;
	memset(value, '"', sizeof(value));
	assert_int_equal(expose_label("x", value, sizeof(value), text), 4 + 2 * LABEL_VALUE_MAX);
	for (size_t i = 0; i < sizeof(value) - 2; i += 3)
		memcpy(value + i, "\xe2\x82\xac", 3);
	assert_int_equal(expose_label("x", value, sizeof(value), text), 4 + LABEL_VALUE_MAX / 3 * 3);
}

static char *page(enum expose_format format, bool is_created)
{
	struct expose x = {.format = format, .is_created = is_created};
	struct out out;
	size_t len;
	char *text;

	out_init_memory(&out);
	x.out = &out;
	expose_family(&x, "a_bytes", EXPOSE_COUNTER, "bytes", "what it is");
	expose_uint(&x, "k=\"v\"", UINT64_MAX);
	expose_family(&x, "b", EXPOSE_INFO, "", "a fact");
	expose_uint(&x, "v=\"1\"", 1);
	expose_family(&x, "c_seconds", EXPOSE_GAUGE, "seconds", "a time");
	expose_seconds(&x, "", 1.5);
	expose_end(&x);
	out_char(&out, '\0');
	text = out_take(&out, &len);
	return text;
}

static void the_formats_differ_in_families_not_in_samples(void **state)
{
	char *text = page(EXPOSE_TEXT, false), *open = page(EXPOSE_OPENMETRICS, false);

	(void)state;
	assert_string_equal(text, "# HELP a_bytes_total what it is\n# TYPE a_bytes_total counter\n"
				  "a_bytes_total{k=\"v\"} 18446744073709551615\n"
				  "# HELP b_info a fact\n# TYPE b_info gauge\nb_info{v=\"1\"} 1\n"
				  "# HELP c_seconds a time\n# TYPE c_seconds gauge\n"
				  "c_seconds 1.500000\n");
	assert_string_equal(open, "# HELP a_bytes what it is\n# TYPE a_bytes counter\n"
				  "# UNIT a_bytes bytes\n"
				  "a_bytes_total{k=\"v\"} 18446744073709551615\n"
				  "# HELP b a fact\n# TYPE b info\nb_info{v=\"1\"} 1\n"
				  "# HELP c_seconds a time\n# TYPE c_seconds gauge\n"
				  "# UNIT c_seconds seconds\nc_seconds 1.500000\n# EOF\n");
	free(text);
	free(open);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_is_escaped),
		cmocka_unit_test(a_value_called_other_is_not_taken_for_all_others),
		cmocka_unit_test(a_value_is_cut_between_characters),
		cmocka_unit_test(the_formats_differ_in_families_not_in_samples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
