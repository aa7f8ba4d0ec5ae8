/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * symbolize: names for a recording that has none, of a program built here. The truth is what the
 * symbolizer says of the program itself, which test_symbolizer compares with other tools.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "elf/elfimg.h"
#include "report/report.h"
#include "sym/symbolizer.h"
#include "symbolize/files.h"
#include "symbolize/names.h"

#define MAX_PLACES 64

static char dir[] = "/tmp/test_symbolize.XXXXXX";
static char id[2 * 64 + 1];

static bool sh(const char *script)
{
	char *cmd = NULL;
	bool ok = asprintf(&cmd, "cd %s && exec >/dev/null 2>&1 </dev/null && %s", dir, script) >
			  0 &&
		  system(cmd) == 0;

	free(cmd);
	return ok;
}

static const char *in_dir(char path[256], const char *name)
{
	snprintf(path, 256, "%s/%s", dir, name);
	return path;
}

static struct elfimg *open_in_dir(const char *name)
{
	struct elfimg *img = NULL;
	char path[256];
	int fd = open(in_dir(path, name), O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && elfimg__open(fd, name, &img))
		img = NULL;
	if (fd >= 0)
		close(fd);
	return img;
}

/* A program, the same without names, its debug file, and another program. */
static bool build(void)
{
	const uint8_t *bytes;
	struct elfimg *img;
	size_t n, i;

	if (!sh("printf '#include <stdlib.h>\\n#define I static inline "
		"__attribute__((always_inline))\\n"
		"I void *in1(int n)\\n{\\n\\treturn malloc(n);\\n}\\n"
		"I void *in2(int n)\\n{\\n\\treturn in1(n + 1);\\n}\\n"
		"__attribute__((noinline)) void *real(int n)\\n{\\n\\tvoid *p = "
		"in2(n);\\n\\treturn "
		"p ? p : in1(2);\\n}\\n"
		"int main(void)\\n{\\n\\treturn !real(3);\\n}\\n' > a.c && "
		"cc -g -O1 -Wl,--build-id=sha1 -o full a.c && objcopy --only-keep-debug full dbg "
		"&& "
		"objcopy --strip-all full stripped && "
		"echo 'int main(void) { return 7; }' > o.c && "
		"cc -g -Wl,--build-id=sha1 -o other o.c"))
		return false;
	img = open_in_dir("full");
	bytes = img ? elfimg__build_id(img, &n) : NULL;
	for (i = 0; bytes && i < n; i++)
		snprintf(id + 2 * i, 3, "%02x", bytes[i]);
	elfimg__free(img);
	return *id;
}

/* --- a recording of one stack, an address after each of the first instructions of a function ---
 */

struct recording {
	struct report report;
	struct report_site site;
	struct report_frame *frames;
};

static uint64_t start_of(const char *function)
{
	char command[300], line[64] = "";
	FILE *nm;

	snprintf(command, sizeof(command), "nm %s/full | grep ' T %s$'", dir, function);
	nm = popen(command, "r");
	if (nm && !fgets(line, sizeof(line), nm))
		*line = '\0';
	if (nm)
		pclose(nm);
	return strtoull(line, NULL, 16);
}

static void record(struct recording *r, bool interrupted)
{
	uint64_t at = start_of("real");
	size_t i;

	memset(r, 0, sizeof(*r));
	r->site.frames = calloc(MAX_PLACES, sizeof(*r->site.frames));
	r->site.n_frames = MAX_PLACES;
	for (i = 0; i < MAX_PLACES; i++)
		r->site.frames[i] = (struct report_frame){.addr = 0x555500000000 + at + i + 1,
							  .image = "stripped",
							  .image_path = "/bin/stripped",
							  .build_id = id,
							  .interrupted = interrupted,
							  .image_vaddr = at + i + 1};
	r->report.sites = &r->site;
	r->report.n_sites = 1;
	r->report.text = "";
}

/* Name it from what is in that directory, and say how many places have names and lines then. */
static struct names_count name(struct recording *r, const char *where, struct debug_files **files,
			       struct symbolizer **sym)
{
	static const struct symbolizer_opts opts = {.demangle = true};
	struct names_count count = {0};
	char path[256];
	const char *dirs[] = {in_dir(path, where)};

	*files = debug_files__new(dirs, 1);
	*sym = symbolizer__new(&opts);
	CHECK_EQ(names__want(&r->report, *files), 0);
	CHECK_EQ(debug_files__search(*files), 0);
	CHECK_EQ(names__add(&r->report, *files, *sym, &count), 0);
	return count;
}

static void forget(struct recording *r, struct debug_files *files, struct symbolizer *sym)
{
	free(r->site.frames);
	symbolizer__free(sym);
	debug_files__free(files);
}

/* Frame for frame what the program itself says, inlined calls included. */
static void check_names(const struct recording *r, bool interrupted)
{
	static const struct symbolizer_opts opts = {.demangle = true};
	struct elfimg *full = open_in_dir("full");
	struct symbolizer *sym = symbolizer__new(&opts);
	const struct sym_frame *want;
	size_t i = 0, j, n, inlined = 0, place;
	uint64_t at = start_of("real");

	CHECK(full);
	for (place = 0; full && place < MAX_PLACES; place++) {
		CHECK_EQ(symbolizer__resolve(sym, full, at + place + interrupted, &want, &n), 0);
		for (j = 0; j < n && i < r->site.n_frames; j++, i++) {
			const struct report_frame *f = &r->site.frames[i];

			CHECK_EQ(f->addr, 0x555500000000 + at + place + 1);
			if (!want[j].function) /* between functions */
				continue;
			CHECK_STR(f->function, want[j].function);
			CHECK_EQ(f->line, want[j].line);
			CHECK_EQ(f->inlined, want[j].inlined);
			if (want[j].path)
				CHECK_STR(f->path, want[j].path);
			if (!f->inlined)
				CHECK_EQ(f->offset, want[j].offset + !interrupted);
			inlined += f->inlined;
		}
	}
	CHECK_EQ(i, r->site.n_frames);
	CHECK(inlined > 0);
	symbolizer__free(sym);
	elfimg__free(full);
}

static void from(const char *where, bool interrupted)
{
	struct debug_files *files;
	struct symbolizer *sym;
	struct names_count n;
	struct recording r;

	record(&r, interrupted);
	n = name(&r, where, &files, &sym);
	CHECK_EQ(n.places, MAX_PLACES);
	CHECK_EQ(n.lacking, MAX_PLACES);
	CHECK(n.named >= 20 && n.lined >= 20);
	check_names(&r, interrupted);
	forget(&r, files, sym);
}

static void by_build_id(void)
{
	char script[400];

	snprintf(script, sizeof(script),
		 "mkdir -p ids/.build-id/%.2s && cp dbg ids/.build-id/%.2s/%s.debug", id, id,
		 id + 2);
	CHECK(sh(script));
	from("ids", false);
	from("ids", true);
}

static void by_search(void)
{
	/* the stripped one is found as well, and knows less */
	CHECK(sh(
		"mkdir -p some/where/deep && cp stripped some/a && cp dbg some/where/deep/x.dbg && "
		"cp other some/other && mkfifo some/fifo && ln -s / some/root && : > some/empty"));
	from("some", false);
}

static void nothing_changes(const char *where)
{
	struct debug_files *files;
	struct symbolizer *sym;
	struct names_count n;
	struct recording r;
	size_t i;

	record(&r, false);
	n = name(&r, where, &files, &sym);
	CHECK_EQ(n.lacking, MAX_PLACES);
	CHECK_EQ(n.named + n.lined, 0);
	CHECK_EQ(r.site.n_frames, MAX_PLACES);
	for (i = 0; i < r.site.n_frames; i++)
		CHECK(!r.site.frames[i].function);
	forget(&r, files, sym);
}

/* Whatever it is called. */
static void other_build_id(void)
{
	char script[400];

	snprintf(script, sizeof(script),
		 "mkdir -p lie/.build-id/%.2s && cp other lie/.build-id/%.2s/%s.debug && "
		 "cp other lie/stripped && cp other lie/full",
		 id, id, id + 2);
	CHECK(sh(script));
	nothing_changes("lie");
	CHECK(sh("mkdir -p none"));
	nothing_changes("none");
	nothing_changes("nowhere");
}

/* Build-ids in a recording are anybody's words. */
static void hostile_build_id(void)
{
	static const char *const bad[] = {"../../../../etc", "ab/../../x", "zz", "", "abc", "0"};
	const char *dirs[] = {dir};
	struct debug_files *files = debug_files__new(dirs, 1);
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		CHECK_EQ(debug_files__want(files, bad[i]), 0);
		CHECK(!debug_files__get(files, bad[i]));
	}
	CHECK_EQ(debug_files__search(files), 0);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(!debug_files__get(files, bad[i]));
	debug_files__free(files);
	debug_files__free(NULL);
}

/* What is known stays, also where more could not be found out. */
static void keeps_names(void)
{
	struct debug_files *files;
	struct symbolizer *sym;
	struct names_count n;
	struct recording r;

	record(&r, false);
	r.site.frames[0].function = "mine";
	r.site.frames[0].line = 12;
	r.site.frames[1].build_id = NULL;
	r.site.frames[2].image_vaddr = 0;
	r.site.frames[3].function = "only a name";
	r.site.n_frames = 4;
	n = name(&r, "none", &files, &sym);
	CHECK_EQ(n.places, 4);
	CHECK_EQ(n.lacking, 1);
	CHECK_STR(r.site.frames[0].function, "mine");
	CHECK_STR(r.site.frames[3].function, "only a name");
	forget(&r, files, sym);
	record(&r, false);
	r.site.frames[0].function = "mine";
	r.site.frames[0].line = 12;
	r.site.frames[1].build_id = NULL;
	r.site.frames[2].image_vaddr = 0;
	r.site.n_frames = 4;
	n = name(&r, "ids", &files, &sym);
	CHECK_EQ(n.lacking, 1);
	CHECK_EQ(n.named, 1);
	CHECK_STR(r.site.frames[0].function, "mine");
	CHECK(!r.site.frames[1].function && !r.site.frames[2].function);
	CHECK_STR(r.site.frames[r.site.n_frames - 1].function, "real");
	forget(&r, files, sym);
}

int main(void)
{
	char command[300];

	if (!mkdtemp(dir))
		return 1;
	if (!build()) {
		printf("FAIL test_symbolize.c: the programs cannot be built\n");
		check_any_failed = 1;
	} else {
		RUN(by_build_id);
		RUN(by_search);
		RUN(other_build_id);
		RUN(hostile_build_id);
		RUN(keeps_names);
	}
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) || check_done();
}
