/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gfp.h"

#include <stdio.h>
#include <string.h>

#include <bpf/btf.h>
#include <linux/version.h>

#define ALWAYS 0, ~0U

/*
 * Bits up to 6.9 (include/linux/gfp.h, from 6.0 on gfp_types.h), and the versions that have them:
 * from since on, not any more in until. -1: before 6.10 only where CONFIG_KASAN_HW_TAGS or
 * CONFIG_LOCKDEP are set, which cannot be seen.
 */
static const struct {
	const char *name;
	int bit;
	unsigned int since, until;
} flags[] = {
	{"__GFP_DMA", 0, ALWAYS},
	{"__GFP_HIGHMEM", 1, ALWAYS},
	{"__GFP_DMA32", 2, ALWAYS},
	{"__GFP_MOVABLE", 3, ALWAYS},
	{"__GFP_RECLAIMABLE", 4, ALWAYS},
	{"__GFP_HIGH", 5, ALWAYS},
	{"__GFP_IO", 6, ALWAYS},
	{"__GFP_FS", 7, ALWAYS},
	{"__GFP_ZERO", 8, ALWAYS},
	{"__GFP_ATOMIC", 9, 0, KERNEL_VERSION(6, 3, 0)},
	{"__GFP_DIRECT_RECLAIM", 10, ALWAYS},
	{"__GFP_KSWAPD_RECLAIM", 11, ALWAYS},
	{"__GFP_WRITE", 12, ALWAYS},
	{"__GFP_NOWARN", 13, ALWAYS},
	{"__GFP_RETRY_MAYFAIL", 14, ALWAYS},
	{"__GFP_NOFAIL", 15, ALWAYS},
	{"__GFP_NORETRY", 16, ALWAYS},
	{"__GFP_MEMALLOC", 17, ALWAYS},
	{"__GFP_COMP", 18, ALWAYS},
	{"__GFP_NOMEMALLOC", 19, ALWAYS},
	{"__GFP_HARDWALL", 20, ALWAYS},
	{"__GFP_THISNODE", 21, ALWAYS},
	{"__GFP_ACCOUNT", 22, ALWAYS},
	{"__GFP_ZEROTAGS", 23, KERNEL_VERSION(5, 14, 0), ~0U},
	{"__GFP_SKIP_KASAN_POISON", 24, KERNEL_VERSION(5, 14, 0), KERNEL_VERSION(5, 18, 0)},
	{"__GFP_SKIP_ZERO", -1, ALWAYS},
	{"__GFP_SKIP_KASAN", -1, ALWAYS},
	{"__GFP_NOLOCKDEP", -1, ALWAYS},
	{"__GFP_NO_OBJ_EXT", -1, ALWAYS},
};
#define N_FLAGS (sizeof(flags) / sizeof(flags[0]))
_Static_assert(N_FLAGS <= GFP_MAX_FLAGS, "room for each flag");

/* Flags by index, to write down sums of them. A flag that is not there adds nothing. */
static uint64_t sum(const struct gfp *gfp, const char *const names[])
{
	uint64_t value = 0;

	for (; *names; names++)
		for (size_t i = 0; i < N_FLAGS; i++)
			if (strcmp(flags[i].name + strlen("__GFP_"), *names) == 0)
				value |= gfp->flag[i];
	return value;
}
#define SUM(gfp, ...) sum(gfp, (const char *const[]){__VA_ARGS__, NULL})

enum {
	RECLAIM,
	KERNEL,
	KERNEL_ACCOUNT,
	ATOMIC,
	NOWAIT,
	NOIO,
	NOFS,
	USER,
	DMA,
	DMA32,
	HIGHUSER,
	HIGHUSER_MOVABLE,
	TRANSHUGE_LIGHT,
	TRANSHUGE,
	N_SUMS,
};
static const char *const sums[N_SUMS] = {
	[RECLAIM] = "__GFP_RECLAIM",
	[KERNEL] = "GFP_KERNEL",
	[KERNEL_ACCOUNT] = "GFP_KERNEL_ACCOUNT",
	[ATOMIC] = "GFP_ATOMIC",
	[NOWAIT] = "GFP_NOWAIT",
	[NOIO] = "GFP_NOIO",
	[NOFS] = "GFP_NOFS",
	[USER] = "GFP_USER",
	[DMA] = "GFP_DMA",
	[DMA32] = "GFP_DMA32",
	[HIGHUSER] = "GFP_HIGHUSER",
	[HIGHUSER_MOVABLE] = "GFP_HIGHUSER_MOVABLE",
	[TRANSHUGE_LIGHT] = "GFP_TRANSHUGE_LIGHT",
	[TRANSHUGE] = "GFP_TRANSHUGE",
};

static uint64_t sum_value(const struct gfp *gfp, size_t which)
{
	uint64_t reclaim = SUM(gfp, "DIRECT_RECLAIM", "KSWAPD_RECLAIM");
	uint64_t user = reclaim | SUM(gfp, "IO", "FS", "HARDWALL");
	uint64_t movable = user | SUM(gfp, "HIGHMEM", "MOVABLE", "SKIP_KASAN", "SKIP_KASAN_POISON");
	uint64_t light = (movable | SUM(gfp, "COMP", "NOMEMALLOC", "NOWARN")) & ~reclaim;

	switch (which) {
	case RECLAIM:
	case NOIO:
		return reclaim;
	case KERNEL:
		return reclaim | SUM(gfp, "IO", "FS");
	case KERNEL_ACCOUNT:
		return reclaim | SUM(gfp, "IO", "FS", "ACCOUNT");
	case ATOMIC:
		return SUM(gfp, "HIGH", "ATOMIC", "KSWAPD_RECLAIM");
	case NOWAIT:
		return SUM(gfp, "KSWAPD_RECLAIM", gfp->nowait_nowarn ? "NOWARN" : NULL);
	case NOFS:
		return reclaim | SUM(gfp, "IO");
	case USER:
		return user;
	case DMA:
		return SUM(gfp, "DMA");
	case DMA32:
		return SUM(gfp, "DMA32");
	case HIGHUSER:
		return user | SUM(gfp, "HIGHMEM");
	case HIGHUSER_MOVABLE:
		return movable;
	case TRANSHUGE_LIGHT:
		return light;
	case TRANSHUGE:
		return light | SUM(gfp, "DIRECT_RECLAIM");
	}
	return 0;
}

/* The bit that ___GFP_NAME_BIT says. */
static void flag_of_enum(struct gfp *gfp, const char *enumerator, int value)
{
	size_t len = strlen(enumerator), name;

	if (len < strlen("_") + strlen("_BIT") || value < 0 || value > 63)
		return;
	enumerator++;
	len -= strlen("_") + strlen("_BIT");
	for (size_t i = 0; i < N_FLAGS; i++) {
		name = strlen(flags[i].name);
		if (name == len && memcmp(flags[i].name, enumerator, len) == 0 &&
		    strcmp(enumerator + len, "_BIT") == 0)
			gfp->flag[i] = 1ULL << value;
	}
}

/* The unnamed enum ___GFP_DMA_BIT and so on. */
static bool flags_of_btf(struct gfp *gfp, const struct btf *btf)
{
	const struct btf_type *t;
	const struct btf_enum *e;
	const char *first;
	unsigned int n = btf__type_cnt(btf);

	for (unsigned int id = 1; id < n; id++) {
		t = btf__type_by_id(btf, id);
		if (!t || !btf_is_enum(t) || !btf_vlen(t))
			continue;
		e = btf_enum(t);
		first = btf__name_by_offset(btf, e->name_off);
		if (!first || strcmp(first, "___GFP_DMA_BIT") != 0)
			continue;
		for (unsigned int i = 0; i < btf_vlen(t); i++) {
			first = btf__name_by_offset(btf, e[i].name_off);
			if (first)
				flag_of_enum(gfp, first, e[i].val);
		}
		return true;
	}
	return false;
}

void gfp__init(struct gfp *gfp, const struct btf *btf, unsigned int version)
{
	memset(gfp, 0, sizeof(*gfp));
	/* 16f5dfbc851b in 6.8 */
	gfp->nowait_nowarn = version >= KERNEL_VERSION(6, 8, 0);
	if (btf && flags_of_btf(gfp, btf)) {
		gfp->nowait_nowarn = true;
		return;
	}
	for (size_t i = 0; i < N_FLAGS; i++)
		if (flags[i].bit >= 0 && version >= flags[i].since && version < flags[i].until)
			gfp->flag[i] = 1ULL << flags[i].bit;
}

unsigned int gfp__release_version(const char *release)
{
	unsigned int major, minor, patch = 0;

	if (sscanf(release, "%3u.%3u.%5u", &major, &minor, &patch) < 2)
		return 0;
	return KERNEL_VERSION(major, minor, patch);
}

bool gfp__value(const struct gfp *gfp, const char *name, uint64_t *value)
{
	*value = 0;
	for (size_t i = 0; i < N_FLAGS; i++)
		if (strcmp(name, flags[i].name) == 0)
			*value = gfp->flag[i];
	for (size_t i = 0; i < N_SUMS; i++)
		if (strcmp(name, sums[i]) == 0)
			*value = sum_value(gfp, i);
	return *value != 0;
}

const char *gfp__name(size_t index)
{
	if (index < N_FLAGS)
		return flags[index].name;
	return index - N_FLAGS < N_SUMS ? sums[index - N_FLAGS] : NULL;
}
