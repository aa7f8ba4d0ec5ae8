/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proc/vmstats.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>

#include "check.h"
#include "proc/allocinfo.h"
#include "proc/procfile.h"

#define PARSE(parse, text, to) parse(text, strlen(text), to)

static void counters(void)
{
	struct vmstat s;

	CHECK_EQ(PARSE(vmstat__parse,
		       "nr_free_pages 5\npgfault 100\npgmajfault 7\npswpin 1\npswpout 2\n"
		       "allocstall_dma 1\nallocstall_normal 3\noom_kill 4\n",
		       &s),
		 0);
	CHECK_EQ(s.minor_faults, 100);
	CHECK_EQ(s.major_faults, 7);
	CHECK_EQ(s.swapped_in, 1);
	CHECK_EQ(s.swapped_out, 2);
	CHECK_EQ(s.stalls, 4);
	CHECK_EQ(s.oom_kills, 4);
	CHECK_EQ(PARSE(vmstat__parse, "pgfault x\n", &s), -EINVAL);
}

static void pages(void)
{
	struct vmstat_pages p;

	PARSE(vmstat_pages__parse,
	      "nr_foll_pin_acquired 1000\nnr_foll_pin_released 958\nnr_foll_pin 7\n"
	      "nr_kernel_misc_reclaimable 11\nnr_iommu_pages 12\nnr_memmap_pages 13\n"
	      "nr_memmap_boot_pages 14\n",
	      &p);
	CHECK_EQ(p.pinned, 42);
	CHECK_EQ(p.misc_reclaimable, 11);
	CHECK_EQ(p.iommu, 12);
	CHECK_EQ(p.memmap, 13);
	/* released between the two being read; older kernels; nonsense */
	PARSE(vmstat_pages__parse, "nr_foll_pin_released 6\nnr_foll_pin_acquired 5\n", &p);
	CHECK_EQ(p.pinned, 0);
	PARSE(vmstat_pages__parse, "nr_iommu_pages\nnr_foll_pin_acquired x\n\n", &p);
	CHECK(!p.pinned && !p.misc_reclaimable && !p.iommu && !p.memmap);
}

static void pressure(void)
{
	struct pressure p;

	CHECK_EQ(PARSE(pressure__parse,
		       "some avg10=1.25 avg60=0.50 avg300=100.00 total=12345\n"
		       "full avg10=0.01 avg60=0.00 avg300=0.00 total=99\n",
		       &p),
		 0);
	CHECK(fabs(p.some[0] - 1.25) < 1e-9 && fabs(p.some[2] - 100) < 1e-9);
	CHECK(fabs(p.full[0] - 0.01) < 1e-9);
	CHECK_EQ(p.some_us, 12345);
	CHECK_EQ(p.full_us, 99);
	CHECK_EQ(PARSE(pressure__parse, "some avg10=1e9 avg60=0.50 avg300=1.00 total=1\n", &p),
		 -EINVAL);
	CHECK_EQ(PARSE(pressure__parse, "some avg10=101.00 avg60=0.50 avg300=1.00 total=1\n", &p),
		 -EINVAL);
}

static void sockets(void)
{
	uint64_t pages;

	CHECK_EQ(PARSE(sockstat__parse,
		       "sockets: used 22\nTCP: inuse 1 orphan 0 tw 0 alloc 1 mem 195\n"
		       "UDP: inuse 0 mem 5\nFRAG: inuse 0 memory 77\n",
		       &pages),
		 0);
	CHECK_EQ(pages, 200);
	CHECK_EQ(PARSE(sockstat__parse, "TCP: mem 1\n", &pages), -EINVAL);
	CHECK_EQ(PARSE(sockstat__parse, "sockets: used 1\nA: mem 18446744073709551615\nB: mem 1\n",
		       &pages),
		 -EINVAL);
}

static const char zoneinfo[] = "Node 0, zone   Normal\n  per-node stats\n      nr_free 3\n"
			       "  pages free     5000\n        boost    0\n        min      10\n"
			       "        low      20\n        high     30\n        managed  9000\n"
			       "  pagesets\n    cpu: 0\n              high:     777\n"
			       "Node 1, zone   Normal\n  pages free     1\n        min      2\n";
static const char buddyinfo[] = "Node 0, zone   Normal      8      4      2      0      1 \n"
				"Node 1, zone   Normal      1      0      0      0      0 \n";

static void zones(void)
{
	static struct zones z;

	CHECK_EQ(PARSE(zones__parse_zoneinfo, zoneinfo, &z), 0);
	CHECK_EQ(PARSE(zones__parse_buddyinfo, buddyinfo, &z), 0);
	CHECK_EQ(z.n, 2);
	CHECK_STR(z.zone[0].name, "0 Normal");
	CHECK_EQ(z.zone[0].free, 5000);
	CHECK_EQ(z.zone[0].min, 10);
	CHECK_EQ(z.zone[0].low, 20);
	CHECK_EQ(z.zone[0].high, 30); /* not those of a CPU */
	CHECK_EQ(z.zone[0].managed, 9000);
	CHECK_EQ(z.zone[0].blocks[4], 1);
	CHECK_EQ(z.zone[1].free, 1);
	/* 8 + 8 + 8 + 16 + 1 pages: 24 and 16 of 41 */
	CHECK(fabs(zones__free_share(&z, 2) - 24.0 / 41) < 1e-9);
	CHECK(fabs(zones__free_share(&z, 3) - 16.0 / 41) < 1e-9);
	CHECK(zones__free_share(&z, 15) == 0);
	memset(&z, 0, sizeof(z));
	CHECK_EQ(PARSE(zones__parse_zoneinfo, "Node 0\nNode 0, zone\npages free 1\n", &z), -EINVAL);
	CHECK(zones__free_share(&z, 0) == 0);
}

static void too_many_zones(void)
{
	static struct zones z;
	char line[64];
	int i;

	memset(&z, 0, sizeof(z));
	for (i = 0; i < 2 * ZONES_MAX; i++) {
		snprintf(line, sizeof(line), "Node %d, zone DMA 1 2 3\n", i);
		PARSE(zones__parse_buddyinfo, line, &z);
	}
	CHECK_EQ(z.n, ZONES_MAX);
}

static int sum(void *ctx, const struct allocinfo_line *line)
{
	uint64_t *sums = ctx;

	sums[0] += line->bytes;
	sums[1] += line->calls;
	sums[2] += span__is(line->tag, "net/core/x.c:5 [x] func:y");
	return line->bytes == 13 ? -ECANCELED : 0;
}

static void lines_of_allocinfo(void)
{
	static const char text[] = "allocinfo - version: 1.0\n#     <size>  <calls> <tag info>\n"
				   "        4096        2 mm/slub.c:2319 func:alloc_slab_page\n"
				   "           0        0 init/main.c:1 func:z\n"
				   "          64        1 net/core/x.c:5 [x] func:y\n"
				   "x 1 mm/a.c:1 func:b\n";
	uint64_t sums[3] = {0};

	CHECK_EQ(allocinfo__each(text, strlen(text), sum, sums), 0);
	CHECK_EQ(sums[0], 4160);
	CHECK_EQ(sums[1], 3);
	CHECK_EQ(sums[2], 1);
	CHECK_EQ(allocinfo__each("x\n", 2, sum, sums), -EINVAL);
	CHECK_EQ(allocinfo__each("allocinfo - version: 9\n13 1 a\n5 1 b\n", 37, sum, sums),
		 -ECANCELED);
	CHECK_EQ(sums[0], 4173);
}

static void of_this_machine(void)
{
	static struct zones z;
	struct procfile f = {0};
	struct vmstat s;
	uint64_t pages;

	CHECK_EQ(procfile__read(&f, AT_FDCWD, "/proc/vmstat"), 0);
	CHECK_EQ(vmstat__parse(f.text, f.len, &s), 0);
	CHECK(s.minor_faults > s.major_faults && s.major_faults > 0);
	CHECK_EQ(procfile__read(&f, AT_FDCWD, "/proc/net/sockstat"), 0);
	CHECK_EQ(sockstat__parse(f.text, f.len, &pages), 0);
	memset(&z, 0, sizeof(z));
	CHECK_EQ(procfile__read(&f, AT_FDCWD, "/proc/zoneinfo"), 0);
	CHECK_EQ(zones__parse_zoneinfo(f.text, f.len, &z), 0);
	CHECK_EQ(procfile__read(&f, AT_FDCWD, "/proc/buddyinfo"), 0);
	CHECK_EQ(zones__parse_buddyinfo(f.text, f.len, &z), 0);
	CHECK(z.n && z.zone[0].managed > 0 && zones__free_share(&z, 0) == 1);
	procfile__clear(&f);
}

int main(void)
{
	RUN(counters);
	RUN(pages);
	RUN(pressure);
	RUN(sockets);
	RUN(zones);
	RUN(too_many_zones);
	RUN(lines_of_allocinfo);
	RUN(of_this_machine);
	return check_done();
}
