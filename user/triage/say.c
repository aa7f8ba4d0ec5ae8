/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "triage/say.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/format.h"
#include "render/render.h"

#define MAX_BYTES 9e18 /* below 2^63: what is beyond is a mistake of the input */

static int64_t whole(double bytes)
{
	if (isnan(bytes))
		return 0;
	return llround(fmax(-MAX_BYTES, fmin(MAX_BYTES, bytes)));
}

const char *say__bytes(char buf[SAY_SIZE], double bytes)
{
	char text[FORMAT_BYTES_SIZE];

	if (bytes < 0)
		return say__change(buf, bytes);
	snprintf(buf, SAY_SIZE, "%.31s", format__bytes(text, (uint64_t)whole(bytes)));
	return buf;
}

const char *say__change(char buf[SAY_SIZE], double bytes)
{
	char text[FORMAT_BYTES_SIZE];

	snprintf(buf, SAY_SIZE, "%.31s", format__bytes_delta(text, whole(bytes)));
	return buf;
}

const char *say__rate(char buf[SAY_SIZE], const struct history *h, double bytes)
{
	char change[SAY_SIZE];

	snprintf(buf, SAY_SIZE, "%.22s%s", say__change(change, bytes), h->timed ? "/s" : "/sample");
	return buf;
}

const char *say__seconds(char buf[SAY_SIZE], double s)
{
	if (s < 120)
		snprintf(buf, SAY_SIZE, "%.*f s", s < 10 ? 1 : 0, s);
	else if (s < 2 * 3600)
		snprintf(buf, SAY_SIZE, "%.0f min", s / 60);
	else if (s < 48 * 3600)
		snprintf(buf, SAY_SIZE, "%.1f h", s / 3600);
	else if (s < 1000 * 86400.0)
		snprintf(buf, SAY_SIZE, "%.0f days", s / 86400);
	else
		snprintf(buf, SAY_SIZE, "years");
	return buf;
}

const char *say__use(enum use use)
{
	static const char *const words[USES] = {
		[USE_ANON] = "processes, anonymous",
		[USE_FILE] = "page cache of files",
		[USE_SHMEM] = "shm, memfd and tmpfs",
		[USE_SLAB_SHRINKS] = "slab, reclaimable",
		[USE_SLAB] = "slab, unreclaimable",
		[USE_PAGE_TABLES] = "page tables",
		[USE_STACKS] = "kernel stacks",
		[USE_VMALLOC] = "vmalloc",
		[USE_PERCPU] = "percpu",
		[USE_HUGETLB] = "huge pages",
		[USE_OTHER] = "zswap, GPU and others",
		[USE_UNACCOUNTED] = "unaccounted",
		[USE_FREE] = "free",
		[USE_SOCKETS] = "socket buffers",
		[USE_SWAP] = "swap",
		[USE_AVAILABLE] = "available memory",
	};

	return words[use];
}

static void put_process(FILE *out, const struct history *h, pid_t pid)
{
	fprintf(out, "pid %d", (int)pid);
	if (history__process(h, pid) < 0)
		return;
	fputs(" (", out);
	render__escape(out, history__process_name(h, pid));
	fputc(')', out);
}

/* Paths come with \ooo for blanks: escaped enough, but for other controls. */
static void put_holder(FILE *out, const struct history *h, const struct finding *f)
{
	switch (f->holder) {
	case HOLDER_CREATOR:
		fputs("System V segments of ", out);
		put_process(out, h, (pid_t)atoi(h->creators.row[f->row].key));
		break;
	case HOLDER_FILES:
		fputs("memfds or deleted files of ", out);
		put_process(out, h, (pid_t)atoi(h->holders.row[f->row].key));
		break;
	case HOLDER_MOUNT:
		fputs("tmpfs files in ", out);
		render__escape(out, h->mounts.row[f->row].key);
		break;
	default:
		fputs("shm, memfd and tmpfs", out);
		break;
	}
}

void say__subject(FILE *out, const struct history *h, const struct finding *f)
{
	const struct shm_segment *seg;

	switch (f->kind) {
	case FOUND_PROCESS:
		put_process(out, h, h->process[f->row].pid);
		break;
	case FOUND_NAME:
		fputs("processes named ", out);
		render__escape(out, h->names.row[f->row].key);
		break;
	case FOUND_SHMEM:
		put_holder(out, h, f);
		break;
	case FOUND_ATTACHMENT:
		seg = &h->segment[f->row];
		fprintf(out, "attachments of shared memory key 0x%08" PRIx32, seg->key);
		break;
	case FOUND_SLAB:
		fputs("slab cache ", out);
		render__escape(out, h->slab[f->row].name);
		break;
	default:
		fputs(say__use((enum use)f->row), out);
		break;
	}
}

static const char *what_grows(const struct finding *f)
{
	if (f->kind != FOUND_PROCESS)
		return "";
	if (f->mechanism == GROWS_SHMEM)
		return ", in shared memory";
	return f->mechanism == GROWS_THREADS ? ", by threads" : "";
}

/* "1.2 to 1.4", in the unit of the slope before it. */
static void put_interval(FILE *out, const struct finding *f)
{
	double unit = 1, slope = fabs(f->trend.slope);

	while (slope >= 1024 * unit)
		unit *= 1024;
	fprintf(out, " (%.1f to %.1f, %.0f %%)", f->trend.low / unit, f->trend.high / unit,
		floor(100 * f->trend.coverage));
}

static bool is_plural(const struct finding *f)
{
	switch (f->kind) {
	case FOUND_NAME:
	case FOUND_SHMEM:
	case FOUND_ATTACHMENT:
		return true;
	case FOUND_USE:
		return f->row == USE_PAGE_TABLES || f->row == USE_STACKS || f->row == USE_SOCKETS ||
		       f->row == USE_HUGETLB;
	default:
		return false;
	}
}

void say__finding(FILE *out, const struct history *h, const struct finding *f)
{
	char text[SAY_SIZE];
	double left;

	if (f->kind == FOUND_AVAILABLE) {
		fprintf(out, " shrinks steadily by %s", say__rate(text, h, f->trend.slope) + 1);
	} else if (f->kind == FOUND_ATTACHMENT) {
		fprintf(out, " grow steadily: %+.2g%s, now %" PRIu64, f->trend.slope,
			h->timed ? "/s" : "/sample", h->segment[f->row].attached);
		return;
	} else {
		fprintf(out, " grow%s steadily%s: %s", is_plural(f) ? "" : "s", what_grows(f),
			say__rate(text, h, f->trend.slope));
	}
	put_interval(out, f);
	if (f->kind != FOUND_AVAILABLE)
		fprintf(out, ", now %s", say__bytes(text, f->trend.last));
	left = verdict__seconds_left(h, f->trend.slope);
	if (isfinite(left))
		fprintf(out, "; memory lasts %s", say__seconds(text, left));
	if (f->young)
		fprintf(out, "; started %s ago: warming up?", say__seconds(text, f->age));
}

/* Attachments that were found, by the process that has most of them. */
static void put_attached(FILE *out, const struct history *h, const struct shm_segment *seg)
{
	const struct attachment *most = NULL;
	uint64_t found = 0, all;
	size_t i;

	for (i = 0; i < h->n_attached; i++) {
		if (h->attached[i].shmid != seg->shmid)
			continue;
		found += h->attached[i].mappings;
		if (!most || h->attached[i].mappings > most->mappings)
			most = &h->attached[i];
	}
	/* They were counted later than the segment was read. */
	all = found > seg->attached ? found : seg->attached;
	if (!all) {
		fputs("nobody is attached", out);
		return;
	}
	if (!most) {
		fprintf(out, "%" PRIu64 " attachments", all);
		return;
	}
	fprintf(out, "%" PRIu64 " of %" PRIu64 " attachments in ", most->mappings, all);
	put_process(out, h, most->pid);
}

void say__segment(FILE *out, const struct history *h, const struct shm_segment *seg)
{
	if (seg->creator) {
		fputs("created by ", out);
		put_process(out, h, seg->creator);
	} else {
		fputs("created outside of this container", out);
	}
	fputs(", ", out);
	put_attached(out, h, seg);
}

/* The segment of a creator that came last. */
static const struct shm_segment *newest_segment(const struct history *h, pid_t creator)
{
	const struct shm_segment *newest = NULL;
	size_t i;

	for (i = 0; i < h->segments.n; i++)
		if (!isnan(table__last(&h->segments, (long)i, SEGMENT_BYTES)) &&
		    h->segment[i].creator == creator)
			newest = &h->segment[i];
	return newest;
}

static void put_segment_line(FILE *out, const struct history *h, const struct shm_segment *seg)
{
	fprintf(out, "shared memory key 0x%08" PRIx32 " (shmid %" PRIu64 "), ", seg->key,
		seg->shmid);
	say__segment(out, h, seg);
	fputc('\n', out);
}

static void next_slab(FILE *out, const struct history *h, const struct finding *f)
{
	const struct slabinfo_cache *c = &h->slab[f->row];

	if (strstr(c->name, "kmalloc") || !strncmp(c->name, "size-", 5)) {
		fprintf(out, "sudo memleak-bpf -k -f 'bytes_alloc==%" PRIu64 "'\n", c->size);
		return;
	}
	fputs("sudo memleak-bpf -k -f 'name==\"", out);
	render__escape(out, c->name);
	fputs("\"'\n", out);
}

static void next_use(FILE *out, const struct finding *f)
{
	switch (f->row) {
	case USE_VMALLOC:
		fputs("sudo memleak-bpf -k --vmalloc\n", out);
		break;
	case USE_PERCPU:
		fputs("sudo memleak-bpf -k --percpu\n", out);
		break;
	case USE_SLAB:
		fputs("sudo memleak-bpf -k\n", out);
		break;
	case USE_SOCKETS:
		fputs("ss -tuxm    # who does not read\n", out);
		break;
	case USE_HUGETLB:
		fputs("grep -H . /proc/sys/vm/nr_*hugepages*    # who reserves them\n", out);
		break;
	default:
		fputs("sudo memleak-bpf -k --pages\n", out);
		break;
	}
}

/* What it shares by System V segments of its own is found by their key. */
static void next_shared(FILE *out, const struct history *h, pid_t pid, const char *indent)
{
	const struct shm_segment *seg = newest_segment(h, pid);

	if (seg)
		put_segment_line(out, h, seg);
	if (history__process(h, pid) >= 0)
		fprintf(out, "%ssudo memleak-bpf maps %d\n", seg ? indent : "", (int)pid);
}

static void next_shmem(FILE *out, const struct history *h, const struct finding *f,
		       const char *indent)
{
	switch (f->holder) {
	case HOLDER_CREATOR:
		next_shared(out, h, (pid_t)atoi(h->creators.row[f->row].key), indent);
		break;
	case HOLDER_FILES:
		fprintf(out, "sudo ls -l /proc/%s/fd    # %.0f such files\n",
			h->holders.row[f->row].key, table__last(&h->holders, f->row, HOLDER_COUNT));
		break;
	case HOLDER_MOUNT:
		fputs("sudo du -ax ", out);
		render__escape(out, h->mounts.row[f->row].key);
		fputs(" | sort -n | tail\n", out);
		break;
	default:
		fputs("sudo memleak-bpf triage --all\n", out);
		break;
	}
}

void say__next(FILE *out, const struct history *h, const struct finding *f, const char *indent)
{
	fputs(indent, out);
	switch (f->kind) {
	case FOUND_PROCESS:
		if (f->mechanism == GROWS_SHMEM)
			next_shared(out, h, h->process[f->row].pid, indent);
		else
			fprintf(out, "sudo memleak-bpf %s %d\n",
				f->mechanism == GROWS_ANON ? "-p" : "maps",
				(int)h->process[f->row].pid);
		break;
	case FOUND_NAME:
		fputs("ps -o pid,ppid,lstart,args -C '", out);
		render__escape(out, h->names.row[f->row].key);
		fputs("'    # who starts them\n", out);
		break;
	case FOUND_SHMEM:
		next_shmem(out, h, f, indent);
		break;
	case FOUND_ATTACHMENT:
		put_segment_line(out, h, &h->segment[f->row]);
		break;
	case FOUND_SLAB:
		next_slab(out, h, f);
		break;
	case FOUND_USE:
		next_use(out, f);
		break;
	case FOUND_AVAILABLE:
		fputs("sudo memleak-bpf triage --all --for 10m\n", out);
		break;
	}
}
