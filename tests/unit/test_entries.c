/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where interrupts come in, in lists of symbols as kernels have them. */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "kernel/entries.h"
#include "kernel/kallsyms.h"

static struct kallsyms *read_text(const char *text)
{
	FILE *in = fmemopen((void *)text, strlen(text), "r");
	struct kallsyms *k = NULL;

	CHECK_EQ(kallsyms__read(in, &k), 0);
	fclose(in);
	return k;
}

static enum kernel_context context_at(const struct kernel_entry_range *ranges, size_t n,
				      uint64_t addr)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (addr - ranges[i].start < ranges[i].end - ranges[i].start)
			return ranges[i].context;
	return KERNEL_TASK;
}

/* As of 6.18: exceptions lie between two groups of interrupts. */
static void x86(void)
{
	struct kernel_entry_range r[KERNEL_ENTRY_RANGES];
	struct kallsyms *k = read_text("1000 T __irqentry_text_start\n"
				       "1000 T irq_entries_start\n"
				       "1800 T spurious_entries_start\n"
				       "2000 T asm_exc_divide_error\n"
				       "2040 T asm_exc_page_fault\n"
				       "2080 T asm_int80_emulation\n"
				       "2100 T asm_common_interrupt\n"
				       "2140 T asm_sysvec_apic_timer_interrupt\n"
				       "2180 T __irqentry_text_end\n"
				       "2180 T entry_SYSCALL_64\n"
				       "5000 t handle_softirqs\n"
				       "5200 t run_ksoftirqd\n"
				       "6000 T __softirqentry_text_start\n"
				       "6010 T __do_softirq\n"
				       "6020 T __softirqentry_text_end\n"
				       "7000 T end\n");
	size_t n = entries__find(k, r);

	CHECK_EQ(context_at(r, n, 0xfff), KERNEL_TASK);
	CHECK_EQ(context_at(r, n, 0x1000), KERNEL_HARDIRQ);
	CHECK_EQ(context_at(r, n, 0x1fff), KERNEL_HARDIRQ);
	CHECK_EQ(context_at(r, n, 0x2000), KERNEL_TASK);
	CHECK_EQ(context_at(r, n, 0x2062), KERNEL_TASK); /* a page fault */
	CHECK_EQ(context_at(r, n, 0x20ff), KERNEL_TASK);
	CHECK_EQ(context_at(r, n, 0x2100), KERNEL_HARDIRQ);
	CHECK_EQ(context_at(r, n, 0x217f), KERNEL_HARDIRQ);
	CHECK_EQ(context_at(r, n, 0x2180), KERNEL_TASK);
	CHECK_EQ(context_at(r, n, 0x4fff), KERNEL_TASK);
	CHECK_EQ(context_at(r, n, 0x5000), KERNEL_SOFTIRQ);
	CHECK_EQ(context_at(r, n, 0x5200), KERNEL_TASK);
	CHECK_EQ(context_at(r, n, 0x6010), KERNEL_SOFTIRQ);
	CHECK_EQ(context_at(r, n, 0x6020), KERNEL_TASK);
	CHECK_EQ(n, 4);
	kallsyms__free(k);
}

/* No names, or not these: no ranges. As many groups as one likes: no more than there is room for.
 */
static void odd_ones(void)
{
	struct kernel_entry_range r[KERNEL_ENTRY_RANGES];
	char text[4096];
	size_t n = 0;
	struct kallsyms *k;
	int i;

	CHECK_EQ(entries__find(NULL, r), 0);
	k = read_text("1000 T foo\n2000 T bar\n");
	CHECK_EQ(entries__find(k, r), 0);
	kallsyms__free(k);
	/* a function that nothing ends, a section that ends before it begins */
	k = read_text("1000 T __irqentry_text_end\n2000 T __irqentry_text_start\n"
		      "3000 T handle_softirqs\n");
	CHECK_EQ(entries__find(k, r), 0);
	kallsyms__free(k);
	n += snprintf(text, sizeof(text), "1000 T __irqentry_text_start\n");
	for (i = 0; i < 40; i++)
		n += snprintf(text + n, sizeof(text) - n, "%x T %s%d\n", 0x1000 + 16 * i,
			      i & 1 ? "asm_exc_" : "irq", i);
	snprintf(text + n, sizeof(text) - n, "2000 T __irqentry_text_end\n");
	k = read_text(text);
	CHECK_EQ(entries__find(k, r), KERNEL_ENTRY_RANGES);
	kallsyms__free(k);
}

int main(void)
{
	RUN(x86);
	RUN(odd_ones);
	return check_done();
}
