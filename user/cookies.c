/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cookies.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <unistd.h>

#include <bpf/bpf.h>

#define MAX_TARGETS 8

struct cookies {
	int map_fd;
	int array_fd; /* programs to go on in; emptied by the kernel when this is closed */
	int target[MAX_TARGETS];
	uint32_t n;
};

int cookies__new(int map_fd, struct cookies **out)
{
	struct cookies *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return -ENOMEM;
	c->map_fd = map_fd;
	c->array_fd = bpf_map_create(BPF_MAP_TYPE_PROG_ARRAY, "cookie_targets", sizeof(uint32_t),
				     sizeof(uint32_t), MAX_TARGETS, NULL);
	if (c->array_fd < 0) {
		err = -errno;
		free(c);
		return err;
	}
	*out = c;
	return 0;
}

void cookies__free(struct cookies *c)
{
	if (!c)
		return;
	close(c->array_fd);
	free(c);
}

/* The index of a program in the array, or negative errno. */
static int target_index(struct cookies *c, int prog_fd)
{
	uint32_t i;

	for (i = 0; i < c->n; i++)
		if (c->target[i] == prog_fd)
			return (int)i;
	if (i == MAX_TARGETS)
		return -ENOSPC;
	if (bpf_map_update_elem(c->array_fd, &i, &prog_fd, BPF_ANY))
		return -errno;
	c->target[c->n++] = prog_fd;
	return (int)i;
}

#define INSN(c, d, s, o, i)                                                                        \
	(struct bpf_insn)                                                                          \
	{                                                                                          \
		.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i)                \
	}
#define CALL(function) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, function)
/* a 64-bit constant, or a map, in two instructions */
#define LOAD(dst, kind, low, high)                                                                 \
	INSN(BPF_LD | BPF_IMM | BPF_DW, dst, kind, 0, low), INSN(0, 0, 0, 0, high)

int cookies__wrap(struct cookies *c, int prog_fd, uint64_t cookie)
{
	const int at = target_index(c, prog_fd);
	const struct bpf_insn insns[] = {
		INSN(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_6, BPF_REG_1, 0, 0), /* the context */
		INSN(BPF_ST | BPF_MEM | BPF_W, BPF_REG_10, 0, -4, 0),
		INSN(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_2, BPF_REG_10, 0, 0),
		INSN(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_2, 0, 0, -4),
		LOAD(BPF_REG_1, BPF_PSEUDO_MAP_FD, c->map_fd, 0),
		CALL(BPF_FUNC_map_lookup_elem),
		INSN(BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_0, 0, 8, 0), /* to the end */
		LOAD(BPF_REG_1, 0, (int32_t)cookie, (int32_t)(cookie >> 32)),
		INSN(BPF_STX | BPF_MEM | BPF_DW, BPF_REG_0, BPF_REG_1, 0, 0),
		INSN(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_1, BPF_REG_6, 0, 0),
		LOAD(BPF_REG_2, BPF_PSEUDO_MAP_FD, c->array_fd, 0),
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_3, 0, 0, at),
		CALL(BPF_FUNC_tail_call), /* does not return */
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0),
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};
	int fd;

	if (at < 0)
		return at;
	fd = bpf_prog_load(BPF_PROG_TYPE_KPROBE, "cookie", "Dual BSD/GPL", insns,
			   sizeof(insns) / sizeof(insns[0]), NULL);
	return fd < 0 ? -errno : fd;
}
