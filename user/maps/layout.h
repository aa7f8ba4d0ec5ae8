/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * layout - what each mapping of a process is: a pure function of its smaps and of facts.
 */
#ifndef MAPS_LAYOUT_H
#define MAPS_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proc/smaps.h"
#include "render/palette.h"

struct facts;

/* In the order in which groups of the same size are shown. */
enum map_kind {
	MAP_HEAP,     /* the program break's */
	MAP_ARENA,    /* heaps of glibc's other arenas */
	MAP_ANON,     /* anonymous, private: blocks above the mmap threshold, other allocators */
	MAP_STACK,    /* of a thread */
	MAP_TLS,      /* of the main thread */
	MAP_TEXT,     /* an object's code */
	MAP_RODATA,   /* its constants */
	MAP_DATA,     /* its variables with initial values, and its relocated constants */
	MAP_BSS,      /* its variables without */
	MAP_JIT,      /* anonymous and executable */
	MAP_FILE,     /* any other file */
	MAP_SHARED,   /* anonymous, shared */
	MAP_MEMFD,    /* memfd_create */
	MAP_SYSV,     /* shmget */
	MAP_POSIX,    /* shm_open: a file in /dev/shm */
	MAP_HUGETLB,  /* hugetlb pages of any origin */
	MAP_DEVICE,   /* of a driver */
	MAP_KERNEL,   /* vdso and the like */
	MAP_RESERVED, /* no access: guard pages, address space kept for later */
	MAP_KINDS
};

const char *map_kind__name(enum map_kind kind);
enum hue map_kind__hue(enum map_kind kind);
char map_kind__letter(enum map_kind kind);
/* How a region of this kind and object comes to grow, and what does not give it back; NULL: no
 * telling. */
const char *map_kind__mechanism(enum map_kind kind, const char *object);

struct region {
	const struct smaps_vma *vma; /* borrowed from the smaps */
	enum map_kind kind;
	bool deleted;
	const char *object; /* what groups of the kind go by: an object's or file's path, a name
			     * that the program gave; "": none. Belongs to the layout. */
	const char *detail; /* more about this one, in words; "": nothing. Belongs to the layout. */
};

/* Objects of stacks and of anonymous mappings that layout gives names to. */
#define LAYOUT_MAIN "main thread"
#define LAYOUT_LIVING "living threads"
#define LAYOUT_ENDED "ended threads"
#define LAYOUT_MALLOC "malloc"

struct layout {
	struct region *region; /* one per mapping, in order */
	size_t n;
	char **strings;
	size_t n_strings;
};

/* f: NULL, when nothing is known. Returns 0 or -ENOMEM; *l is freed by layout__clear, before s. */
int layout__make(const struct smaps *s, const struct facts *f, struct layout *l);
void layout__clear(struct layout *l);

/* The path without directories, "[heap]" and the like as they are. */
const char *layout__base_name(const char *path);
#endif
