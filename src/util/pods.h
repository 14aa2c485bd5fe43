// SPDX-License-Identifier: BSD-2-Clause
/*
 * Names of pods by their uid, which is all that a cgroup's path tells. The kubelet makes a folder
 * NAMESPACE_NAME_UID for the logs of each pod, in /var/log/pods; no server is asked.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Kubernetes allows 63 and 253 characters. */
#define POD_NAMESPACE_SIZE 64
#define POD_NAME_SIZE 254
#define POD_UID_SIZE 37
/* So many are remembered; a kubelet runs a few hundred at most. */
#define PODS_MAX 4096

struct pod {
	char namespace[POD_NAMESPACE_SIZE];
	char name[POD_NAME_SIZE];
	char uid[POD_UID_SIZE];
};

struct pods;

/* Of the folder, which is looked into when somebody asks. Gives; free with pods_free(). */
struct pods *pods_new(const char *folder);
void pods_free(struct pods *p);

/*
 * The pod of this uid; NULL if there is none. The folder is read again for an unknown one, at most
 * once a second. Names of pods that have gone stay while there is room. Borrowed until the next call.
 */
const struct pod *pods_find(struct pods *p, const char *uid, uint64_t now_ns);

/* "default_web-0_UID" of `len` bytes. 0, or -EINVAL: it is no pod's. */
int pods_parse(const char *name, size_t len, struct pod *ret);
