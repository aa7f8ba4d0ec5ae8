/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include <stdlib.h>

#include <bpf/btf.h>
#include <linux/version.h>

#include "kernel/gfp.h"

static uint64_t value(const struct gfp *gfp, const char *name)
{
	uint64_t v;

	return gfp__value(gfp, name, &v) ? v : 0;
}

/* As the kernels' gfp.h and gfp_types.h have them. */
static void by_version(void)
{
	struct gfp gfp;

	gfp__init(&gfp, NULL, KERNEL_VERSION(5, 10, 0));
	CHECK_EQ(value(&gfp, "GFP_KERNEL"), 0xcc0);
	CHECK_EQ(value(&gfp, "GFP_ATOMIC"), 0xa20);
	CHECK_EQ(value(&gfp, "GFP_NOWAIT"), 0x800);
	CHECK_EQ(value(&gfp, "__GFP_ZEROTAGS"), 0);
	CHECK_EQ(value(&gfp, "GFP_HIGHUSER_MOVABLE"), 0x100cca);
	CHECK_EQ(value(&gfp, "GFP_TRANSHUGE_LIGHT"), 0x1c20ca);
	CHECK_EQ(value(&gfp, "GFP_TRANSHUGE"), 0x1c24ca);

	gfp__init(&gfp, NULL, KERNEL_VERSION(5, 15, 0));
	CHECK_EQ(value(&gfp, "GFP_HIGHUSER_MOVABLE"), 0x1100cca);
	CHECK_EQ(value(&gfp, "__GFP_ZEROTAGS"), 0x800000);

	gfp__init(&gfp, NULL, KERNEL_VERSION(6, 1, 0));
	CHECK_EQ(value(&gfp, "GFP_HIGHUSER_MOVABLE"), 0x100cca);
	CHECK_EQ(value(&gfp, "GFP_ATOMIC"), 0xa20);
	CHECK_EQ(value(&gfp, "__GFP_NOLOCKDEP"), 0);

	gfp__init(&gfp, NULL, KERNEL_VERSION(6, 6, 0));
	CHECK_EQ(value(&gfp, "GFP_ATOMIC"), 0x820);
	CHECK_EQ(value(&gfp, "GFP_NOWAIT"), 0x800);
	CHECK_EQ(value(&gfp, "__GFP_ATOMIC"), 0);

	gfp__init(&gfp, NULL, KERNEL_VERSION(6, 8, 0));
	CHECK_EQ(value(&gfp, "GFP_NOWAIT"), 0x2800);
	CHECK_EQ(value(&gfp, "GFP_USER"), 0x100cc0);
	CHECK_EQ(value(&gfp, "GFP_NOFS"), 0xc40);
	CHECK_EQ(value(&gfp, "GFP_NOIO"), 0xc00);
	CHECK_EQ(value(&gfp, "__GFP_RECLAIM"), 0xc00);
	CHECK_EQ(value(&gfp, "GFP_KERNEL_ACCOUNT"), 0x400cc0);
	CHECK_EQ(value(&gfp, "GFP_DMA32"), 4);
}

static void by_btf(void)
{
	struct btf *btf = btf__new_empty();
	struct gfp gfp;

	/* bits as no kernel has them, so that they can come from nowhere else */
	CHECK(btf__add_enum(btf, NULL, 4) > 0);
	btf__add_enum_value(btf, "___GFP_OTHER_BIT", 0);
	CHECK(btf__add_enum(btf, NULL, 4) > 0);
	btf__add_enum_value(btf, "___GFP_DMA_BIT", 30);
	btf__add_enum_value(btf, "___GFP_NO_OBJ_EXT_BIT", 31);
	btf__add_enum_value(btf, "___GFP_ZERO_BIT", 32);
	btf__add_enum_value(btf, "___GFP_KSWAPD_RECLAIM_BIT", 33);
	btf__add_enum_value(btf, "___GFP_NOWARN_BIT", 34);
	btf__add_enum_value(btf, "___GFP_IO_BIT", 64);
	btf__add_enum_value(btf, "___GFP_FS_BI", 5);
	btf__add_enum_value(btf, "_", 5);
	gfp__init(&gfp, btf, KERNEL_VERSION(5, 10, 0));
	CHECK_EQ(value(&gfp, "__GFP_DMA"), 1ULL << 30);
	CHECK_EQ(value(&gfp, "__GFP_NO_OBJ_EXT"), 1ULL << 31);
	CHECK_EQ(value(&gfp, "__GFP_ZERO"), 1ULL << 32);
	CHECK_EQ(value(&gfp, "GFP_NOWAIT"), 1ULL << 33 | 1ULL << 34);
	CHECK_EQ(value(&gfp, "__GFP_IO"), 0);
	CHECK_EQ(value(&gfp, "__GFP_FS"), 0);
	CHECK_EQ(value(&gfp, "__GFP_HIGH"), 0);
	btf__free(btf);

	/* without the enum */
	btf = btf__new_empty();
	gfp__init(&gfp, btf, KERNEL_VERSION(6, 1, 0));
	CHECK_EQ(value(&gfp, "__GFP_ZERO"), 0x100);
	btf__free(btf);
}

static void names(void)
{
	struct gfp gfp;
	uint64_t v;
	size_t n = 0;

	gfp__init(&gfp, NULL, KERNEL_VERSION(6, 1, 0));
	CHECK(!gfp__value(&gfp, "", &v));
	CHECK(!gfp__value(&gfp, "GFP_", &v));
	CHECK(!gfp__value(&gfp, "ZERO", &v));
	while (gfp__name(n))
		n++;
	CHECK(n > 40);
	CHECK(!gfp__name(n + 1));
}

static void releases(void)
{
	CHECK_EQ(gfp__release_version("6.12.95+deb12-cloud-amd64"), KERNEL_VERSION(6, 12, 95));
	CHECK_EQ(gfp__release_version("5.15.0-1071-kvm"), KERNEL_VERSION(5, 15, 0));
	CHECK_EQ(gfp__release_version("7.3-rc1"), KERNEL_VERSION(7, 3, 0));
	CHECK_EQ(gfp__release_version("6.1.300"), KERNEL_VERSION(6, 1, 255));
	CHECK_EQ(gfp__release_version(""), 0);
	CHECK_EQ(gfp__release_version("linux"), 0);
}

int main(void)
{
	RUN(by_version);
	RUN(by_btf);
	RUN(names);
	RUN(releases);
	return check_done();
}
