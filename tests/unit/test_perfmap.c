/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"
#include "children.h"
#include "perfmap_target.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

#include "sym/perfmap.h"

static void put(const char *path, const char *text)
{
	CHECK_EQ(write_file(path, text, strlen(text), 0644), 0);
}

static void append(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	CHECK_EQ(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static const char *name_at(struct perfmap *p, uint64_t addr)
{
	static char text[256];
	const char *name = "untouched";
	uint64_t start = 1;

	if (perfmap__find(p, addr, &name, &start)) {
		snprintf(text, sizeof(text), "%s@%llx", name, (unsigned long long)start);
		return text;
	}
	return !strcmp(name, "untouched") && start == 1 ? "" : "touched";
}

static void follows_the_file(void)
{
	const char *kept = NULL;
	struct perfmap *p;
	struct target t;
	char other[640];
	uint64_t start;

	CHECK(target_start(&t, (struct role){0}));
	p = perfmap__new(t.pid);
	CHECK_STR(name_at(p, 0x1000), "");
	CHECK(!perfmap__problem(p));

	put(t.path, "1000 10 one\n2000 10 t");
	perfmap__refresh(p);
	CHECK(perfmap__find(p, 0x100f, &kept, &start));
	CHECK_STR(kept, "one");
	CHECK_EQ(start, 0x1000);
	CHECK_STR(name_at(p, 0x2000), "");
	append(t.path, "wo\n1008 10 three\n");
	perfmap__refresh(p);
	CHECK_STR(name_at(p, 0x1007), "one@1000");
	CHECK_STR(name_at(p, 0x100f), "three@1008");
	CHECK_STR(name_at(p, 0x2000), "two@2000");

	/* Written anew: shorter, longer, in another file; the old names are no more. */
	put(t.path, "5000 10 five\n");
	perfmap__refresh(p);
	CHECK_STR(name_at(p, 0x1000), "");
	CHECK_STR(name_at(p, 0x5000), "five@5000");
	put(t.path, "6000 10 six\n6100 10 six and one\n6200 10 six and two\n");
	perfmap__refresh(p);
	CHECK_STR(name_at(p, 0x5000), "");
	CHECK_STR(name_at(p, 0x6000), "six@6000");
	CHECK_STR(name_at(p, 0x6200), "six and two@6200");
	snprintf(other, sizeof(other), "%s.new", t.path);
	put(other, "7000 10 seven\n7100 10 seven and one\n7200 10 seven and two\n7300 1 x\n");
	CHECK_EQ(rename(other, t.path), 0);
	perfmap__refresh(p);
	CHECK_STR(name_at(p, 0x6000), "");
	CHECK_STR(name_at(p, 0x7100), "seven and one@7100");

	/* Removed, and the process gone. */
	CHECK_EQ(unlink(t.path), 0);
	perfmap__refresh(p);
	CHECK_STR(name_at(p, 0x7100), "seven and one@7100");
	target_stop(&t);
	perfmap__refresh(p);
	CHECK_STR(name_at(p, 0x7100), "seven and one@7100");
	CHECK_STR(name_at(p, 0x8000), "");
	CHECK(!perfmap__problem(p));
	CHECK_STR(kept, "one");
	perfmap__free(p);
	perfmap__free(NULL);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void looks_again_but_not_always(void)
{
	struct perfmap *p;
	struct target t;
	double began;

	CHECK(target_start(&t, (struct role){0}));
	put(t.path, "1000 10 one\n");
	began = seconds();
	p = perfmap__new(t.pid);
	append(t.path, "2000 10 two\n");
	for (int i = 0; i < 100; i++)
		if (*name_at(p, 0x2000) && seconds() - began < 0.24)
			CHECK(!"looked at the file at each miss");
	CHECK_STR(name_at(p, 0x1000), "one@1000");
	usleep(300000);
	CHECK_STR(name_at(p, 0x2000), "two@2000");
	target_stop(&t);
	perfmap__free(p);
}

static void reads_what_is_written_at_the_end(void)
{
	struct perfmap *p, *never;
	struct target t;

	CHECK(target_start(&t, (struct role){.last_words = "1000 10 last\n2000 10 words\n"}));
	p = perfmap__new(t.pid);
	CHECK_STR(name_at(p, 0x1000), "");
	child_stop(&t.child);
	/* Without another word, the file is looked at once more; not a third time. */
	CHECK_STR(name_at(p, 0x1000), "last@1000");
	append(t.path, "3000 10 ghost\n");
	perfmap__refresh(p);
	CHECK_STR(name_at(p, 0x3000), "");
	CHECK_STR(name_at(p, 0x2000), "words@2000");
	/* Who was never seen alive has no names. */
	never = perfmap__new(t.pid);
	CHECK_STR(name_at(never, 0x1000), "");
	perfmap__free(never);
	perfmap__free(p);
	target_stop(&t);
	p = perfmap__new(-1);
	CHECK_STR(name_at(p, 0x1000), "");
	perfmap__free(p);
}

static void reads_the_rest_at_the_end(void)
{
	struct perfmap *p;
	struct target t;

	/* The same file, found before the end. */
	CHECK(target_start(&t, (struct role){.last_words = "1000 10 one\n2000 10 two\n"}));
	put(t.path, "1000 10 one\n");
	p = perfmap__new(t.pid);
	CHECK_STR(name_at(p, 0x1000), "one@1000");
	child_stop(&t.child);
	CHECK_STR(name_at(p, 0x2000), "two@2000");
	perfmap__free(p);
	target_stop(&t);
}

static void forgets_at_exec(void)
{
	struct perfmap *p;
	struct target t;

	CHECK(target_start(&t, (struct role){0}));
	put(t.path, "1000 10 one\n2000 10 tw");
	p = perfmap__new(t.pid);
	CHECK_STR(name_at(p, 0x1000), "one@1000");
	perfmap__reset(p);
	perfmap__refresh(p);
	CHECK_STR(name_at(p, 0x1000), "");
	append(t.path, "o\n3000 10 three\n");
	perfmap__refresh(p);
	CHECK_STR(name_at(p, 0x1000), "");
	CHECK_STR(name_at(p, 0x3000), "three@3000");
	perfmap__reset(p);
	put(t.path, "1000 10 ONE\n4000 10 four\n5000 10 five\n6000 10 six\n");
	perfmap__refresh(p);
	CHECK_STR(name_at(p, 0x1000), "ONE@1000");
	CHECK_STR(name_at(p, 0x3000), "");
	target_stop(&t);
	perfmap__free(p);
}

static void refuses_what_is_no_file(void)
{
	static const char problem[] = "not read: it is not a regular file";
	char other[640], outside[] = "/tmp/memleak-bpf-test-map.XXXXXX";
	struct perfmap *p;
	struct target t;
	int fd = mkstemp(outside);

	close(fd);
	put(outside, "1000 10 secret\n");
	CHECK(target_start(&t, (struct role){0}));

	CHECK_EQ(symlink(outside, t.path), 0);
	p = perfmap__new(t.pid);
	CHECK_STR(name_at(p, 0x1000), "");
	CHECK_STR(perfmap__problem(p), problem);
	unlink(t.path);
	CHECK_EQ(symlink("/nonexistent", t.path), 0);
	perfmap__refresh(p);
	CHECK_STR(perfmap__problem(p), problem);
	unlink(t.path);
	CHECK_EQ(mkfifo(t.path, 0644), 0); /* must not wait for a writer */
	perfmap__refresh(p);
	CHECK_STR(perfmap__problem(p), problem);
	unlink(t.path);
	CHECK_EQ(mkdir(t.path, 0755), 0);
	perfmap__refresh(p);
	CHECK_STR(perfmap__problem(p), problem);
	rmdir(t.path);

	/* What was read from a file stays when something else comes into its place. */
	put(t.path, "1000 10 one\n");
	perfmap__refresh(p);
	CHECK(!perfmap__problem(p));
	snprintf(other, sizeof(other), "%s.new", t.path);
	CHECK_EQ(symlink(outside, other), 0);
	CHECK_EQ(rename(other, t.path), 0);
	perfmap__refresh(p);
	CHECK_STR(perfmap__problem(p), problem);
	CHECK_STR(name_at(p, 0x1000), "one@1000");
	target_stop(&t);
	perfmap__free(p);
	unlink(outside);
}

static void refuses_what_belongs_to_others(void)
{
	static const struct {
		uid_t target, file;
		bool read;
	} cases[] = {
		{0, 0, true},	   {0, 65534, false}, {65534, 65534, true},  {65534, 0, true},
		{65534, 1, false}, {1, 65534, false}, {65533, 65534, false},
	};

	if (geteuid()) {
		SKIP("needs root to make files of others");
		return;
	}
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct perfmap *p;
		struct target t;

		CHECK(target_start(&t, (struct role){.uid = cases[i].target}));
		put(t.path, "1000 10 one\n");
		CHECK_EQ(chown(t.path, cases[i].file, cases[i].file), 0);
		p = perfmap__new(t.pid);
		CHECK_STR(name_at(p, 0x1000), cases[i].read ? "one@1000" : "");
		if (cases[i].read)
			CHECK(!perfmap__problem(p));
		else
			CHECK_STR(perfmap__problem(p), "not read: it belongs to another user");
		target_stop(&t);
		perfmap__free(p);
	}
}

static void reads_huge_files_in_part(void)
{
	const off_t limit = 256 << 20;
	struct perfmap *p;
	struct target t;
	int fd;

	/* A hole to the reader is one line of NULs that never ends. */
	CHECK(target_start(&t, (struct role){0}));
	put(t.path, "1000 10 one\n");
	fd = open(t.path, O_WRONLY | O_CLOEXEC);
	CHECK_EQ(pwrite(fd, "\n2000 10 two\n", 13, limit - 13), 13);
	p = perfmap__new(t.pid);
	CHECK_STR(name_at(p, 0x2000), "two@2000");
	CHECK(!perfmap__problem(p));
	CHECK_EQ(pwrite(fd, "3000 10 three\n", 14, limit), 14);
	perfmap__refresh(p);
	CHECK_STR(name_at(p, 0x3000), "");
	CHECK_STR(name_at(p, 0x1000), "one@1000");
	CHECK_STR(perfmap__problem(p), "too large: read in part");
	CHECK_EQ(ftruncate(fd, (off_t)1 << 50) && errno != EFBIG, 0);
	perfmap__refresh(p);
	CHECK_STR(perfmap__problem(p), "too large: read in part");
	close(fd);
	target_stop(&t);
	perfmap__free(p);
}

static void main_thread_may_have_ended(void)
{
	struct perfmap *p;
	struct target t;

	CHECK(target_start(&t, (struct role){.from_a_thread = true, .last_words = "3000 1 c\n"}));
	put(t.path, "1000 10 one\n");
	p = perfmap__new(t.pid);
	CHECK_STR(name_at(p, 0x1000), "one@1000");
	append(t.path, "2000 10 two\n");
	perfmap__refresh(p); /* it has not ended */
	CHECK_STR(name_at(p, 0x2000), "two@2000");
	child_stop(&t.child);
	CHECK_STR(name_at(p, 0x3000), "c@3000");
	target_stop(&t);
	perfmap__free(p);
}

/* A root for the target, with /tmp and /var/tmp. */
static void make_root(char *root, size_t size)
{
	static const char *const dirs[] = {"/tmp", "/var", "/var/tmp"};

	CHECK_EQ(scratch_make(root, size), 0);
	for (size_t i = 0; i < 3; i++) {
		char path[400];

		snprintf(path, sizeof(path), "%s%s", root, dirs[i]);
		CHECK_EQ(mkdir(path, 0755), 0);
	}
}

static void looks_below_the_root_of_the_target(void)
{
	char root[256], ours[64];
	struct perfmap *p;
	struct target t;

	make_root(root, sizeof(root));
	if (!target_start(&t, (struct role){.root = root})) {
		SKIP("may not chroot");
		goto cleanup;
	}
	snprintf(ours, sizeof(ours), "/tmp/perf-%d.map", (int)t.pid);
	put(ours, "1000 10 wrong\n");
	put(t.path, "1000 10 right\n");
	p = perfmap__new(t.pid);
	CHECK_STR(name_at(p, 0x1000), "right@1000");
	perfmap__free(p);
	unlink(t.path);
	p = perfmap__new(t.pid);
	CHECK_STR(name_at(p, 0x1000), "");
	CHECK(!perfmap__problem(p));
	perfmap__free(p);
	unlink(ours);
	target_stop(&t);
cleanup:
	scratch_remove(root);
}

static void uses_the_pid_of_the_namespace(void)
{
	char root[256], decoy[400];
	struct perfmap *p;
	struct target t;

	make_root(root, sizeof(root));
	if (!target_start(&t, (struct role){.root = root, .in_pid_namespace = true})) {
		SKIP("may not make a pid namespace");
		goto cleanup;
	}
	snprintf(decoy, sizeof(decoy), "%s/tmp/perf-%d.map", root, (int)t.pid);
	put(decoy, "1000 10 wrong\n");
	put(t.path, "1000 10 right\n"); /* perf-1.map */
	p = perfmap__new(t.pid);
	CHECK_STR(name_at(p, 0x1000), "right@1000");
	target_stop(&t);
	CHECK_STR(name_at(p, 0x1000), "right@1000");
	perfmap__free(p);
cleanup:
	scratch_remove(root);
}

/* The system call fails from now on, as before Linux 5.6. */
static int forbid_openat2(void)
{
#ifdef SYS_openat2
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {.len = 4, .filter = code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
		return -errno;
	return syscall(SYS_openat2, -1, "", NULL, 0) == -1 && errno == ENOSYS ? 0 : -EINVAL;
#else
	return 0;
#endif
}

/* Names at 0x1000 as seen without openat2, from a process of its own. */
static void check_without_openat2(pid_t pid, const char *expected, const char *problem)
{
	int status = -1;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (!child) {
		struct perfmap *p;

		if (forbid_openat2())
			_exit(77);
		p = perfmap__new(pid);
		CHECK_STR(name_at(p, 0x1000), expected);
		if (problem)
			CHECK_STR(perfmap__problem(p), problem);
		else
			CHECK(!perfmap__problem(p));
		perfmap__free(p);
		fflush(stdout);
		_exit(check_failed);
	}
	waitpid(child, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		SKIP("may not install a seccomp filter");
	else
		CHECK_EQ(status, 0);
}

static void links_do_not_lead_out_of_the_root(void)
{
	static const char *const links[] = {"/var/tmp", "var/tmp", "../../../../../var/tmp",
					    "/../../var/../../../var/tmp"};
	char root[256], tmp[300], ours[64], theirs[400];
	bool has_openat2 = false;
	struct perfmap *p;
	struct target t;

	make_root(root, sizeof(root));
	if (!target_start(&t, (struct role){.root = root})) {
		SKIP("may not chroot");
		goto cleanup;
	}
#ifdef SYS_openat2
	has_openat2 = syscall(SYS_openat2, -1, "", NULL, 0) == -1 && errno != ENOSYS;
#endif
	snprintf(tmp, sizeof(tmp), "%s/tmp", root);
	snprintf(ours, sizeof(ours), "/var/tmp/perf-%d.map", (int)t.pid);
	snprintf(theirs, sizeof(theirs), "%s%s", root, ours);
	put(ours, "1000 10 wrong\n");
	put(theirs, "1000 10 right\n");
	/* Nothing to it where /tmp is a directory. */
	put(t.path, "1000 10 plain\n");
	check_without_openat2(t.pid, "plain@1000", NULL);
	unlink(t.path);
	CHECK_EQ(rmdir(tmp), 0);
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		CHECK_EQ(symlink(links[i], tmp), 0);
		p = perfmap__new(t.pid);
		CHECK_STR(name_at(p, 0x1000), has_openat2 ? "right@1000" : "");
		perfmap__free(p);
		check_without_openat2(t.pid, "", "can't be opened");
		unlink(tmp);
	}
	/* Through a link of the kernel's, which leads anywhere. */
	CHECK_EQ(symlink("/proc/self/root/var/tmp", tmp), 0);
	p = perfmap__new(t.pid);
	CHECK_STR(name_at(p, 0x1000), "");
	perfmap__free(p);
	unlink(tmp);
	unlink(ours);
	target_stop(&t);
cleanup:
	scratch_remove(root);
}

static int count_open_files(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void keeps_few_files_open(void)
{
	struct perfmap *p;
	struct target t;
	int before;

	CHECK(target_start(&t, (struct role){0}));
	before = count_open_files();
	p = perfmap__new(t.pid);
	for (int i = 0; i < 20; i++)
		perfmap__refresh(p);
	CHECK(count_open_files() <= before + 2);
	for (int i = 0; i < 20; i++) {
		put(t.path, "1000 10 one\n");
		perfmap__refresh(p);
		CHECK_STR(name_at(p, 0x1000), "one@1000");
		if (i % 2)
			unlink(t.path);
	}
	CHECK_EQ(symlink("/etc/passwd", t.path), 0);
	for (int i = 0; i < 20; i++)
		perfmap__refresh(p);
	CHECK(count_open_files() <= before + 2);
	child_stop(&t.child);
	before -= 2; /* the child's pipes */
	perfmap__refresh(p);
	CHECK_EQ(count_open_files(), before);
	perfmap__free(p);
	target_stop(&t);

	CHECK(target_start(&t, (struct role){0}));
	before = count_open_files();
	perfmap__free(perfmap__new(t.pid));
	put(t.path, "1000 10 one\n");
	perfmap__free(perfmap__new(t.pid));
	CHECK_EQ(count_open_files(), before);
	target_stop(&t);
}

int main(void)
{
	RUN(follows_the_file);
	RUN(looks_again_but_not_always);
	RUN(reads_what_is_written_at_the_end);
	RUN(reads_the_rest_at_the_end);
	RUN(forgets_at_exec);
	RUN(refuses_what_is_no_file);
	RUN(refuses_what_belongs_to_others);
	RUN(reads_huge_files_in_part);
	RUN(main_thread_may_have_ended);
	RUN(looks_below_the_root_of_the_target);
	RUN(uses_the_pid_of_the_namespace);
	RUN(links_do_not_lead_out_of_the_root);
	RUN(keeps_few_files_open);
	return check_done();
}
