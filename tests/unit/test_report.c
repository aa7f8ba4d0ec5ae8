/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include <stdlib.h>

#include "report/report.h"

static void copies_frames(void)
{
	char function[] = "main", file[] = "a.c", path[] = "/src/a.c", image[] = "a.out";
	char image_path[] = "/bin/a.out", build_id[] = "0123";
	struct report_frame src[2] = {
		{.addr = 1,
		 .offset = 2,
		 .line = 3,
		 .inlined = true,
		 .image_vaddr = 4,
		 .image_offset = 6,
		 .interrupted = true},
		{.addr = 5,
		 .function = function,
		 .file = file,
		 .path = path,
		 .image = image,
		 .image_path = image_path,
		 .build_id = build_id},
	};
	struct report_frame *copy;

	CHECK_EQ(report_frames__copy(src, 2, &copy), 0);
	image_path[0] = build_id[0] = 'X';
	function[0] = file[0] = path[0] = image[0] = 'X'; /* the copy has its own */
	CHECK_EQ(copy[0].addr, 1);
	CHECK_EQ(copy[0].offset, 2);
	CHECK_EQ(copy[0].line, 3);
	CHECK(copy[0].inlined && !copy[1].inlined);
	CHECK_EQ(copy[0].image_vaddr, 4);
	CHECK(!copy[0].function && !copy[0].file && !copy[0].path && !copy[0].image);
	CHECK_EQ(copy[1].addr, 5);
	CHECK_STR(copy[1].function, "main");
	CHECK_STR(copy[1].file, "a.c");
	CHECK_STR(copy[1].path, "/src/a.c");
	CHECK_STR(copy[1].image, "a.out");
	CHECK_STR(copy[1].image_path, "/bin/a.out");
	CHECK_STR(copy[1].build_id, "0123");
	CHECK_EQ(copy[0].image_offset, 6);
	CHECK(copy[0].interrupted && !copy[1].interrupted);
	CHECK(!copy[0].image_path && !copy[0].build_id);
	report_frames__free(copy, 2);
	CHECK_EQ(report_frames__copy(src, 0, &copy), 0);
	CHECK(!copy);
	report_frames__free(NULL, 0);
}

static void keeps_warnings(void)
{
	struct report *r = calloc(1, sizeof(*r));
	char text[8];
	int i;

	for (i = 0; i < 20; i++) {
		snprintf(text, sizeof(text), "w%d", i);
		CHECK_EQ(report__warn(r, text), 0);
	}
	CHECK_EQ(r->n_warnings, 20);
	CHECK_STR(r->warnings[0], "w0");
	CHECK_STR(r->warnings[19], "w19");
	report__free(r);
	report__free(NULL);
}

static void balance_of_random_accounts(void)
{
	unsigned short state[3] = {4, 5, 6};
	int i;

	for (i = 0; i < 1000; i++) {
		uint64_t part[6];
		struct report_account a = {0};
		long off = nrand48(state) % 1000 - 500;
		int j;

		for (j = 0; j < 6; j++) {
			part[j] = (uint64_t)nrand48(state) << (nrand48(state) % 30);
			a.seen += part[j];
		}
		a.freed = part[0];
		a.gone_exec = part[1];
		a.outstanding = part[2];
		a.lost_full = part[3];
		a.lost_read = part[4];
		a.lost_realloc = part[5];
		a.implied = a.untracked_frees = a.failed = a.filtered =
			nrand48(state); /* not in it */
		CHECK_EQ(report__lost(&a), part[3] + part[4] + part[5]);
		CHECK_EQ(report__balance(&a), 0);
		a.seen += off;
		CHECK_EQ(report__balance(&a), off);
		a.seen -= off;
		a.outstanding += off;
		CHECK_EQ(report__balance(&a), -off);
	}
}

/* Which table would have been large enough. */
static uint64_t enough(uint64_t max, uint64_t outstanding, uint64_t lost, uint64_t untracked)
{
	struct report r = {.max_live = max, .most_live = 3000000};

	r.account.outstanding = outstanding;
	r.account.lost_full = lost;
	r.account.untracked_frees = untracked;
	return report__enough_live(&r);
}

static void table_for_next_time(void)
{
	struct report unknown = {.account.lost_full = 1};

	CHECK_EQ(report__enough_live(&unknown), 0);
	/* twice as many at least, whatever is left of them by now */
	CHECK_EQ(enough(1024, 0, 1, 1), 2048);
	CHECK_EQ(enough(1000, 1500, 1, 1), 2048);
	CHECK_EQ(enough(1000, 1500, 139, 0), 2048);
	/* a quarter more than there were */
	CHECK_EQ(enough(1000, 1500, 140, 0), 4096);
	CHECK_EQ(enough(1000, 1500, 500000, 499860), 4096);
	CHECK_EQ(enough(1000, 1500, 500000, 0), 1 << 20);
	CHECK_EQ(enough(1000, 1500, 500000, REPORT_UNTRACKED_UNKNOWN), 1 << 20);
	/* as many as can be */
	CHECK_EQ(enough(1 << 20, 1500000, 1000000, 0), 3000000);
	CHECK_EQ(enough(2000000, 10, 1, 0), 3000000);
	/* that would not do */
	CHECK_EQ(enough(1 << 20, 1500000, 1600000, 0), 0);
	CHECK_EQ(enough(3000000, 10, 1, 0), 0);
	CHECK_EQ(enough(1000, UINT64_MAX, UINT64_MAX, 0), 0);
}

int main(void)
{
	RUN(table_for_next_time);
	RUN(copies_frames);
	RUN(keeps_warnings);
	RUN(balance_of_random_accounts);
	return check_done();
}
