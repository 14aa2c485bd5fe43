// SPDX-License-Identifier: BSD-2-Clause
#include "probe/prototype.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Longer than any list that a program of ours reads; a longer one is cut, and compares all the
 * same. */
#define LIST_MAX 512

/* What qualifies a type, and changes nothing about what a program reads. */
static const struct btf_type *skip_qualifiers(const struct btf *kernel, __u32 id)
{
	const struct btf_type *t = btf__type_by_id(kernel, id);

	while (t && (btf_is_mod(t) || btf_is_type_tag(t)))
		t = btf__type_by_id(kernel, t->type);
	return t;
}

/* Append a type as C writes it: "struct sock *", "int", "bool". */
static void append_type(const struct btf *kernel, __u32 id, char *text, size_t size)
{
	const struct btf_type *t = skip_qualifiers(kernel, id);
	size_t used = strlen(text);
	const char *name, *word = "";

	if (t && btf_is_ptr(t)) {
		append_type(kernel, t->type, text, size);
		used = strlen(text);
		snprintf(text + used, size - used, "%s*", used && text[used - 1] == '*' ? "" : " ");
		return;
	}
	name = t ? btf__name_by_offset(kernel, t->name_off) : NULL;
	if (t && (btf_is_struct(t) || (btf_is_fwd(t) && !btf_kflag(t))))
		word = "struct ";
	else if (t && (btf_is_union(t) || btf_is_fwd(t)))
		word = "union ";
	else if (t && btf_is_any_enum(t))
		word = "enum ";
	snprintf(text + used, size - used, "%s%s", word, name && *name ? name : "void");
}

/* The prototype behind a tracepoint (whose first parameter is not ours) or a function. */
static const struct btf_type *find_prototype(const struct btf *kernel, const char *where,
					     bool *ret_is_tracepoint)
{
	const char *name = strchr(where, '/');
	const struct btf_type *t;
	char type[128];
	int id;

	*ret_is_tracepoint = !strncmp(where, "tp_btf/", 7);
	if (!name)
		return NULL;
	snprintf(type, sizeof(type), "%s%s", *ret_is_tracepoint ? "btf_trace_" : "", name + 1);
	id = btf__find_by_name_kind(kernel, type,
				    *ret_is_tracepoint ? BTF_KIND_TYPEDEF : BTF_KIND_FUNC);
	t = id < 0 ? NULL : btf__type_by_id(kernel, (__u32)id);
	/* typedef -> pointer -> prototype, or function -> prototype */
	for (int depth = 0; t && !btf_is_func_proto(t) && depth < 3; depth++)
		t = btf__type_by_id(kernel, t->type);
	return t && btf_is_func_proto(t) ? t : NULL;
}

static void list_arguments(const struct btf *kernel, const struct btf_type *prototype,
			   unsigned first, char *text, size_t size)
{
	const struct btf_param *param = btf_params(prototype);

	text[0] = '\0';
	for (unsigned i = first; i < btf_vlen(prototype); i++) {
		size_t used = strlen(text);

		snprintf(text + used, size - used, "%s", i == first ? "" : ", ");
		append_type(kernel, param[i].type, text, size);
	}
}

/* Is `list` what a variant of `len` characters says, or does it go on after it? */
static bool fits(const char *list, const char *variant, size_t len, bool leading)
{
	if (strncmp(list, variant, len))
		return false;
	return !list[len] || (leading && list[len] == ',');
}

int prototype_check(const struct btf *kernel, const char *where, const char *arguments,
		    char *ret_list, size_t size)
{
	const struct btf_type *prototype;
	bool is_tracepoint;
	char list[LIST_MAX];

	if (strncmp(where, "tp_btf/", 7) && strncmp(where, "fexit/", 6) &&
	    strncmp(where, "fentry/", 7))
		return 0;
	prototype = find_prototype(kernel, where, &is_tracepoint);
	if (!prototype)
		return -ENOENT;
	list_arguments(kernel, prototype, is_tracepoint ? 1 : 0, list, sizeof(list));
	if (!arguments)
		return 0;
	for (const char *variant = arguments; variant;) {
		const char *end = strstr(variant, " | ");
		size_t len = end ? (size_t)(end - variant) : strlen(variant);

		if (fits(list, variant, len, is_tracepoint))
			return 0;
		variant = end ? end + 3 : NULL;
	}
	snprintf(ret_list, size, "%s", list);
	return -EPROTOTYPE;
}
