/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_debugfile - finding separate debug files of programs built here, and refusing wrong ones. */
#include "elf/debugfile.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "elf/elfimg.h"
#include "elf/xz.h"

static char dir[] = "/tmp/test_debugfile.XXXXXX";
static const struct debugfile_opts plain;

/* Run shell commands inside dir; false when one failed. */
static bool sh(const char *script)
{
	char *cmd = NULL;
	bool ok = asprintf(&cmd, "cd %s && exec >/dev/null 2>&1 </dev/null && %s", dir, script) >
			  0 &&
		  system(cmd) == 0;

	free(cmd);
	return ok;
}

static struct elfimg *open_in_dir(const char *name)
{
	struct elfimg *img = NULL;
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || elfimg__open(fd, path, &img))
		img = NULL;
	if (fd >= 0)
		close(fd);
	return img;
}

/* Two programs, each with a build-id (id, id2) and without (crc, crc2), split from their debug
 * information. */
static bool build(void)
{
	return sh(
		"echo 'int f(int x) { return x * 3; } int main(void) { return f(0); }' > id.c && "
		"echo 'int g(int x) { return x * 5; } int main(void) { return g(0); }' > id2.c && "
		"cp id.c crc.c && cp id2.c crc2.c && "
		"for p in id id2; do cc -g -O0 -Wl,--build-id=sha1 $p.c -o $p || exit 1; done && "
		"for p in crc crc2; do cc -g -O0 -Wl,--build-id=none $p.c -o $p || exit 1; done && "
		"for p in id id2 crc crc2; do cp $p $p.full && "
		"objcopy --only-keep-debug $p $p.debug && strip $p && "
		"objcopy --add-gnu-debuglink=$p.debug $p && mkdir -p away && mv $p.debug away/ "
		"|| exit 1; done");
}

static bool has_f(const struct elfimg *img);

/* Is a debug file found for the program, and is it the right one (it has main as a symbol)? */
static bool found(const char *program, const struct debugfile_opts *opts)
{
	struct elfimg *img = open_in_dir(program), *debug = NULL;
	int err = img ? debugfile__find(img, opts, &debug) : -EIO;
	bool ok = !err && debugfile__has_dwarf(debug) && has_f(debug);

	if (err && err != -ENOENT)
		printf("  %s: error %d\n", program, err);
	elfimg__free(debug);
	elfimg__free(img);
	return ok;
}

static int is_f(const struct elf_sym *s, void *arg)
{
	(void)arg;
	return s->is_func && !strcmp(s->name, "f");
}

static bool has_f(const struct elfimg *img)
{
	return elfimg__for_each_sym(img, is_f, NULL) == 1;
}

static void parses_links(void)
{
	const char *name;
	uint32_t crc;

	CHECK(debugfile__parse_link("abc\0\x78\x56\x34\x12", 8, &name, &crc));
	CHECK_STR(name, "abc");
	CHECK_EQ(crc, 0x12345678);
	CHECK(debugfile__parse_link("abcd\0\0\0\0\1\0\0\0", 12, &name, &crc));
	CHECK_EQ(crc, 1);
	CHECK(!debugfile__parse_link("abcd\0\0\0\0\1\0\0", 11, &name, &crc));
	CHECK(!debugfile__parse_link("abcdefgh", 8, &name, &crc)); /* no NUL inside */
	CHECK(!debugfile__parse_link("\0\0\0\0\1\0\0\0", 8, &name, &crc));
	CHECK(!debugfile__parse_link("", 0, &name, &crc));
	CHECK(!debugfile__parse_link("a/b\0\1\0\0\0", 8, &name, &crc));
	CHECK(!debugfile__parse_link("..\0\0\1\0\0\0", 8, &name, &crc));
	CHECK(!debugfile__parse_link(".\0\0\0\1\0\0\0", 8, &name, &crc));
}

static void image_with_dwarf_says_so(void)
{
	struct elfimg *full = open_in_dir("id.full"), *stripped = open_in_dir("id");

	CHECK(full && debugfile__has_dwarf(full));
	CHECK(stripped && !debugfile__has_dwarf(stripped) && !elfimg__has_symtab(stripped));
	elfimg__free(full);
	elfimg__free(stripped);
}

static void nothing_to_find(void)
{
	CHECK(!found("id", &plain));
	CHECK(!found("crc", &plain));
}

static void by_link_next_to_the_image(void)
{
	CHECK(sh("cp away/id.debug away/crc.debug ."));
	CHECK(found("id", &plain));
	CHECK(found("crc", &plain));
	CHECK(sh("rm id.debug crc.debug"));
	CHECK(sh("mkdir .debug && cp away/id.debug away/crc.debug .debug/"));
	CHECK(found("id", &plain));
	CHECK(found("crc", &plain));
	CHECK(sh("rm -r .debug"));
}

static void by_link_below_the_debug_directory(void)
{
	struct debugfile_opts opts = {0};
	char root[64];

	snprintf(root, sizeof(root), "%s/root", dir);
	opts.debug_dir = root;
	CHECK(sh("mkdir -p root$(pwd -P) && cp away/id.debug away/crc.debug root$(pwd -P)/"));
	CHECK(found("id", &opts));
	CHECK(found("crc", &opts));
	CHECK(!found("crc", &plain));
	CHECK(sh("rm -r root"));
}

static void by_build_id(void)
{
	struct debugfile_opts opts = {0};
	struct elfimg *img = open_in_dir("id");
	const uint8_t *id;
	char root[64], cmd[256];
	size_t n;

	snprintf(root, sizeof(root), "%s/root", dir);
	opts.debug_dir = root;
	id = img ? elfimg__build_id(img, &n) : NULL;
	CHECK(id && n == 20);
	if (id) {
		char hex[41];

		for (size_t i = 0; i < 20; i++)
			snprintf(hex + 2 * i, 3, "%02x", id[i]);
		snprintf(cmd, sizeof(cmd),
			 "d=root/.build-id/%.2s && mkdir -p $d && cp away/id.debug $d/%s.debug",
			 hex, hex + 2);
		CHECK(sh(cmd));
		CHECK(found("id", &opts));
		CHECK(!found("id", &plain));
		/* A file in the right place that is another program's. */
		snprintf(cmd, sizeof(cmd), "cp away/id2.debug root/.build-id/%.2s/%s.debug", hex,
			 hex + 2);
		CHECK(sh(cmd));
		CHECK(!found("id", &opts));
	}
	CHECK(sh("rm -r root"));
	elfimg__free(img);
}

static void wrong_files_are_refused(void)
{
	CHECK(sh("cp away/id2.debug id.debug && cp away/crc2.debug crc.debug"));
	CHECK(!found("id", &plain));
	CHECK(!found("crc", &plain));
	CHECK(sh("echo garbage > id.debug && : > crc.debug"));
	CHECK(!found("id", &plain));
	CHECK(!found("crc", &plain));
	/* Right name, right checksum or build-id, but the stripped image itself. */
	CHECK(sh("ln -f id id.debug"));
	CHECK(!found("id", &plain));
	CHECK(sh("rm id.debug crc.debug"));
}

static void opens_regular_files_only(void)
{
	/* Opening a FIFO for reading would block until somebody writes. */
	CHECK(sh("mkfifo id.debug && ln -s /dev/zero crc.debug"));
	alarm(10);
	CHECK(!found("id", &plain));
	CHECK(!found("crc", &plain));
	alarm(0);
	CHECK(sh("rm id.debug crc.debug"));
}

static void mini_symbol_table(void)
{
	struct elfimg *img, *mini = NULL;

	if (!sh("objcopy -S --keep-symbol=f --remove-section=.comment id.full mini && xz -k mini "
		"&& "
		"cp id id.mini && objcopy --add-section .gnu_debugdata=mini.xz id.mini")) {
		SKIP("no xz");
		return;
	}
	img = open_in_dir("id.mini");
	CHECK(img && !has_f(img));
	CHECK(img && debugfile__mini(img, &mini) == 0);
	CHECK(mini && has_f(mini));
	elfimg__free(mini);
	elfimg__free(img);

	CHECK(sh("head -c 300 mini.xz > cut.xz && cp id id.cut && "
		 "objcopy --add-section .gnu_debugdata=cut.xz id.cut"));
	img = open_in_dir("id.cut");
	CHECK(img && debugfile__mini(img, &mini) == -ENOENT && !mini);
	elfimg__free(img);
	img = open_in_dir("id");
	CHECK(img && debugfile__mini(img, &mini) == -ENOENT && !mini);
	elfimg__free(img);
}

static void unpacking_is_bounded(void)
{
	unsigned char packed[8192];
	void *out = NULL;
	size_t n, size;
	char path[256];
	FILE *f;

	if (!sh("head -c 1000000 /dev/zero | xz > zero.xz")) {
		SKIP("no xz");
		return;
	}
	snprintf(path, sizeof(path), "%s/zero.xz", dir);
	f = fopen(path, "re");
	n = f ? fread(packed, 1, sizeof(packed), f) : 0;
	if (f)
		fclose(f);
	CHECK(n > 0 && n < 1000);
	CHECK_EQ(xz__decode(packed, n, 1000000, &out, &size), 0);
	CHECK_EQ(size, 1000000);
	free(out);
	CHECK_EQ(xz__decode(packed, n, 999999, &out, &size), -EFBIG);
	CHECK(!out);
	CHECK_EQ(xz__decode(packed, n - 1, 2000000, &out, &size), -EFBIG);
	packed[n / 2] ^= 0xff;
	CHECK_EQ(xz__decode(packed, n, 2000000, &out, &size), -EINVAL);
	CHECK_EQ(xz__decode("", 0, 2000000, &out, &size), -EINVAL);
}

/* The client takes file:// servers: no network needed. */
static void debuginfod_only_when_asked(void)
{
	struct debugfile_opts opts = {.debuginfod = true};
	struct elfimg *img = open_in_dir("id");
	char url[128], cache[128];
	const uint8_t *id;
	void *lib;
	size_t n;

	id = img ? elfimg__build_id(img, &n) : NULL;
	CHECK(id && n == 20);
	if (id) {
		char hex[41], cmd[256];

		for (size_t i = 0; i < 20; i++)
			snprintf(hex + 2 * i, 3, "%02x", id[i]);
		snprintf(cmd, sizeof(cmd),
			 "d=web/buildid/%s && mkdir -p $d && cp away/id.debug $d/debuginfo", hex);
		CHECK(sh(cmd));
		snprintf(url, sizeof(url), "file://%s/web", dir);
		snprintf(cache, sizeof(cache), "%s/cache", dir);
		setenv("DEBUGINFOD_URLS", url, 1);
		setenv("DEBUGINFOD_CACHE_PATH", cache, 1);
		CHECK(!found("id", &plain));
		lib = dlopen("libdebuginfod.so.1", RTLD_NOW | RTLD_NODELETE);
		if (lib) {
			CHECK(found("id", &opts));
			dlclose(lib);
		} else {
			SKIP("no libdebuginfod");
		}
		CHECK(!found("id2", &opts));
		unsetenv("DEBUGINFOD_URLS");
	}
	elfimg__free(img);
}

static void moved_by_dwz(void)
{
	struct elfimg *img = NULL, *alt = NULL;

	if (!sh("dwz --version")) {
		SKIP("no dwz");
		return;
	}
	CHECK(sh("mkdir -p dwz && cd dwz && printf '%s\\n' '#include <stdio.h>' "
		 "'static inline int twice(FILE *f) { return fputc(1, f) + fputc(2, f); }' "
		 "'int main(void) { return twice(stdout); }' > a.c && "
		 "cc -O2 -g a.c -o a && cp a b && dwz -m common a b && test -s common"));
	img = open_in_dir("dwz/a");
	CHECK(img && debugfile__find_alt(img, &plain, &alt) == 0);
	CHECK(alt && debugfile__has_dwarf(alt));
	elfimg__free(alt);
	CHECK(sh("rm dwz/common && mkfifo dwz/common"));
	alarm(10);
	CHECK(img && debugfile__find_alt(img, &plain, &alt) == -ENOENT);
	alarm(0);
	elfimg__free(img);
}

int main(void)
{
	bool built;

	RUN(parses_links);
	if (!mkdtemp(dir))
		return 1;
	built = build();
	if (!built) {
		printf("SKIP test_debugfile.c: all others: no cc, objcopy or strip\n");
	} else {
		RUN(image_with_dwarf_says_so);
		RUN(nothing_to_find);
		RUN(by_link_next_to_the_image);
		RUN(by_link_below_the_debug_directory);
		RUN(by_build_id);
		RUN(wrong_files_are_refused);
		RUN(opens_regular_files_only);
		RUN(mini_symbol_table);
		RUN(unpacking_is_bounded);
		RUN(debuginfod_only_when_asked);
		RUN(moved_by_dwz);
	}
	sh("rm -rf -- \"$PWD\"");
	return check_done();
}
