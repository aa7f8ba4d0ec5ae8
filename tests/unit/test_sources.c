/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sources: lines around what allocates, read with the rights of the target and from its root. */
#include "check.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report/report.h"
#include "source/asuser.h"
#include "source/sources.h"

static char dir[] = "/tmp/test_sources.XXXXXX";

static char *in_dir(const char *name)
{
	static char path[8][256];
	static unsigned int next;
	char *p = path[next++ % 8];

	snprintf(p, 256, "%s/%s", dir, name);
	return p;
}

static void write_file(const char *name, const char *text, size_t size, mode_t mode)
{
	FILE *f = fopen(in_dir(name), "we");

	CHECK(f && fwrite(text, 1, size, f) == size);
	if (f)
		fclose(f);
	CHECK_EQ(chmod(in_dir(name), mode), 0);
}

/* A process that waits; root: below that directory. uid 0: ours. */
static pid_t start(uid_t uid, const char *root)
{
	int ready[2];
	char c = 0;
	pid_t pid;

	if (pipe(ready))
		return -1;
	pid = fork();
	if (!pid) {
		if (root && (chroot(root) || chdir("/")))
			_exit(1);
		if (uid && (setresgid(uid, uid, uid) || setresuid(uid, uid, uid)))
			_exit(1);
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	CHECK_EQ(read(ready[0], &c, 1), 1);
	close(ready[0]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* The lines that a stack with that frame gets; NULL: none. Freed by the caller. */
static char *lines(struct sources *s, const char *path, int line, uint64_t *first)
{
	struct report_frame frames[] = {{.path = NULL, .line = 1},
					{.path = "relative.c", .line = 1},
					{.path = (char *)path, .line = line}};
	struct report_site site = {.frames = frames, .n_frames = 3};
	struct report r = {.sites = &site, .n_sites = 1};

	sources__add(s, &r);
	*first = site.source_first;
	if (site.source)
		CHECK_EQ(site.source_frame, 2);
	return site.source;
}

static void expect(struct sources *s, const char *path, int line, uint64_t from, const char *text)
{
	uint64_t first = 0;
	char *got = lines(s, path, line, &first);

	if (!text) {
		CHECK(!got);
	} else {
		CHECK_STR(got, text);
		CHECK_EQ(first, from);
	}
	free(got);
}

static void lines_around(void)
{
	char longest[1002], want[210];
	struct sources *s;

	write_file("a.c", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10", 20, 0644);
	write_file("nul.c", "a\0b\nc\n", 6, 0644);
	write_file("empty.c", "", 0, 0644);
	memset(longest, 'x', sizeof(longest));
	longest[1000] = '\n';
	longest[1001] = 'y';
	write_file("long.c", longest, sizeof(longest), 0644);
	snprintf(want, sizeof(want), "%.200s\ny\n", longest);
	s = sources__new(getpid());
	CHECK(s);
	if (!s)
		return;
	expect(s, in_dir("a.c"), 5, 2, "2\n3\n4\n5\n6\n7\n8\n");
	expect(s, in_dir("a.c"), 1, 1, "1\n2\n3\n4\n");
	expect(s, in_dir("a.c"), 10, 7, "7\n8\n9\n10\n");
	expect(s, in_dir("a.c"), 11, 0, NULL);
	expect(s, in_dir("a.c"), 2147483647, 0, NULL);
	expect(s, in_dir("a.c"), 0, 0, NULL);
	expect(s, in_dir("nul.c"), 1, 1, "a\nc\n");
	expect(s, in_dir("long.c"), 1, 1, want);
	expect(s, in_dir("empty.c"), 1, 0, NULL);
	expect(s, in_dir("none.c"), 1, 0, NULL);
	expect(s, dir, 1, 0, NULL);
	expect(s, "/dev/zero", 1, 0, NULL);
	CHECK_EQ(mkfifo(in_dir("fifo"), 0666), 0);
	expect(s, in_dir("fifo"), 1, 0, NULL); /* and does not wait for anybody */
	sources__free(s);
	sources__free(NULL);
	CHECK(!sources__new(-1));
}

/* Names of files are the target's, so are the rights. */
static void rights_of_the_target(void)
{
	struct sources *s;
	pid_t pid;
	FILE *f;

	CHECK_EQ(chmod(dir, 0755), 0);
	write_file("secret", "secret\n", 7, 0600);
	write_file("group", "group\n", 6, 0640);
	write_file("open", "open\n", 5, 0644);
	pid = start(65534, NULL);
	s = sources__new(pid);
	CHECK(s);
	end(pid);
	if (!s)
		return;
	/* also when the process has ended */
	expect(s, in_dir("open"), 1, 1, "open\n");
	expect(s, in_dir("secret"), 1, 0, NULL);
	expect(s, in_dir("group"), 1, 0, NULL);
	sources__free(s);
	/* ours have come back */
	f = fopen(in_dir("secret"), "re");
	CHECK(f);
	if (f)
		fclose(f);
	s = sources__new(getpid());
	if (s)
		expect(s, in_dir("secret"), 1, 1, "secret\n");
	sources__free(s);
}

static void root_of_the_target(void)
{
	struct sources *s;
	pid_t pid;

	CHECK_EQ(mkdir(in_dir("root"), 0755), 0);
	write_file("root/in.c", "inside\n", 7, 0644);
	CHECK_EQ(symlink("/../../../..//etc/passwd", in_dir("root/passwd")), 0);
	CHECK_EQ(symlink("/in.c", in_dir("root/link.c")), 0);
	pid = start(0, in_dir("root"));
	s = sources__new(pid);
	CHECK(s);
	if (s) {
		expect(s, "/in.c", 1, 1, "inside\n");
		expect(s, "/link.c", 1, 1, "inside\n");
		expect(s, "/../in.c", 1, 1, "inside\n");
		expect(s, in_dir("open"), 1, 0, NULL);
		expect(s, "/etc/passwd", 1, 0, NULL);
		expect(s, "/passwd", 1, 0, NULL);
		expect(s, "/../../../../etc/passwd", 1, 0, NULL);
	}
	end(pid);
	sources__free(s);
}

/* However many files there are, and sites. */
static void many_files(void)
{
	struct report_frame *frames = calloc(300, sizeof(*frames));
	struct report_site *sites = calloc(300, sizeof(*sites));
	struct report r = {.sites = sites, .n_sites = 300};
	struct sources *s = sources__new(getpid());
	size_t i, n = 0;
	char name[32];

	for (i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "m%zu.c", i % 100);
		if (i < 100)
			write_file(name, "m\n", 2, 0644);
		frames[i].path = strdup(in_dir(name));
		frames[i].line = 1;
		sites[i].frames = &frames[i];
		sites[i].n_frames = 1;
	}
	if (s)
		sources__add(s, &r);
	for (i = 0; i < 300; i++) {
		n += sites[i].source != NULL;
		free(sites[i].source);
		free(frames[i].path);
	}
	CHECK_EQ(n, 2 * 64); /* of 200 sites, those of the first 64 files */
	sources__free(s);
	free(frames);
	free(sites);
}

int main(void)
{
	char command[300];

	if (geteuid()) {
		printf("SKIP test_sources.c: needs root, to give up its rights\n");
		return 0;
	}
	if (!mkdtemp(dir))
		return 1;
	RUN(lines_around);
	RUN(rights_of_the_target);
	RUN(root_of_the_target);
	RUN(many_files);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) || check_done();
}
