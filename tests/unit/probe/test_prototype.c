// SPDX-License-Identifier: BSD-2-Clause
/* Argument lists of hooks against BTF made by hand, so that kernels that differ are always there.
 */
#include "probe/prototype.h"

#include <bpf/btf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "probe/ladder.h"

/* The types of a small kernel. */
struct types {
	struct btf *btf;
	int int_, bool_, sock, skb, reason, sock_p, const_sock_p, skb_p, int_p, void_p, const_int;
};

static struct types make_types(void)
{
	struct types t = {.btf = btf__new_empty()};
	int const_sock;

	t.int_ = btf__add_int(t.btf, "int", 4, BTF_INT_SIGNED);
	t.bool_ = btf__add_typedef(t.btf, "bool", btf__add_int(t.btf, "_Bool", 1, BTF_INT_BOOL));
	t.sock = btf__add_struct(t.btf, "sock", 8);
	t.skb = btf__add_fwd(t.btf, "sk_buff", BTF_FWD_STRUCT);
	t.reason = btf__add_enum(t.btf, "sk_rst_reason", 4);
	const_sock = btf__add_const(t.btf, t.sock);
	t.sock_p = btf__add_ptr(t.btf, t.sock);
	t.const_sock_p = btf__add_ptr(t.btf, const_sock);
	t.skb_p = btf__add_ptr(t.btf, t.skb);
	t.int_p = btf__add_ptr(t.btf, t.int_);
	t.void_p = btf__add_ptr(t.btf, 0);
	t.const_int = btf__add_const(t.btf, t.int_);
	return t;
}

static int add_prototype(struct btf *btf, const int *type, size_t count)
{
	int id = btf__add_func_proto(btf, 0);

	for (size_t i = 0; i < count; i++)
		assert_int_equal(btf__add_func_param(btf, "", type[i]), 0);
	return id;
}

/* A tracepoint's first parameter is the kernel's own. */
static void add_tracepoint(struct types *t, const char *type_name, const int *type, size_t count)
{
	int all[8] = {t->void_p}, prototype;

	if (count)
		memcpy(all + 1, type, count * sizeof(*type));
	prototype = add_prototype(t->btf, all, count + 1);
	assert_true(btf__add_typedef(t->btf, type_name, btf__add_ptr(t->btf, prototype)) > 0);
}

static void add_function(struct types *t, const char *name, const int *type, size_t count)
{
	assert_true(btf__add_func(t->btf, name, BTF_FUNC_STATIC,
				  add_prototype(t->btf, type, count)) > 0);
}

static void expect(const struct types *t, const char *where, const char *arguments, int err,
		   const char *list)
{
	char found[256] = "";

	assert_int_equal(prototype_check(t->btf, where, arguments, found, sizeof(found)), err);
	assert_string_equal(found, list);
}

static void test_leading_arguments_of_a_tracepoint(void **state)
{
	struct types t = make_types();
	const int old[] = {t.const_sock_p, t.skb_p};
	const int young[] = {t.const_sock_p, t.skb_p, t.reason};

	(void)state;
	add_tracepoint(&t, "btf_trace_old", old, 2);
	add_tracepoint(&t, "btf_trace_young", young, 3);
	expect(&t, "tp_btf/old", "struct sock *, struct sk_buff *", 0, "");
	expect(&t, "tp_btf/young", "struct sock *, struct sk_buff *", 0, "");
	expect(&t, "tp_btf/young", "struct sock *, struct sk_buff *, enum sk_rst_reason", 0, "");
	expect(&t, "tp_btf/old", "struct sock *, struct sk_buff *, enum sk_rst_reason", -EPROTOTYPE,
	       "struct sock *, struct sk_buff *");
	btf__free(t.btf);
}

static void test_arguments_of_another_kind(void **state)
{
	struct types t = make_types();
	const int reordered[] = {t.skb_p, t.sock_p}, pointer[] = {t.sock_p, t.int_p};
	const int inserted[] = {t.bool_, t.sock_p, t.int_, t.int_};

	(void)state;
	add_tracepoint(&t, "btf_trace_reordered", reordered, 2);
	add_tracepoint(&t, "btf_trace_pointer", pointer, 2);
	add_tracepoint(&t, "btf_trace_inserted", inserted, 4);
	expect(&t, "tp_btf/reordered", "struct sock *, struct sk_buff *", -EPROTOTYPE,
	       "struct sk_buff *, struct sock *");
	/* "int" is how "int *" begins, too. */
	expect(&t, "tp_btf/pointer", "struct sock *, int", -EPROTOTYPE, "struct sock *, int *");
	expect(&t, "tp_btf/inserted", "struct sock *, int, int", -EPROTOTYPE,
	       "bool, struct sock *, int, int");
	btf__free(t.btf);
}

static void test_qualifiers_change_nothing(void **state)
{
	struct types t = make_types();
	const int type[] = {t.const_sock_p, t.const_int, t.const_int};

	(void)state;
	add_tracepoint(&t, "btf_trace_inet_sock_set_state", type, 3);
	expect(&t, "tp_btf/inet_sock_set_state", "struct sock *, int, int", 0, "");
	btf__free(t.btf);
}

static void test_all_arguments_of_a_function(void **state)
{
	static const char variants[] = "struct sock *, int | struct sock *, int, int *";
	struct types t = make_types();
	const int two[] = {t.sock_p, t.int_}, three[] = {t.sock_p, t.int_, t.int_p};
	const int four[] = {t.sock_p, t.int_, t.int_p, t.bool_};

	(void)state;
	add_function(&t, "two", two, 2);
	add_function(&t, "three", three, 3);
	add_function(&t, "four", four, 4);
	expect(&t, "fexit/two", variants, 0, "");
	expect(&t, "fexit/three", variants, 0, "");
	expect(&t, "fexit/four", variants, -EPROTOTYPE, "struct sock *, int, int *, bool");
	/* What a function returns follows its last argument: none may be left out. */
	expect(&t, "fexit/three", "struct sock *, int", -EPROTOTYPE, "struct sock *, int, int *");
	expect(&t, "fentry/two", "struct sock *, int", 0, "");
	btf__free(t.btf);
}

static void test_hooks_that_are_not_there(void **state)
{
	struct types t = make_types();
	const int type[] = {t.sock_p};

	(void)state;
	add_function(&t, "function", type, 1);
	expect(&t, "tp_btf/function", "struct sock *", -ENOENT, "");
	expect(&t, "fexit/other", "struct sock *", -ENOENT, "");
	expect(&t, "iter/tcp", NULL, 0, "");
	btf__free(t.btf);
}

static void test_no_arguments_at_all(void **state)
{
	struct types t = make_types();

	(void)state;
	add_tracepoint(&t, "btf_trace_empty", NULL, 0);
	expect(&t, "tp_btf/empty", "struct sock *", -EPROTOTYPE, "");
	expect(&t, "tp_btf/empty", NULL, 0, "");
	btf__free(t.btf);
}

/* Every program that reads arguments says which. */
static void test_the_ladder_names_the_arguments_of_all_tracepoints_and_exits(void **state)
{
	unsigned checked = 0;

	(void)state;
	for (size_t n = 0; n < ladder_count; n++)
		for (size_t r = 0; need_has(&ladder[n], r); r++)
			for (size_t h = 0; h < HOOKS_MAX && ladder[n].rung[r].hook[h].where; h++) {
				const struct hook *hook = &ladder[n].rung[r].hook[h];

				if (strncmp(hook->where, "tp_btf/", 7) &&
				    strncmp(hook->where, "fexit/", 6))
					continue;
				assert_non_null(hook->program);
				assert_non_null(hook->arguments);
				checked++;
			}
	assert_true(checked > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_leading_arguments_of_a_tracepoint),
		cmocka_unit_test(test_arguments_of_another_kind),
		cmocka_unit_test(test_qualifiers_change_nothing),
		cmocka_unit_test(test_all_arguments_of_a_function),
		cmocka_unit_test(test_hooks_that_are_not_there),
		cmocka_unit_test(test_no_arguments_at_all),
		cmocka_unit_test(test_the_ladder_names_the_arguments_of_all_tracepoints_and_exits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
