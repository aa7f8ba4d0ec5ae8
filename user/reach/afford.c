/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reach/afford.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "proc/meminfo.h"
#include "proc/procfile.h"

#define KIB 1024

bool afford__fits(const char *status, size_t len, uint64_t available, char why_not[CAPTURE_WHY_NOT])
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
	if (sum <= available / 2)
		return true;
	snprintf(why_not, CAPTURE_WHY_NOT,
		 "a copy of its memory, %" PRIu64 " MiB, is more than half of the %" PRIu64
		 " MiB that are available: --reach makes it all the same",
		 sum >> 20, available >> 20);
	return false;
}

bool afford__copy(pid_t pid, char why_not[CAPTURE_WHY_NOT])
{
	struct procfile file = {0};
	struct meminfo meminfo;
	bool estimated, fits = true; /* of what is not known the copy will tell */
	char path[32];

	if (!procfile__read(&file, AT_FDCWD, "/proc/meminfo") &&
	    !meminfo__parse(file.text, file.len, &meminfo)) {
		snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
		if (!procfile__read(&file, AT_FDCWD, path))
			fits = afford__fits(file.text, file.len,
					    meminfo__available(&meminfo, &estimated), why_not);
	}
	procfile__clear(&file);
	return fits;
}
