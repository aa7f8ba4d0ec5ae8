/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * leaky - a kernel module whose leaks are known. Each file below /proc/leaky has one function, the
 *call site, allocate when it is opened; another one gives that back when it is closed, or nothing
 *does: text		4,096 bytes of text by kmalloc, all forgotten: the bug that was mended by
 *			8e0bcc722289, "fix a leak in /proc/schedstats"
 *	rcu		kmalloc; kfree_rcu
 *	rcu_headless	kmalloc; kfree_rcu of an object without a struct rcu_head
 *	bulk		16 times kmalloc; one kfree_bulk
 *	cache		16 objects of a cache; one kmem_cache_free_bulk
 *	exact		five pages by alloc_pages_exact, which splits eight; free_pages_exact
 *	order3		eight pages by alloc_pages, all forgotten
 *	vmalloc		three pages by vmalloc, all forgotten
 *	percpu		64 bytes for each CPU by alloc_percpu, all forgotten
 * Where something is given back, one opening in FORGET is forgotten nevertheless: a tool that finds
 * nothing has not passed. /proc/leaky/account is the truth to compare with, a line for each of them
 *that was opened: function, times it was opened, objects forgotten, bytes asked for, bytes got.
 *
 * What is forgotten stays, and so does the module: it cannot be unloaded. For 5.10 and newer.
 */
#include <linux/atomic.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/proc_fs.h>
#include <linux/rcupdate.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#define FORGET 50
#define TEXT_SIZE 4096
#define HEADLESS_SIZE 1500 /* not kmalloc'ed elsewhere: a cache nearly its own */
#define BATCH 16
#define BULK_SIZE 600
#define CACHE_SIZE 448
#define EXACT_PAGES 5
#define ORDER 3
#define VMALLOC_PAGES 3

/* What a call site has done. */
struct account {
	const char *function;
	atomic_t opened, objects;
	atomic64_t asked, got;
};

/* Is this opening one of those that are forgotten? */
static bool forgets(struct account *a)
{
	return atomic_inc_return(&a->opened) % FORGET == 0;
}

static void forget(struct account *a, size_t asked, size_t got)
{
	atomic_inc(&a->objects);
	atomic64_add(asked, &a->asked);
	atomic64_add(got, &a->got);
}

/* --- text */

static struct account text_account = {"text_open"};

static int text_open(struct inode *inode, struct file *file)
{
	char *text = kzalloc(TEXT_SIZE, GFP_KERNEL);
	int n = atomic_inc_return(&text_account.opened);

	if (!text)
		return -ENOMEM;
	scnprintf(text, TEXT_SIZE, "version 15\ntimestamp %u\ncpu0 0 0 0 0 0 0 %d\n",
		  4294900000U + n, n);
	forget(&text_account, TEXT_SIZE, ksize(text));
	return 0;
}

/* --- rcu, rcu_headless */

struct rcu_object {
	char text[180];
	struct rcu_head rcu;
};

static struct account rcu_account = {"rcu_open"};

static int rcu_open(struct inode *inode, struct file *file)
{
	struct rcu_object *o = kzalloc(sizeof(*o), GFP_KERNEL);

	if (!o)
		return -ENOMEM;
	file->private_data = o;
	if (forgets(&rcu_account)) {
		forget(&rcu_account, sizeof(*o), ksize(o));
		file->private_data = NULL;
	}
	return 0;
}

static int rcu_release(struct inode *inode, struct file *file)
{
	struct rcu_object *o = file->private_data;

	if (o)
		kfree_rcu(o, rcu);
	return 0;
}

static struct account headless_account = {"rcu_headless_open"};

static int rcu_headless_open(struct inode *inode, struct file *file)
{
	void *o = kzalloc(HEADLESS_SIZE, GFP_KERNEL);

	if (!o)
		return -ENOMEM;
	file->private_data = o;
	if (forgets(&headless_account)) {
		forget(&headless_account, HEADLESS_SIZE, ksize(o));
		file->private_data = NULL;
	}
	return 0;
}

static int rcu_headless_release(struct inode *inode, struct file *file)
{
	void *o = file->private_data;

	if (o)
#ifdef kfree_rcu_mightsleep
		kfree_rcu_mightsleep(o);
#else /* before 6.4 */
		kvfree_rcu(o);
#endif
	return 0;
}

/* --- bulk, cache: a list through the first words of the objects */

static struct kmem_cache *leaky_cache;

/* Inlined, so that the call site is in the caller. */
static __always_inline int open_batch(struct file *file, struct account *a,
				      struct kmem_cache *cache)
{
	const gfp_t flags = GFP_KERNEL | __GFP_NOFAIL;
	bool forgotten = forgets(a);
	void **o;
	int i;

	for (i = 0; i < BATCH; i++) {
		o = cache ? kmem_cache_alloc(cache, flags) : kmalloc(BULK_SIZE, flags);
		*o = file->private_data;
		file->private_data = o;
		if (forgotten)
			forget(a, cache ? CACHE_SIZE : BULK_SIZE, ksize(o));
	}
	if (forgotten)
		file->private_data = NULL;
	return 0;
}

static int release_batch(struct file *file, struct kmem_cache *cache)
{
	void **o = file->private_data, *batch[BATCH];
	int n = 0;

	for (; o && n < BATCH; o = *o)
		batch[n++] = o;
	if (n && cache)
		kmem_cache_free_bulk(cache, n, batch);
	else if (n)
		kfree_bulk(n, batch);
	return 0;
}

static struct account bulk_account = {"bulk_open"};

static int bulk_open(struct inode *inode, struct file *file)
{
	return open_batch(file, &bulk_account, NULL);
}

static int bulk_release(struct inode *inode, struct file *file)
{
	return release_batch(file, NULL);
}

static struct account cache_account = {"cache_open"};

static int cache_open(struct inode *inode, struct file *file)
{
	return open_batch(file, &cache_account, leaky_cache);
}

static int cache_release(struct inode *inode, struct file *file)
{
	return release_batch(file, leaky_cache);
}

/* --- exact, order3 */

static struct account exact_account = {"exact_open"};

static int exact_open(struct inode *inode, struct file *file)
{
	void *pages = alloc_pages_exact(EXACT_PAGES * PAGE_SIZE, GFP_KERNEL);

	if (!pages)
		return -ENOMEM;
	file->private_data = pages;
	if (forgets(&exact_account)) {
		forget(&exact_account, EXACT_PAGES * PAGE_SIZE, EXACT_PAGES * PAGE_SIZE);
		file->private_data = NULL;
	}
	return 0;
}

static int exact_release(struct inode *inode, struct file *file)
{
	if (file->private_data)
		free_pages_exact(file->private_data, EXACT_PAGES * PAGE_SIZE);
	return 0;
}

static struct account order3_account = {"order3_open"};

static int order3_open(struct inode *inode, struct file *file)
{
	atomic_inc(&order3_account.opened);
	if (!alloc_pages(GFP_KERNEL, ORDER))
		return -ENOMEM;
	forget(&order3_account, PAGE_SIZE << ORDER, PAGE_SIZE << ORDER);
	return 0;
}

/* --- vmalloc, percpu */

static struct account vmalloc_account = {"vmalloc_open"};

static int vmalloc_open(struct inode *inode, struct file *file)
{
	atomic_inc(&vmalloc_account.opened);
	if (!vmalloc(VMALLOC_PAGES * PAGE_SIZE))
		return -ENOMEM;
	/* a page of address space behind it is left empty */
	forget(&vmalloc_account, VMALLOC_PAGES * PAGE_SIZE, (VMALLOC_PAGES + 1) * PAGE_SIZE);
	return 0;
}

struct percpu_object {
	u64 word[8];
};

static struct account percpu_account = {"percpu_open"};

static int percpu_open(struct inode *inode, struct file *file)
{
	size_t size = sizeof(struct percpu_object) * num_possible_cpus();

	atomic_inc(&percpu_account.opened);
	if (!alloc_percpu(struct percpu_object))
		return -ENOMEM;
	forget(&percpu_account, size, size);
	return 0;
}

/* --- the files */

static const struct leaky_file {
	const char *name;
	struct account *account;
	struct proc_ops ops;
} files[] = {
	{"text", &text_account, {.proc_open = text_open}},
	{"rcu", &rcu_account, {.proc_open = rcu_open, .proc_release = rcu_release}},
	{"rcu_headless",
	 &headless_account,
	 {.proc_open = rcu_headless_open, .proc_release = rcu_headless_release}},
	{"bulk", &bulk_account, {.proc_open = bulk_open, .proc_release = bulk_release}},
	{"cache", &cache_account, {.proc_open = cache_open, .proc_release = cache_release}},
	{"exact", &exact_account, {.proc_open = exact_open, .proc_release = exact_release}},
	{"order3", &order3_account, {.proc_open = order3_open}},
	{"vmalloc", &vmalloc_account, {.proc_open = vmalloc_open}},
	{"percpu", &percpu_account, {.proc_open = percpu_open}},
};

static int show_account(struct seq_file *seq, void *unused)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(files); i++) {
		struct account *a = files[i].account;

		if (atomic_read(&a->opened))
			seq_printf(seq, "%s %d %d %lld %lld\n", a->function,
				   atomic_read(&a->opened), atomic_read(&a->objects),
				   atomic64_read(&a->asked), atomic64_read(&a->got));
	}
	return 0;
}

static int __init leaky_init(void)
{
	struct proc_dir_entry *dir;
	size_t i;

	/* with a size that may be copied to user space a cache is not merged with others alike */
	leaky_cache = kmem_cache_create_usercopy("leaky", CACHE_SIZE, 0, 0, 0, CACHE_SIZE, NULL);
	dir = proc_mkdir("leaky", NULL);
	if (!leaky_cache || !dir || !proc_create_single("account", 0400, dir, show_account))
		return -ENOMEM;
	for (i = 0; i < ARRAY_SIZE(files); i++)
		if (!proc_create(files[i].name, 0600, dir, &files[i].ops))
			return -ENOMEM;
	return 0;
}

module_init(leaky_init);
MODULE_DESCRIPTION("leaks of known size, to test memleak-bpf with");
MODULE_LICENSE("GPL");
