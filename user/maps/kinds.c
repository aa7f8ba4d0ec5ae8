/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kinds - names, colours and habits of the kinds of mappings. */
#include "maps/layout.h"

#include <string.h>

static const struct {
	const char *name;
	const char *mechanism;
	enum hue hue;
	char letter;
} kinds[MAP_KINDS] = {
	[MAP_HEAP] = {"heap",
		      "brk heap: blocks below malloc's mmap threshold (128 KiB and up) that are "
		      "not freed, or freed among others that are not",
		      HUE_RED, 'H'},
	[MAP_ARENA] = {"malloc arena",
		       "blocks below malloc's mmap threshold, allocated by other threads than the "
		       "main one",
		       HUE_ORANGE, 'A'},
	[MAP_ANON] = {"anonymous",
		      "anonymous mmap: another allocator's memory, blocks above malloc's mmap "
		      "threshold (M_MMAP_THRESHOLD), or mappings of the program itself",
		      HUE_PURPLE, 'M'},
	[MAP_STACK] = {"stack", "a stack that was used deeper than before", HUE_YELLOW, 'S'},
	[MAP_TLS] = {"tls", NULL, HUE_GREY, 't'},
	[MAP_TEXT] = {"text", "code that is used for the first time is read from its file",
		      HUE_BLUE, 'T'},
	[MAP_RODATA] = {"rodata",
			"constants that are used for the first time are read from "
			"their file",
			HUE_CYAN, 'R'},
	[MAP_DATA] = {"data", "static variables that are written to for the first time", HUE_GREEN,
		      'D'},
	[MAP_BSS] = {"bss", "static variables that are written to for the first time", HUE_GREEN,
		     'B'},
	[MAP_JIT] = {"jit code", "code made at run time", HUE_BLUE, 'J'},
	[MAP_FILE] = {"file",
		      "a mapped file: pages come in as they are used, and stay while memory is "
		      "plenty",
		      HUE_BROWN, 'F'},
	[MAP_SHARED] = {"shared anonymous", "anonymous shared mmap: mappings that are not unmapped",
			HUE_PINK, 'X'},
	[MAP_MEMFD] = {"memfd", "memfd: files in memory that are not unmapped, or written to",
		       HUE_PINK, 'm'},
	[MAP_SYSV] = {"sysv shm",
		      "System V shared memory: segments that are not detached (shmdt), or written "
		      "to for the first time",
		      HUE_PINK, 'V'},
	[MAP_POSIX] = {"posix shm",
		       "POSIX shared memory: objects that are not unmapped, or written to for the "
		       "first time",
		       HUE_PINK, 'P'},
	[MAP_HUGETLB] = {"huge pages", "huge pages of the hugetlb pool that are not unmapped",
			 HUE_PURPLE, 'U'},
	[MAP_DEVICE] = {"device", "memory of a driver", HUE_BROWN, 'd'},
	[MAP_KERNEL] = {"kernel's", NULL, HUE_GREY, 'k'},
	[MAP_RESERVED] = {"no access", NULL, HUE_GREY, '-'},
};

const char *map_kind__name(enum map_kind kind)
{
	return kinds[kind].name;
}

enum hue map_kind__hue(enum map_kind kind)
{
	return kinds[kind].hue;
}

char map_kind__letter(enum map_kind kind)
{
	return kinds[kind].letter;
}

const char *map_kind__mechanism(enum map_kind kind, const char *object)
{
	if (kind == MAP_ANON && !strcmp(object, LAYOUT_MALLOC))
		return "malloc'ed blocks above its mmap threshold (M_MMAP_THRESHOLD), a mapping "
		       "each, that are not freed";
	if (kind == MAP_STACK && !strcmp(object, LAYOUT_ENDED))
		return "threads that have ended and were not joined: pthread_join or "
		       "pthread_detach is missing";
	if (kind == MAP_STACK && !strcmp(object, LAYOUT_LIVING))
		return "threads that are started and do not end";
	return kinds[kind].mechanism;
}
