/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_triage - everything that triage reads, from the text to the screen. The first byte tells
 * what the rest is: a recording, or a text of one of the kinds that a recording holds, three
 * samples of it.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "triage/drawing.h"
#include "triage/history.h"
#include "triage/recording.h"
#include "triage/screen.h"
#include "triage/verdict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {
	"machine",     "meminfo",      "vmstat",	 "pressure/memory", "zoneinfo",
	"buddyinfo",   "net/sockstat", "slabinfo",	 "slab/links",	    "allocinfo",
	"sysvipc/shm", "shm/files",    "shm/attached",	 "tmpfs",	    "hidden",
	"7/stat",      "7/smaps",      "7/smaps_rollup", "7/statm",	    "99999999999/stat",
};
#define N_NAMES (sizeof(names) / sizeof(*names))

static void replay_recording(struct history *h, const char *text, size_t size)
{
	FILE *in = size ? fmemopen((void *)text, size, "r") : NULL;
	size_t line;
	bool cut;

	if (!in)
		return;
	recording__read(in, RECORDING_MAGIC "1\n", h, &line, &cut);
	fclose(in);
}

static void repeat_text(struct history *h, const char *name, const char *text, size_t size)
{
	int i;

	for (i = 0; i < 3; i++) {
		if (history__next_sample(h, i) || history__take(h, name, text, size) ||
		    history__end_sample(h))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static FILE *null;
	const struct screen_opts opts = {.all = true, .columns = 100};
	struct history h;
	struct verdict v;
	char *text;

	if (!size)
		return 0;
	if (!null)
		null = fopen("/dev/null", "w");
	/* Exactly as long as the input, so that a step too far is seen. */
	text = malloc(size);
	if (!text || !null)
		abort();
	memcpy(text, data + 1, size - 1);
	history__init(&h);
	if (*data % (N_NAMES + 1) == N_NAMES)
		replay_recording(&h, text, size - 1);
	else
		repeat_text(&h, names[*data % (N_NAMES + 1)], text, size - 1);
	if (!verdict__find(&h, &v)) {
		screen__print(null, &h, &v, &opts);
		drawing__html(null, &h, &v);
		verdict__clear(&v);
	}
	history__clear(&h);
	free(text);
	return 0;
}
