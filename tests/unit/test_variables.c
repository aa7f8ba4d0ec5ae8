/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where variables are declared: of a program built here, with its debug information here or there.
 */
#include "sym/variables.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "elf/debugfile.h"
#include "elf/elfimg.h"

static char dir[] = "/tmp/test_variables.XXXXXX";

static const char source[] = "int global = 1;\n"	      /* 1 */
			     "static long local[4];\n"	      /* 2 */
			     "extern int declared;\n"	      /* 3 */
			     "int declared;\n"		      /* 4 */
			     "__thread int each;\n"	      /* 5 */
			     "namespace space {\n"	      /* 6 */
			     "int inner = 2;\n"		      /* 7 */
			     "struct S { static int of; };\n" /* 8 */
			     "int S::of = 3;\n"		      /* 9 */
			     "}\n"
			     "int main()\n"
			     "{\n"
			     "	static int hidden = 5;\n" /* 13 */
			     "	{\n"
			     "		static int deep;\n" /* 15 */
			     "		deep++;\n"
			     "	}\n"
			     "	local[1] = ++hidden;\n"
			     "	return each;\n"
			     "}\n";

static const struct {
	const char *symbol;
	int line;
} truth[] = {{"global", 1},
	     {"_ZL5local", 2},
	     {"declared", 4},
	     {"_ZN5space5innerE", 7},
	     {"_ZN5space1S2ofE", 9}, /* where it is defined */
	     {"_ZZ4mainE6hidden", 13},
	     {"_ZZ4mainE4deep", 15}};
#define N_TRUTH (sizeof(truth) / sizeof(*truth))

static bool sh(const char *command)
{
	char *line = NULL;
	bool ok = asprintf(&line, "cd %s && { %s; } >log 2>&1", dir, command) > 0 && !system(line);

	free(line);
	return ok;
}

static bool build(void)
{
	char *path = NULL;
	FILE *f;

	if (asprintf(&path, "%s/v.cc", dir) < 0)
		return false;
	f = fopen(path, "w");
	free(path);
	if (!f)
		return false;
	fputs(source, f);
	return !fclose(f);
}

static struct elfimg *open_image(const char *name)
{
	struct elfimg *img = NULL;
	char *path = NULL;
	int fd;

	if (asprintf(&path, "%s/%s", dir, name) < 0)
		return NULL;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		if (elfimg__open(fd, path, &img))
			img = NULL;
		close(fd);
	}
	free(path);
	return img;
}

struct wanted {
	const struct variables *v;
	size_t found;
};

static int look_up(const struct elf_sym *sym, void *arg)
{
	struct wanted *w = arg;
	struct variable var;
	size_t i;

	for (i = 0; i < N_TRUTH; i++) {
		if (strcmp(sym->name, truth[i].symbol) != 0)
			continue;
		if (!variables__find(w->v, sym->vaddr, &var)) {
			CHECK_STR(sym->name, "found");
			continue;
		}
		CHECK_EQ(var.line, truth[i].line);
		CHECK(var.file &&
		      !strcmp(strrchr(var.file, '/') ? strrchr(var.file, '/') + 1 : var.file,
			      "v.cc"));
		CHECK(!variables__find(w->v, sym->vaddr + 1, &var));
		w->found++;
	}
	return 0;
}

static void check_image(const char *code, const char *symbols, const char *debug_dir)
{
	const struct debugfile_opts opts = {.debug_dir = debug_dir};
	struct elfimg *img = open_image(code), *names = open_image(symbols);
	struct wanted w = {0};
	struct variables *v = NULL;

	CHECK(img && names);
	if (img && names)
		CHECK_EQ(variables__new(img, &opts, &v), 0);
	if (v) {
		w.v = v;
		elfimg__for_each_sym(names, look_up, &w);
		CHECK_EQ(w.found, N_TRUTH);
	}
	variables__free(v);
	elfimg__free(img);
	elfimg__free(names);
}

static void in_the_image(void)
{
	CHECK(sh("c++ -g -O0 -o v5 v.cc && c++ -gdwarf-4 -O0 -static -o v4 v.cc"));
	check_image("v5", "v5", NULL);
	check_image("v4", "v4", NULL);
}

static void in_a_file_of_its_own(void)
{
	CHECK(sh("objcopy --only-keep-debug v5 v.debug && objcopy --strip-all v5 v.stripped && "
		 "objcopy --add-gnu-debuglink=v.debug v.stripped"));
	check_image("v.stripped", "v5", NULL);
}

static void without(void)
{
	const struct debugfile_opts opts = {0};
	struct variables *v = (void *)1;
	struct elfimg *img;

	CHECK(sh("c++ -g0 -Wl,--build-id=none -o v0 v.cc"));
	img = open_image("v0");
	CHECK(img);
	CHECK_EQ(variables__new(img, &opts, &v), -ENOENT);
	CHECK(!v);
	variables__free(v);
	elfimg__free(img);
}

int main(void)
{
	if (!mkdtemp(dir) || !build() || !sh("c++ --version")) {
		printf("SKIP test_variables.c: there is no C++ compiler\n");
		return 0;
	}
	RUN(in_the_image);
	RUN(in_a_file_of_its_own);
	RUN(without);
	sh("rm -rf \"$PWD\"");
	return check_done();
}
