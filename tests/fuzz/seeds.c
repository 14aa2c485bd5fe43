// SPDX-License-Identifier: BSD-2-Clause
/*
 * Stands in for libFuzzer where there is none, as for another architecture: gives a target every
 * seed of the folders named, and each seed cut at every length and with every byte inverted. Words
 * that begin with "-" are libFuzzer's options.
 */
#include <dirent.h>
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEED_BYTES_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In memory of its own size, past whose end an address sanitizer would see a reading. */
static void give(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size + !size);

	if (!copy)
		err(1, "no memory");
	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static void give_all(uint8_t *data, size_t size)
{
	give(data, size);
	for (size_t i = 0; i < size; i++) {
		give(data, i);
		data[i] = (uint8_t)~data[i];
		give(data, size);
		data[i] = (uint8_t)~data[i];
	}
}

static void give_file(const char *folder, const char *name)
{
	static uint8_t data[SEED_BYTES_MAX];
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "re");
	if (!f)
		err(1, "%s", path);
	give_all(data, fread(data, 1, sizeof(data), f));
	fclose(f);
}

static unsigned give_folder(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	unsigned n = 0;

	if (!dir)
		err(1, "%s", path);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.') {
			give_file(path, entry->d_name);
			n++;
		}
	closedir(dir);
	return n;
}

int main(int argc, char **argv)
{
	unsigned seeds = 0;

	for (int i = 1; i < argc; i++)
		if (argv[i][0] != '-')
			seeds += give_folder(argv[i]);
	printf("%u seeds\n", seeds);
	return seeds ? 0 : 1;
}
