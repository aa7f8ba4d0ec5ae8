/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * formats - a report of a million blocks on ten thousand stacks, for "make bench".
 *
 *	formats make FILE		record it: "SECONDS BYTES PEAK"
 *	formats FORMAT RECORDING FILE	show the recording as that, from reading it on: likewise
 *
 * PEAK is VmHWM of this process, in bytes: what getrusage tells begins with what the starter had.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "render/output.h"
#include "report/report.h"
#include "report/reportfile.h"

enum {
	STACKS = 10000,
	BLOCKS = 100, /* of each stack */
	DEPTH = 25,
	FUNCTIONS = 5000,
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static char *text(const char *format, unsigned int n)
{
	char *s = NULL;

	if (asprintf(&s, format, n) < 0)
		abort();
	return s;
}

/* Stacks have the callers near their outermost end in common, as those of programs have. */
static void make_frame(struct report_frame *f, unsigned int stack, unsigned int level)
{
	unsigned int fan = level < 4 ? 1u << level * 2 : FUNCTIONS;
	unsigned int n = (stack % fan * 2654435761u + level * 97) % FUNCTIONS;

	f->function = text("a_namespace::Class_with_a_name::method_%u(int, std::string const&)", n);
	f->file = text("source_%u.cc", n / 20);
	f->path = text("/usr/src/project/src/source_%u.cc", n / 20);
	f->image = text("libproject_%u.so", n / 500);
	f->image_path = text("/usr/lib/x86_64-linux-gnu/libproject_%u.so", n / 500);
	f->build_id = text("%040u", n / 500);
	f->line = 1 + n % 997;
	f->image_vaddr = f->image_offset = 0x1000 + n * 256ULL + stack % 7 * 8;
	f->addr = 0x7f0000000000ULL + (n / 500) * 0x10000000ULL + f->image_vaddr;
	f->offset = stack % 7 * 8;
}

static struct report *make_report(void)
{
	struct report *r = calloc(1, sizeof(*r));
	unsigned int i, k;

	if (!r)
		abort();
	r->sites = calloc(STACKS, sizeof(*r->sites));
	if (!r->sites)
		abort();
	r->final = true;
	r->time = time(NULL);
	r->comm = text("program", 0);
	for (i = 0; i < STACKS; i++) {
		struct report_site *site = &r->sites[i];

		site->entry = (char *)"malloc";
		site->frames = calloc(DEPTH, sizeof(*site->frames));
		site->blocks = calloc(BLOCKS, sizeof(*site->blocks));
		if (!site->frames || !site->blocks)
			abort();
		site->n_frames = DEPTH;
		site->n_blocks = site->count = site->sampled = BLOCKS;
		for (k = 0; k < DEPTH; k++)
			make_frame(&site->frames[k], i, DEPTH - 1 - k);
		for (k = 0; k < BLOCKS; k++) {
			site->blocks[k] = (struct report_block){
				.addr = 0x55aa00000000ULL +
					(i * 2654435761u % STACKS * BLOCKS + k) * 48ULL,
				.size = 16 + (i * 31 + k * 7) % 4000,
				.age_ns = 1000000000ULL * (k % 60) + i * 1009,
				.stands_for = 1,
			};
			site->bytes += site->blocks[k].size;
		}
		r->bytes += site->bytes;
	}
	r->n_sites = r->n_stacks = STACKS;
	r->count = r->sampled = STACKS * BLOCKS;
	r->account.seen = r->account.outstanding = r->count;
	return r;
}

static unsigned long long peak(void)
{
	unsigned long long kb = 0;
	FILE *in = fopen("/proc/self/status", "re");
	char line[256];

	while (in && fgets(line, sizeof(line), in))
		if (sscanf(line, "VmHWM: %llu", &kb) == 1)
			break;
	if (in)
		fclose(in);
	return kb * 1024;
}

static struct report *load(const char *path)
{
	struct report *r = NULL;
	const char *why = "it cannot be opened";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || reportfile__read(fd, &r, &why))
		fprintf(stderr, "cannot read %s: %s\n", path, why);
	if (fd >= 0)
		close(fd);
	return r;
}

int main(int argc, char **argv)
{
	bool make = argc == 3 && !strcmp(argv[1], "make");
	const struct renderer *renderer = argc == 4 ? renderer__find(argv[1]) : &render_save;
	struct report *r = make ? make_report() : NULL;
	const struct output *bad;
	struct output o = {.renderer = renderer, .path = argv[argc - 1]};
	struct stat st;
	double began;

	if (!make && (argc != 4 || !renderer))
		return 2;
	began = now();
	if (!make)
		r = load(argv[2]);
	if (!r)
		return 1;
	if (output__write(&o, 1, r, NULL, &bad) || stat(o.path, &st)) {
		fprintf(stderr, "cannot write %s\n", o.path);
		return 1;
	}
	printf("%.4f %lld %llu\n", now() - began, (long long)st.st_size, peak());
	report__free(r);
	return 0;
}
