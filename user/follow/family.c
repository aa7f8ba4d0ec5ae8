/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "follow/family.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "family.skel.h"
#include "links.h"
#include "linkset.h"
#include "shared_map.h"

/* include/linux/proc_ns.h: PROC_PID_INIT_INO */
#define INITIAL_PIDNS_INO 0xEFFFFFFCULL

struct family {
	struct family_bpf *skel;
	struct linkset links;
	struct shared_map traced;
	struct ring_buffer *ring;
	family_fn fn;
	void *arg;
};

static int deliver(void *ctx, void *data, size_t size)
{
	struct family *f = ctx;

	if (size >= sizeof(struct kin_event))
		f->fn(data, f->arg);
	return 0;
}

/* Where fork returns. Architectures newer than x86 have but clone. */
static int attach_returns(struct family *f)
{
	static const struct {
		const char *event;
		bool optional;
	} points[] = {
		{"sys_exit_clone", false}, {"sys_exit_clone3", true}, {"sys_exit_fork", true}};
	struct bpf_program *programs[] = {f->skel->progs.clone_exit, f->skel->progs.clone3_exit,
					  f->skel->progs.fork_exit};
	size_t i;
	int err;

	for (i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		err = linkset__keep(&f->links,
				    links__tracepoint(bpf_program__fd(programs[i]), "syscalls",
						      points[i].event),
				    0);
		if (err && !points[i].optional)
			return err == -ENOENT ? -EOPNOTSUPP : err;
	}
	return 0;
}

static int attach(struct family *f)
{
	/* the end before the beginning: no process is to stay in the table */
	struct bpf_program *programs[] = {f->skel->progs.process_exit, f->skel->progs.process_exec,
					  f->skel->progs.process_fork};
	size_t i;
	int err, fd;

	for (i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		/* the returns are there before there is a child that is to be held */
		err = programs[i] == f->skel->progs.process_fork ? attach_returns(f) : 0;
		if (err)
			return err;
		fd = bpf_raw_tracepoint_open(NULL, bpf_program__fd(programs[i]));
		err = linkset__keep(&f->links, fd < 0 ? -errno : fd, 0);
		if (err)
			return err;
	}
	return 0;
}

int family__new(pid_t root, family_fn fn, void *arg, struct family **out)
{
	struct family *f = calloc(1, sizeof(*f));
	struct family_config *cfg;
	struct stat ns;
	int err = -ENOMEM;

	if (!f)
		return err;
	f->fn = fn;
	f->arg = arg;
	f->skel = family_bpf__open();
	if (!f->skel) {
		err = -errno;
		goto cleanup;
	}
	cfg = (void *)&f->skel->rodata->cfg;
	cfg->root = root;
	if (!stat("/proc/self/ns/pid", &ns) && ns.st_ino != INITIAL_PIDNS_INO) {
		/* the kernel compares with its own encoding of the device (new_encode_dev) */
		cfg->pidns_dev = ns.st_dev;
		cfg->pidns_ino = ns.st_ino;
	}
	err = family_bpf__load(f->skel);
	if (!err)
		err = shared_map__open(&f->traced, f->skel->maps.traced);
	if (err)
		goto cleanup;
	f->ring = ring_buffer__new(bpf_map__fd(f->skel->maps.events), deliver, f, NULL);
	err = f->ring ? attach(f) : -errno;
	if (!err) {
		*out = f;
		f = NULL;
	}
cleanup:
	family__free(f);
	return err;
}

void family__free(struct family *f)
{
	if (!f)
		return;
	linkset__close(&f->links);
	ring_buffer__free(f->ring);
	shared_map__close(&f->traced);
	family_bpf__destroy(f->skel);
	free(f);
}

int family__fd(const struct family *f)
{
	return ring_buffer__epoll_fd(f->ring);
}

void family__drain(struct family *f)
{
	ring_buffer__consume(f->ring);
}

void family__detach(struct family *f)
{
	linkset__close(&f->links);
}

void family__set_traced(struct family *f, uint32_t key, bool traced)
{
	__u64 *word = (__u64 *)f->traced.at + key / 64, bit = 1ULL << key % 64;

	if (key >= FAMILY_KEYS)
		return;
	if (traced)
		__atomic_fetch_or(word, bit, __ATOMIC_SEQ_CST);
	else
		__atomic_fetch_and(word, ~bit, __ATOMIC_SEQ_CST);
}

uint64_t family__lost(const struct family *f)
{
	struct bpf_program *prog;
	uint64_t sum = f->skel->bss->state.lost;

	bpf_object__for_each_program (prog, f->skel->obj) {
		struct bpf_prog_info info = {0};
		uint32_t size = sizeof(info);

		if (!bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &size))
			sum += info.recursion_misses;
	}
	return sum;
}
