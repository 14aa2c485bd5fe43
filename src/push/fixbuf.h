// SPDX-License-Identifier: BSD-2-Clause
/* libfixbuf, and of GLib what comes with it, loaded by who writes IPFIX: see util/library.h. */
#pragma once
#include <fixbuf/public.h>

/* What is called of it, under its own names. */
#define FIXBUF_FUNCTIONS(X)                                                                        \
	X(fBufAllocForExport)                                                                      \
	X(fBufAppend) X(fBufEmit) X(fBufFree) X(fBufSetAutomaticMode) X(fBufSetExportTemplate) X(  \
		fBufSetInternalTemplate) X(fbExporterAllocBuffer) X(fbExporterGetMsgLen)           \
		X(fbInfoElementAllocTypeTemplate) X(fbInfoElementWriteOptionsRecord) X(            \
			fbInfoModelAddElement) X(fbInfoModelAlloc) X(fbInfoModelFree)              \
			X(fbInfoModelGetElementByName) X(fbSessionAddTemplate) X(fbSessionAlloc)   \
				X(fbSessionExportTemplates) X(fbSessionFree) X(fbSessionSetDomain) \
					X(fbTemplateAlloc) X(fbTemplateAppendSpecArray) X(         \
						fbTemplateFreeUnused) X(fbTemplateSetOptionsScope) \
						X(g_clear_error) X(g_error_matches)                \
							X(g_quark_from_string)

struct fixbuf_functions {
#define FIELD(f) __typeof__(f) *f;
	FIXBUF_FUNCTIONS(FIELD)
#undef FIELD
};

/* NULL if it is not installed. */
const struct fixbuf_functions *fixbuf_load(void);

#define FIXBUF_MISSING "libfixbuf.so.9 cannot be loaded (Debian's package libfixbuf9)"
