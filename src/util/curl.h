// SPDX-License-Identifier: BSD-2-Clause
/*
 * libcurl, loaded when somebody talks to a server. It brings thirty libraries along, which no other
 * command should have to load: they would cost it megabytes, and milliseconds at its start.
 */
#pragma once
#include <curl/curl.h>

struct curl_functions {
	CURLcode (*global_init)(long flags);
	CURL *(*easy_init)(void);
	CURLcode (*easy_setopt)(CURL *curl, CURLoption option, ...);
	CURLcode (*easy_perform)(CURL *curl);
	CURLcode (*easy_getinfo)(CURL *curl, CURLINFO info, ...);
	const char *(*easy_strerror)(CURLcode code);
	char *(*easy_escape)(CURL *curl, const char *text, int len);
	void (*easy_cleanup)(CURL *curl);
	void (*free)(void *p);
	struct curl_slist *(*slist_append)(struct curl_slist *list, const char *text);
	void (*slist_free_all)(struct curl_slist *list);
	CURLU *(*url)(void);
	CURLUcode (*url_set)(CURLU *u, CURLUPart part, const char *text, unsigned flags);
	CURLUcode (*url_get)(CURLU *u, CURLUPart part, char **ret, unsigned flags);
	void (*url_cleanup)(CURLU *u);
};

/* To be called first while programs may still be mapped. NULL if it is not installed. */
const struct curl_functions *curl_load(void);

#ifdef STATIC
#define CURL_MISSING \
	"this program is linked statically, and cannot load libcurl; that of the package can"
#else
#define CURL_MISSING "libcurl.so.4 cannot be loaded (Debian's package libcurl4)"
#endif
