/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sample - a process's mappings at one moment: smaps, facts, and what they make of them; and the
 * text format in which samples are kept.
 *
 * A recording is text: for each sample the line "# memleak-bpf maps 1", lines "# KEY VALUE" (pid,
 * comm, time in ns since 1970, and facts, see facts.h), then the mappings as in /proc/PID/smaps. A
 * plain copy of /proc/PID/smaps, or of maps, is a recording of one sample.
 */
#ifndef MAPS_SAMPLE_H
#define MAPS_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "maps/facts.h"
#include "maps/layout.h"
#include "proc/smaps.h"

struct sample {
	pid_t pid;	    /* 0: not known */
	pid_t tid;	    /* a living thread: what an ended main thread would not let us read */
	char comm[64];	    /* "": not known */
	uint64_t time_ns;   /* since 1970, 0: not known */
	bool memory_denied; /* not all facts were to be had */
	struct smaps smaps;
	struct facts facts;
	struct layout layout;
};

/* -ESRCH: no such process; -EACCES or -EPERM: not ours to look at; -ENOENT: a kernel thread, which
 * has no memory of its own; -ENOMEM. */
int sample__take(pid_t pid, struct sample *s);
void sample__clear(struct sample *s);

/* Append a process's sample to a recording: reads it again from /proc. Returns 0 or negative errno.
 */
int sample__write(const struct sample *s, FILE *out);

/* What each kind held at one moment: what is kept of samples between the first and the last. */
struct moment {
	uint64_t time_ns;
	uint64_t held[MAP_KINDS];
};
void sample__moment(const struct sample *s, struct moment *m);

struct samples {
	struct sample *sample;
	size_t n;
};
/*
 * All samples of a recording. Returns 0; -ENODATA: there is no mapping in it; other negative errno.
 * samples__clear frees them.
 */
int samples__read(const char *path, struct samples *all);
void samples__clear(struct samples *all);
#endif
