/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * placement - every call of an allocator function passes the place that the tool would probe, once,
 * with the arguments that the call was made with: counted at the symbol and at the place, in one
 *run.
 *
 *	placement NAME LIBRARY PROGRAM [ARGUMENTS]
 *
 * LIBRARY: part of the path of the files whose functions are looked at. PROGRAM is one of
 *tests/prog, with target.h's handshake. All entry points that the files define take part, also
 *those that the tool itself would leave out. Prints a line for tests/run, and "called SYMBOL FILE"
 *or "missed SYMBOL FILE" for each function whose place is not the symbol.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/types.h>

#include "elf/elfimg.h"
#include "kernel_features.h"
#include "links.h"
#include "placement.h"
#include "placement.skel.h"
#include "probes.h"
#include "target/addrspace.h"
#include "hits.h"

struct function {
	const struct image *image;
	const char *symbol;
	uint64_t offset, place; /* in the file */
	bool refused;
};

struct judge {
	const char *name, *library;
	struct placement_bpf *skel;
	struct addrspace *as;
	pid_t pid;
	char dir[64];
	const struct image *image; /* being looked through */
	struct function function[MAX_FUNCTIONS];
	struct link_site at_symbol[MAX_FUNCTIONS], at_place[MAX_FUNCTIONS];
	size_t n;
	bool multi;
};

static const char *const files[] = {"READY_FILE", "GO_FILE", "DONE_FILE", "QUIT_FILE"};

static const char *file(const struct judge *j, const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", j->dir, name);
	return path;
}

static int start(struct judge *j, char **argv)
{
	size_t i;

	snprintf(j->dir, sizeof(j->dir), "/tmp/memleak-bpf.XXXXXX");
	if (!mkdtemp(j->dir))
		return -errno;
	j->pid = fork();
	if (j->pid)
		return j->pid < 0 ? -errno : 0;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		setenv(files[i], file(j, files[i]), 1);
	setenv("EXPECT_FILE", "/dev/null", 1);
	setenv("WAIT", "1", 1);
	if (!freopen("/dev/null", "w", stdout))
		_exit(126);
	execv(argv[0], argv);
	_exit(127);
}

static int await_file(struct judge *j, const char *name)
{
	const struct timespec moment = {.tv_nsec = 5000000};
	int i;

	for (i = 0; i < 60 * 200; i++) {
		if (!access(file(j, name), F_OK))
			return 0;
		if (waitpid(j->pid, NULL, WNOHANG) == j->pid) {
			j->pid = 0;
			return -ESRCH;
		}
		nanosleep(&moment, NULL);
	}
	return -ETIMEDOUT;
}

static int create_file(const struct judge *j, const char *name)
{
	FILE *f = fopen(file(j, name), "w");

	return f ? fclose(f) : -errno;
}

static void end(struct judge *j)
{
	size_t i;

	if (j->pid > 0) {
		kill(j->pid, SIGKILL);
		waitpid(j->pid, NULL, 0);
	}
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		unlink(file(j, files[i]));
	rmdir(j->dir);
}

static bool is_known(const struct judge *j, uint64_t offset)
{
	size_t i;

	for (i = 0; i < j->n; i++)
		if (j->function[i].image == j->image && j->function[i].offset == offset)
			return true;
	return false;
}

static int add_function(const struct elf_sym *sym, void *arg)
{
	struct judge *j = arg;
	struct placement at;
	struct function *f = &j->function[j->n];
	const struct entry_point *e = NULL;
	uint64_t offset;
	size_t i;

	for (i = 0; i < n_entry_points && !e; i++)
		if (!strcmp(entry_points[i].symbol, sym->name))
			e = &entry_points[i];
	if (!e || !sym->is_defined || !sym->is_func || sym->is_ifunc ||
	    !elfimg__vaddr_to_offset(j->image->elf, sym->vaddr, &offset) || is_known(j, offset))
		return 0;
	if (j->n == MAX_FUNCTIONS)
		return -ENOSPC;
	placement__find(j->as, j->image, offset, entry_point__args(e), &at);
	if (!at.n)
		return -EFAULT;
	*f = (struct function){j->image, e->symbol, offset, at.offsets[0], false};
	j->at_symbol[j->n] = (struct link_site){offset, COOKIE(j->n, entry_point__args(e))};
	j->at_place[j->n] = (struct link_site){f->place, COOKIE(j->n, entry_point__args(e))};
	j->n++;
	return 0;
}

/* Both places of function number i, by events of their own. */
static int attach_one(struct judge *j, size_t i)
{
	int fd = links__uprobe(bpf_program__fd(j->skel->progs.symbol_event), j->image->open_path,
			       &j->at_symbol[i], false, j->pid);

	if (fd == -ENOTSUP) { /* no probe at the symbol, so nothing to compare with */
		j->function[i].refused = true;
		return 0;
	}
	if (fd >= 0)
		fd = links__uprobe(bpf_program__fd(j->skel->progs.place_event), j->image->open_path,
				   &j->at_place[i], false, j->pid);
	return fd;
}

/* Links stay open until we end. All in two, where the kernel has that: many take long to remove. */
static int attach(struct judge *j, size_t first)
{
	const char *path = j->image->open_path;
	size_t n = j->n - first, i;
	int at_symbol = -1, at_place = -1, err = 0;

	if (!n)
		return 0;
	if (j->multi)
		at_symbol = links__multi(bpf_program__fd(j->skel->progs.at_symbol),
					 LINK_UPROBE_MULTI, path, &j->at_symbol[first], n, j->pid);
	if (at_symbol >= 0)
		at_place = links__multi(bpf_program__fd(j->skel->progs.at_place), LINK_UPROBE_MULTI,
					path, &j->at_place[first], n, j->pid);
	if (at_place >= 0)
		return 0;
	if (at_symbol >= 0)
		close(at_symbol);
	for (i = first; i < j->n && err >= 0; i++)
		err = attach_one(j, i);
	return err < 0 ? err : 0;
}

static int look_through(struct judge *j)
{
	size_t first = j->n;
	int err = elfimg__for_each_sym(j->image->elf, add_function, j);

	return err ? err : attach(j, first);
}

static int load(struct judge *j)
{
	struct features features;

	features__probe(&features);
	j->multi = features.uprobe_multi;
	j->skel = placement_bpf__open();
	if (!j->skel)
		return -errno;
	bpf_program__set_autoload(j->skel->progs.at_symbol, j->multi);
	bpf_program__set_autoload(j->skel->progs.at_place, j->multi);
	bpf_program__set_expected_attach_type(j->skel->progs.at_symbol, LINK_UPROBE_MULTI);
	bpf_program__set_expected_attach_type(j->skel->progs.at_place, LINK_UPROBE_MULTI);
	return placement_bpf__load(j->skel);
}

static int attach_all(struct judge *j)
{
	const struct image *const *images;
	size_t n, i;
	int err = addrspace__refresh(j->as);

	images = addrspace__images(j->as, &n);
	for (i = 0; i < n && err >= 0; i++) {
		j->image = images[i];
		if (j->image->elf && strstr(j->image->path, j->library))
			err = look_through(j);
	}
	return err < 0 ? err : 0;
}

static int compare(struct judge *j)
{
	unsigned long long total = 0;
	size_t i, moved = 0, called = 0, wrong = 0;
	struct hits h;
	__u32 key;

	for (i = 0; i < j->n; i++) {
		const struct function *f = &j->function[i];
		bool is_moved = f->place != f->offset;

		if (f->refused)
			continue;
		key = i;
		if (bpf_map_lookup_elem(bpf_map__fd(j->skel->maps.all_hits), &key, &h))
			return -errno;
		total += h.symbol;
		called += h.symbol != 0;
		moved += is_moved;
		if (is_moved)
			printf("%s %s %s\n", h.symbol ? "called" : "missed", f->symbol,
			       f->image->path);
		/* two programs at one place come in either order */
		if (h.symbol == h.place && (!is_moved || (!h.apart && !h.differ)))
			continue;
		wrong++;
		printf("  %s at %#llx: %llu times reached, the place at +%llu %llu times, %llu of "
		       "them not right after it, %llu with other registers\n",
		       f->symbol, (unsigned long long)f->offset, (unsigned long long)h.symbol,
		       (unsigned long long)(f->place - f->offset), (unsigned long long)h.place,
		       (unsigned long long)h.apart, (unsigned long long)h.differ);
	}
	if (wrong || !called)
		printf("FAIL %s: %zu of %zu functions' places are not passed as the functions are, "
		       "%zu called\n",
		       j->name, wrong, j->n, called);
	else
		printf("PASS %s: %zu functions, %zu not probed at the symbol; %zu called %llu "
		       "times, "
		       "as often as their places are passed\n",
		       j->name, j->n, moved, called, total);
	return wrong || !called;
}

static int print_nothing(enum libbpf_print_level level, const char *fmt, va_list args)
{
	(void)level;
	(void)fmt;
	(void)args;
	return 0;
}

int main(int argc, char **argv)
{
	static struct judge j;
	int err;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 4) {
		fprintf(stderr, "usage: placement NAME LIBRARY PROGRAM [ARGUMENTS]\n");
		return 2;
	}
	j.name = argv[1];
	j.library = argv[2];
	libbpf_set_print(print_nothing);
	err = start(&j, argv + 3);
	if (!err)
		err = await_file(&j, "READY_FILE");
	if (!err)
		err = load(&j);
	j.as = addrspace__new(j.pid);
	if (!err && !j.as)
		err = -ENOMEM;
	if (!err)
		err = attach_all(&j);
	if (!err)
		err = create_file(&j, "GO_FILE");
	if (!err)
		err = await_file(&j, "DONE_FILE");
	if (err)
		printf("FAIL %s: %s\n", j.name, strerror(-err));
	else
		err = compare(&j);
	end(&j);
	placement_bpf__destroy(j.skel);
	addrspace__free(j.as);
	return err != 0;
}
