/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reach/afford.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "proc/available.h"
#include "proc/procfile.h"

#define KIB 1024

bool afford__fits(const char *status, size_t len, const struct available *available,
		  char why_not[CAPTURE_WHY_NOT])
{
	struct span text = span__of(status, len), line, name;
	uint64_t sum = 0, kib, bytes;

	while (span__line(&text, &line)) {
		if (!span__word(&line, &name) ||
		    !(span__is(name, "RssAnon:") || span__is(name, "RssShmem:") ||
		      span__is(name, "VmSwap:")) ||
		    !span__next_u64(&line, &kib))
			continue;
		if (__builtin_mul_overflow(kib, KIB, &bytes) ||
		    __builtin_add_overflow(sum, bytes, &sum))
			sum = UINT64_MAX;
	}
	if (sum <= available->bytes / 2)
		return true;
	snprintf(why_not, CAPTURE_WHY_NOT,
		 "its %" PRIu64 " MiB are more than half of the %" PRIu64
		 " MiB that %s: --reach copies them all the same",
		 sum >> 20, available->bytes >> 20, available->words);
	return false;
}

bool afford__copy(pid_t pid, char why_not[CAPTURE_WHY_NOT])
{
	struct procfile file = {0};
	struct available available;
	char path[32];
	bool fits = true; /* of what is not known the copy will tell */

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if (!procfile__read(&file, AT_FDCWD, path)) {
		available__get(AT_FDCWD, &available);
		fits = afford__fits(file.text, file.len, &available, why_not);
	}
	procfile__clear(&file);
	return fits;
}
