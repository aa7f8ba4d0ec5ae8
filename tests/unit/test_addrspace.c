/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"
#include "children.h"

#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>

#include "elf/elfimg.h"
#include "target/addrspace.h"
#include "target/openimg.h"

static char dir[256]; /* for files of this test program */
static size_t page;

static char *scratch_path(const char *name)
{
	static char paths[4][300];
	static unsigned int next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
	return path;
}

/* Map pages of a file executable at hint (replacing what is there), or anywhere. */
static char *map_file(const char *path, size_t pages, size_t offset_pages, char *hint)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *at = mmap(hint, pages * page, PROT_READ | PROT_EXEC,
			MAP_PRIVATE | (hint ? MAP_FIXED : 0), fd, (off_t)(offset_pages * page));

	CHECK(at != MAP_FAILED);
	close(fd);
	return at;
}

static const struct image *image_at(const struct addrspace *as, const char *addr, uint64_t *offset)
{
	struct place place;

	if (!addrspace__find(as, (uintptr_t)addr, &place))
		return NULL;
	if (offset)
		*offset = place.offset;
	return place.image;
}

static void knows_this_program(void)
{
	struct addrspace *as = addrspace__new(getpid());
	char exe[4096] = "", *found;
	const struct image *const *images;
	struct place place;
	size_t n, exes = 0;
	struct stat st;
	int first;

	CHECK(readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0);
	CHECK(!addrspace__find(as, (uintptr_t)knows_this_program, &place));
	first = addrspace__refresh(as);
	images = addrspace__images(as, &n);
	CHECK(first >= 3); /* us, libc, ld.so */
	CHECK_EQ(n, first);
	CHECK_EQ(addrspace__refresh(as), 0);

	CHECK(addrspace__find(as, (uintptr_t)knows_this_program, &place));
	CHECK(place.image && place.image->is_exe && place.image->mapped && place.image->elf);
	if (!place.image || !place.image->elf)
		goto cleanup;
	CHECK_STR(place.image->path, exe);
	CHECK_STR(place.image->name, strrchr(exe, '/') + 1);
	CHECK_EQ(place.image->error, 0);
	CHECK(!place.image->deleted);
	CHECK_EQ(place.vaddr, nm_address(exe, "knows_this_program", 0));
	CHECK_EQ(place.offset, true_offset(exe, "knows_this_program", 0));
	CHECK_EQ(stat(exe, &st), 0);
	CHECK_EQ(place.image->inode, st.st_ino);
	for (size_t i = 0; i < n; i++)
		exes += images[i]->is_exe;
	CHECK_EQ(exes, 1);

	/* open_path names the file, also to others than libelf. */
	CHECK_EQ(stat(place.image->open_path, &st), 0);
	CHECK_EQ(st.st_ino, place.image->inode);

	/* A function of libc, by what nm says of its file. */
	CHECK(addrspace__find(as, (uintptr_t)getppid, &place));
	found = place.image ? place.image->path : NULL;
	CHECK(found && !place.image->is_exe);
	if (found && nm_address(found, "getppid", 1))
		CHECK_EQ(place.vaddr, nm_address(found, "getppid", 1));
	CHECK(!addrspace__find(as, (uintptr_t)&place, &place)); /* not executable */
	CHECK(!addrspace__find(as, 0, &place));
	CHECK(!addrspace__find(as, UINT64_MAX, &place));
cleanup:
	addrspace__free(as);
}

static void labels_what_is_no_file(void)
{
	struct addrspace *as = addrspace__new(getpid());
	uintptr_t vdso = getauxval(AT_SYSINFO_EHDR);
	struct place place;
	char *jit;

	jit = mmap(NULL, page, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(jit != MAP_FAILED);
	CHECK(addrspace__refresh(as) > 0);
	CHECK(addrspace__find(as, (uintptr_t)jit, &place));
	CHECK(!place.image);
	CHECK_STR(place.label, "[anon]");
	CHECK(addrspace__find(as, (uintptr_t)jit + page - 1, &place));
	if (vdso) {
		CHECK(addrspace__find(as, vdso, &place));
		CHECK(!place.image);
		CHECK_STR(place.label, "[vdso]");
	}
	/* A JIT compiler makes its code writable for a moment. */
	CHECK_EQ(mprotect(jit, page, PROT_READ | PROT_WRITE), 0);
	CHECK_EQ(addrspace__refresh(as), 0);
	CHECK(addrspace__find(as, (uintptr_t)jit, &place));
	CHECK_STR(place.label, "[anon]");
	munmap(jit, page);
	addrspace__free(as);
}

static void remembers_until_something_else_is_there(void)
{
	struct addrspace *as = addrspace__new(getpid());
	const struct image *a, *b;
	uint64_t offset = 0;
	char *at;

	CHECK_EQ(copy_file("/proc/self/exe", scratch_path("a.so")), 0);
	CHECK_EQ(copy_file("/proc/self/exe", scratch_path("b.so")), 0);
	CHECK(addrspace__refresh(as) > 0);

	at = map_file(scratch_path("a.so"), 8, 1, NULL);
	CHECK_EQ(addrspace__refresh(as), 1);
	a = image_at(as, at, &offset);
	CHECK(a);
	CHECK_STR(a ? a->name : NULL, "a.so");
	CHECK_EQ(offset, page);

	/* Gone, but known. */
	munmap(at, 8 * page);
	CHECK_EQ(addrspace__refresh(as), 0);
	CHECK(image_at(as, at + 5 * page + 7, &offset) == a);
	CHECK_EQ(offset, 6 * page + 7);
	CHECK(a && !a->mapped);

	/* Two pages in the middle are b's now: three pieces. */
	map_file(scratch_path("b.so"), 2, 3, at + 3 * page);
	CHECK_EQ(addrspace__refresh(as), 1);
	b = image_at(as, at + 3 * page, &offset);
	CHECK_STR(b ? b->name : NULL, "b.so");
	CHECK_EQ(offset, 3 * page);
	CHECK(image_at(as, at + 5 * page - 1, NULL) == b);
	CHECK(image_at(as, at, NULL) == a);
	CHECK(image_at(as, at + 3 * page - 1, &offset) == a);
	CHECK_EQ(offset, 4 * page - 1);
	CHECK(image_at(as, at + 5 * page, &offset) == a);
	CHECK_EQ(offset, 6 * page);
	CHECK(image_at(as, at + 8 * page - 1, NULL) == a);
	CHECK(image_at(as, at + 8 * page, NULL) != a);

	/* Data of another file says that the code is gone; the pages beside it stay. */
	munmap(at + 3 * page, 2 * page);
	CHECK(mmap(at + page, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		   -1, 0) == at + page);
	CHECK_EQ(addrspace__refresh(as), 0);
	CHECK(image_at(as, at, NULL) == a);
	CHECK(!image_at(as, at + page, NULL));
	CHECK(image_at(as, at + 2 * page, NULL) == a);
	CHECK(image_at(as, at + 4 * page, NULL) == b);

	/* After execve. */
	addrspace__reset(as);
	CHECK(!image_at(as, at, NULL));
	CHECK(!image_at(as, (char *)knows_this_program, NULL));
	CHECK_EQ(addrspace__refresh(as), 0); /* images stay */
	CHECK(image_at(as, (char *)knows_this_program, NULL));
	munmap(at, 8 * page);
	addrspace__free(as);
}

static void keeps_deleted_files_apart(void)
{
	struct addrspace *as = addrspace__new(getpid());
	const struct image *old, *new;
	char *at_old, *at_new;
	uint8_t byte = 0;

	CHECK_EQ(copy_file("/proc/self/exe", scratch_path("lib.so")), 0);
	at_old = map_file(scratch_path("lib.so"), 1, 0, NULL);
	/* As an upgrade does: the new file takes the name, the old one stays mapped. */
	CHECK_EQ(write_file(scratch_path("lib.new"), "#!/not/an/elf\n", 14, 0755), 0);
	CHECK_EQ(rename(scratch_path("lib.new"), scratch_path("lib.so")), 0);
	at_new = map_file(scratch_path("lib.so"), 1, 0, NULL);
	CHECK(addrspace__refresh(as) > 0);
	old = image_at(as, at_old, NULL);
	new = image_at(as, at_new, NULL);
	CHECK(old && new &&old != new);
	if (!old || !new)
		goto cleanup;
	CHECK_STR(old->path, new->path);
	CHECK_STR(old->name, "lib.so");
	CHECK(old->deleted && !new->deleted);
	CHECK_EQ(new->error, -ENOEXEC);
	CHECK(!new->elf &&new->fd >= 0);
	if (old->fd < 0) {
		/* Without a privilege, nothing leads to the old file; never take the new one. */
		CHECK(old->error && !old->elf);
		SKIP("deleted files can't be opened without CAP_CHECKPOINT_RESTORE");
		goto cleanup;
	}
	CHECK_EQ(old->error, 0);
	CHECK(old->elf);
	CHECK_EQ(pread(old->fd, &byte, 1, 0), 1);
	CHECK_EQ(byte, 0x7f);
	CHECK_EQ(pread(new->fd, &byte, 1, 0), 1);
	CHECK_EQ(byte, '#');
cleanup:
	munmap(at_old, page);
	munmap(at_new, page);
	addrspace__free(as);
}

/* Where map_files does not help, a path is believed only if it leads to the mapped inode. */
static void opens_no_other_file(void)
{
	struct mapping m = {.start = page, .end = 2 * page, .path = scratch_path("which")};
	struct stat st;
	int fd;

	CHECK_EQ(write_file(m.path, "one", 3, 0644), 0);
	CHECK_EQ(stat(m.path, &st), 0);
	m.inode = st.st_ino;
	m.dev_major = major(st.st_dev);
	m.dev_minor = minor(st.st_dev);
	fd = openimg__open(getpid(), &m);
	CHECK(fd >= 0);
	close(fd);
	if (m.dev_major) {
		m.dev_minor++;
		CHECK_EQ(openimg__open(getpid(), &m), -ESTALE);
		/* btrfs and overlayfs: maps shows another, anonymous device than stat. */
		m.dev_major = 0;
		fd = openimg__open(getpid(), &m);
		CHECK(fd >= 0);
		close(fd);
	}
	m.inode++;
	CHECK_EQ(openimg__open(getpid(), &m), -ESTALE);

	m.path = scratch_path("fifo");
	CHECK_EQ(mkfifo(m.path, 0600), 0);
	CHECK_EQ(openimg__open(getpid(), &m), -ENOEXEC);
	m.path = scratch_path("missing");
	CHECK(openimg__open(getpid(), &m) < 0);
	CHECK_EQ(openimg__open_regular(scratch_path("fifo")), -ENOEXEC);
	CHECK_EQ(openimg__open_regular("/dev/null"), -ENOEXEC);
	CHECK_EQ(openimg__open_regular(dir), -ENOEXEC);
	CHECK_EQ(openimg__open_regular(scratch_path("missing")), -ENOENT);
}

/* The target decides what its paths lead to: a FIFO must not hang us. */
static void does_not_open_a_fifo(void)
{
	struct addrspace *as = addrspace__new(getpid());
	const struct image *image;
	char *at;

	CHECK_EQ(copy_file("/proc/self/exe", scratch_path("trap.so")), 0);
	at = map_file(scratch_path("trap.so"), 1, 0, NULL);
	unlink(scratch_path("trap.so"));
	CHECK_EQ(mkfifo(scratch_path("trap.so"), 0600), 0);
	CHECK(addrspace__refresh(as) > 0);
	image = image_at(as, at, NULL);
	CHECK(image && (image->elf || image->error));
	munmap(at, page);
	addrspace__free(as);
}

static void takes_strange_names(void)
{
	static const char *const names[] = {"new\nline", "blank  (deleted)", "back\\slash \xff"};
	struct addrspace *as = addrspace__new(getpid());
	char *at[3];

	for (size_t i = 0; i < 3; i++) {
		CHECK_EQ(copy_file("/proc/self/exe", scratch_path("plain")), 0);
		CHECK_EQ(rename(scratch_path("plain"), scratch_path(names[i])), 0);
		at[i] = map_file(scratch_path(names[i]), 1, 0, NULL);
	}
	CHECK(addrspace__refresh(as) > 0);
	for (size_t i = 0; i < 3; i++) {
		const struct image *image = image_at(as, at[i], NULL);

		CHECK(image && image->elf);
		/* Looks deleted: the kernel's text leaves no way to tell. */
		CHECK_STR(image ? image->name : NULL, i == 1 ? "blank " : names[i]);
		munmap(at[i], page);
	}
	addrspace__free(as);
}

static void outlives_its_target(void)
{
	const struct image *const *images;
	const struct image *exe = NULL;
	struct addrspace *as;
	struct child c;
	uint8_t byte;
	size_t n;

	CHECK_EQ(copy_file("/bin/cat", scratch_path("cat")), 0);
	CHECK_EQ(child_start(&c, scratch_path("cat"), NULL), 0);
	unlink(scratch_path("cat"));
	as = addrspace__new(c.pid);
	CHECK(addrspace__refresh(as) >= 3);
	images = addrspace__images(as, &n);
	for (size_t i = 0; i < n; i++)
		if (images[i]->is_exe)
			exe = images[i];
	CHECK(exe);
	CHECK_STR(exe ? exe->name : NULL, "cat");
	CHECK(exe && exe->deleted && exe->elf); /* by /proc/PID/exe at least */
	child_stop(&c);
	CHECK_EQ(addrspace__refresh(as), -ESRCH);
	CHECK(exe && pread(elfimg__fd(exe->elf), &byte, 1, 0) == 1 && byte == 0x7f);
	CHECK(exe && !access(exe->open_path, R_OK));
	addrspace__free(as);
}

static void sees_zombies_as_ended(void)
{
	struct addrspace *as;
	siginfo_t end;
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	CHECK_EQ(waitid(P_PID, pid, &end, WEXITED | WNOWAIT), 0);
	as = addrspace__new(pid);
	CHECK_EQ(addrspace__refresh(as), -ESRCH);
	addrspace__free(as);
	waitpid(pid, NULL, 0);
}

static void works_without_a_main_thread(void)
{
	static const char source[] =
		"#include <pthread.h>\n#include <unistd.h>\n"
		"#include <sys/syscall.h>\n"
		"static void *run(void *a) { char c; usleep(20000);\n"
		"	while (read(0, &c, 1) == 1) write(1, &c, 1);\n"
		"	_exit(0); return a; }\n"
		"int main(void) { pthread_t t; pthread_create(&t, 0, run, 0);\n"
		"	syscall(SYS_exit, 0); return 0; }\n";
	const struct image *const *images;
	struct addrspace *as;
	struct child c;
	size_t n, elves = 0;
	int refreshed;

	if (compile(dir, "headless", "cc", "c", source, "-pthread")) {
		SKIP("no C compiler");
		return;
	}
	CHECK_EQ(child_start(&c, scratch_path("headless"), NULL), 0);
	as = addrspace__new(c.pid);
	refreshed = addrspace__refresh(as);
	CHECK(refreshed >= 3);
	images = addrspace__images(as, &n);
	for (size_t i = 0; i < n; i++)
		elves += !!images[i]->elf;
	CHECK_EQ(elves, refreshed);
	child_stop(&c);
	addrspace__free(as);
}

static void no_such_process(void)
{
	struct addrspace *as = addrspace__new(0x7fffffff);
	struct place place;
	size_t n;

	CHECK_EQ(addrspace__refresh(as), -ESRCH);
	CHECK(!addrspace__find(as, 0x1000, &place));
	addrspace__images(as, &n);
	CHECK_EQ(n, 0);
	addrspace__free(as);
	addrspace__free(NULL);
}

int main(void)
{
	page = sysconf(_SC_PAGESIZE);
	if (scratch_make(dir, sizeof(dir)))
		return 1;
	RUN(knows_this_program);
	RUN(labels_what_is_no_file);
	RUN(remembers_until_something_else_is_there);
	RUN(keeps_deleted_files_apart);
	RUN(opens_no_other_file);
	RUN(does_not_open_a_fifo);
	RUN(takes_strange_names);
	RUN(outlives_its_target);
	RUN(sees_zombies_as_ended);
	RUN(works_without_a_main_thread);
	RUN(no_such_process);
	scratch_remove(dir);
	return check_done();
}
