/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/addrspace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elf/elfimg.h"
#include "target/openimg.h"
#include "target/proc.h"

enum {
	/* Bounds for a target that maps and unmaps without end, to have us keep it all. */
	MAX_IMAGES = 16384,
	MAX_GONE = 65536, /* ranges kept that are mapped no more */
};

struct range {
	uint64_t start, end;
	uint64_t offset;     /* file offset of start */
	struct image *image; /* NULL: label says what it is */
	const char *label;
};

struct addrspace {
	pid_t pid;
	struct range *range; /* sorted by start, disjoint */
	size_t n_ranges;
	struct image **image;  /* in order of first sight */
	struct image **by_key; /* the same, sorted by key: dev_major, dev_minor, inode */
	size_t n_images, images_room;
};

struct addrspace *addrspace__new(pid_t pid)
{
	struct addrspace *as = calloc(1, sizeof(*as));

	if (as)
		as->pid = pid;
	return as;
}

static void free_image(struct image *image)
{
	if (!image)
		return;
	if (image->elf)
		elfimg__free(image->elf); /* fd is its */
	else if (image->fd >= 0)
		close(image->fd);
	free(image->path);
	free(image->open_path);
	free(image);
}

void addrspace__free(struct addrspace *as)
{
	if (!as)
		return;
	for (size_t i = 0; i < as->n_images; i++)
		free_image(as->image[i]);
	free(as->image);
	free(as->by_key);
	free(as->range);
	free(as);
}

static int compare_key(const struct image *image, const struct mapping *m)
{
	if (image->dev_major != m->dev_major)
		return image->dev_major < m->dev_major ? -1 : 1;
	if (image->dev_minor != m->dev_minor)
		return image->dev_minor < m->dev_minor ? -1 : 1;
	if (image->inode != m->inode)
		return image->inode < m->inode ? -1 : 1;
	return 0;
}

/* Position in by_key where m's image is or belongs. */
static size_t key_position(const struct addrspace *as, const struct mapping *m)
{
	size_t low = 0, high = as->n_images;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (compare_key(as->by_key[mid], m) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct image *find_image(const struct addrspace *as, const struct mapping *m)
{
	size_t at = key_position(as, m);

	return at < as->n_images && !compare_key(as->by_key[at], m) ? as->by_key[at] : NULL;
}

static int new_image(pid_t tid, const struct mapping *m, struct image **out)
{
	struct image *image = calloc(1, sizeof(*image));
	const char *slash;
	int fd;

	*out = NULL;
	if (!image)
		return -ENOMEM;
	image->fd = -1;
	image->dev_major = m->dev_major;
	image->dev_minor = m->dev_minor;
	image->inode = m->inode;
	image->deleted = m->deleted;
	image->path = strdup(m->path);
	if (!image->path)
		goto nomem;
	slash = strrchr(image->path, '/');
	image->name = slash && slash[1] ? slash + 1 : image->path;

	fd = openimg__open(tid, m);
	if (fd < 0) {
		image->error = fd;
		/* We can't read it; perhaps the kernel can attach to it all the same. */
		if (asprintf(&image->open_path, "/proc/%d/map_files/%lx-%lx", (int)tid,
			     (unsigned long)m->start, (unsigned long)m->end) < 0)
			image->open_path = NULL;
	} else {
		image->error = elfimg__open(fd, image->path, &image->elf);
		if (image->elf) {
			/* It has its own descriptor: spare one of a limited number. */
			image->fd = elfimg__fd(image->elf);
			close(fd);
		} else {
			image->fd = fd;
		}
		/*
		 * Names the same file as long as it is open here, also when the target has
		 * unmapped it or has ended before the kernel looks the path up.
		 */
		if (asprintf(&image->open_path, "/proc/self/fd/%d", image->fd) < 0)
			image->open_path = NULL;
	}
	if (!image->open_path || image->error == -ENOMEM)
		goto nomem;
	*out = image;
	return 0;
nomem:
	free_image(image);
	return -ENOMEM;
}

static int add_image(struct addrspace *as, pid_t tid, const struct mapping *m, struct image **out)
{
	size_t at = key_position(as, m);
	int err;

	*out = NULL;
	if (as->n_images == MAX_IMAGES)
		return 0;
	if (as->n_images == as->images_room) {
		size_t more = as->images_room ? as->images_room * 2 : 32;
		void *grown = reallocarray(as->image, more, sizeof(*as->image));

		if (!grown)
			return -ENOMEM;
		as->image = grown;
		grown = reallocarray(as->by_key, more, sizeof(*as->by_key));
		if (!grown)
			return -ENOMEM;
		as->by_key = grown;
		as->images_room = more;
	}
	err = new_image(tid, m, out);
	if (err)
		return err;
	memmove(as->by_key + at + 1, as->by_key + at, (as->n_images - at) * sizeof(*as->by_key));
	as->by_key[at] = *out;
	as->image[as->n_images++] = *out;
	return 0;
}

static const char *label_of(const struct mapping *m)
{
	static const char *const known[] = {"[vdso]", "[vsyscall]", "[uprobes]", "[stack]",
					    "[heap]"};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(m->path, known[i]))
			return known[i];
	return m->inode ? "[file]" : "[anon]";
}

static bool is_file(const struct mapping *m)
{
	return m->inode && m->path[0] == '/';
}

/*
 * Does m, mapped now, say that what we knew at its addresses is no more? Not when a JIT compiler
 * made its code writable for a moment, nor when the same file is there at the same place.
 */
static bool supersedes(const struct addrspace *as, const struct mapping *m, const struct range *r)
{
	if (m->exec)
		return true;
	if (!r->image)
		return is_file(m);
	return !is_file(m) || find_image(as, m) != r->image ||
	       m->offset - m->start != r->offset - r->start;
}

struct range_list {
	struct range *range;
	size_t n, room;
};

static int append_range(struct range_list *list, const struct range *r, uint64_t start,
			uint64_t end)
{
	if (start >= end)
		return 0;
	if (list->n == list->room) {
		size_t more = list->room ? list->room * 2 : 64;
		void *grown = reallocarray(list->range, more, sizeof(*list->range));

		if (!grown)
			return -ENOMEM;
		list->range = grown;
		list->room = more;
	}
	list->range[list->n] = *r;
	list->range[list->n].start = start;
	list->range[list->n].end = end;
	list->range[list->n].offset = r->offset + (start - r->start);
	list->n++;
	return 0;
}

/* What remains of the old ranges beside what is mapped now. Both are sorted. */
static int keep_gone(const struct addrspace *as, const struct maps *maps, struct range_list *list)
{
	size_t first = 0;
	int err = 0;

	for (size_t i = 0; i < as->n_ranges && !err && list->n < MAX_GONE; i++) {
		const struct range *r = &as->range[i];
		uint64_t start = r->start;

		while (first < maps->n && maps->map[first].end <= r->start)
			first++;
		for (size_t j = first; j < maps->n && maps->map[j].start < r->end && !err; j++) {
			const struct mapping *m = &maps->map[j];

			if (m->end <= start || !supersedes(as, m, r))
				continue;
			if (m->start > start)
				err = append_range(list, r, start, m->start);
			start = m->end;
		}
		if (!err)
			err = append_range(list, r, start, r->end);
	}
	return err;
}

static int by_start(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* Mark the image that the target executes. After execve, that is another one than before. */
static void find_exe(struct addrspace *as, pid_t tid)
{
	char path[64], name[4096];
	struct stat exe, st;
	bool has_exe;
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)tid);
	has_exe = !stat(path, &exe);
	len = readlink(path, name, sizeof(name) - 1);
	name[len > 0 ? len : 0] = '\0';
	for (size_t i = 0; i < as->n_images; i++) {
		struct image *image = as->image[i];

		if (!image->mapped)
			image->is_exe = false;
		else if (has_exe && image->fd >= 0)
			image->is_exe = !fstat(image->fd, &st) && st.st_dev == exe.st_dev &&
					st.st_ino == exe.st_ino;
		else
			image->is_exe = !strcmp(image->path, name);
	}
}

/* Maps of a thread that lives: those of an ended main thread are empty. */
static int read_maps(pid_t pid, pid_t *tid, struct maps *maps)
{
	int err;

	*tid = pid;
	err = maps__read(pid, maps);
	if (err || maps->n)
		return err;
	maps__clear(maps);
	*tid = proc__live_tid(pid);
	if (*tid <= 0)
		return *tid ? *tid : -ESRCH;
	err = maps__read(*tid, maps);
	if (!err && !maps->n) {
		maps__clear(maps);
		err = -ESRCH;
	}
	return err;
}

int addrspace__refresh(struct addrspace *as)
{
	size_t images_before = as->n_images;
	struct range_list list = {0};
	uint64_t covered = 0;
	struct maps maps;
	pid_t tid;
	int err;

	err = read_maps(as->pid, &tid, &maps);
	if (err)
		return err;
	err = keep_gone(as, &maps, &list);
	if (err)
		goto cleanup;
	for (size_t i = 0; i < as->n_images; i++)
		as->image[i]->mapped = false;
	for (size_t i = 0; i < maps.n; i++) {
		const struct mapping *m = &maps.map[i];
		struct range r = {.start = m->start, .offset = m->offset};

		/* Only a list torn while we read it has overlaps; ranges stay disjoint. */
		if (!m->exec || m->start < covered)
			continue;
		covered = m->end;
		if (is_file(m)) {
			r.image = find_image(as, m);
			if (!r.image) {
				err = add_image(as, tid, m, &r.image);
				if (err)
					goto cleanup;
			}
		}
		if (r.image)
			r.image->mapped = true;
		else
			r.label = label_of(m);
		err = append_range(&list, &r, m->start, m->end);
		if (err)
			goto cleanup;
	}
	find_exe(as, tid);
	if (list.n)
		qsort(list.range, list.n, sizeof(*list.range), by_start);
	free(as->range);
	as->range = list.range;
	as->n_ranges = list.n;
	list.range = NULL;
cleanup:
	free(list.range);
	maps__clear(&maps);
	return err ? err : (int)(as->n_images - images_before);
}

void addrspace__reset(struct addrspace *as)
{
	free(as->range);
	as->range = NULL;
	as->n_ranges = 0;
	for (size_t i = 0; i < as->n_images; i++) {
		as->image[i]->mapped = false;
		as->image[i]->is_exe = false;
	}
}

bool addrspace__find(const struct addrspace *as, uint64_t addr, struct place *place)
{
	size_t low = 0, high = as->n_ranges;
	const struct range *r;

	memset(place, 0, sizeof(*place));
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (as->range[mid].start <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low || addr >= as->range[low - 1].end)
		return false;
	r = &as->range[low - 1];
	place->image = r->image;
	place->label = r->label;
	if (r->image) {
		place->offset = r->offset + (addr - r->start);
		if (!r->image->elf ||
		    !elfimg__offset_to_vaddr(r->image->elf, place->offset, &place->vaddr))
			place->vaddr = 0;
	}
	return true;
}

bool addrspace__range(const struct addrspace *as, size_t i, struct exec_range *out)
{
	const struct range *r = &as->range[i];

	if (i >= as->n_ranges)
		return false;
	*out = (struct exec_range){
		.start = r->start,
		.end = r->end,
		.image = r->image,
		.label = r->label,
	};
	if (r->image &&
	    (!r->image->elf || !elfimg__exec_mapping_vaddr(r->image->elf, r->offset, &out->vaddr)))
		out->vaddr = 0;
	return true;
}

const struct image *const *addrspace__images(const struct addrspace *as, size_t *n)
{
	*n = as->n_images;
	return (const struct image *const *)as->image;
}

pid_t addrspace__pid(const struct addrspace *as)
{
	return as->pid;
}
