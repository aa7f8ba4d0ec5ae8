/* SPDX-License-Identifier: GPL-2.0-or-later */
/* filter_host - the graph of a filter, run on the host by the code that runs in the kernel. */
#ifndef FILTER_HOST_H
#define FILTER_HOST_H

#include "filter_gen.h"

struct filter_event {
	const struct gen_event *e;
	const struct filter_prog *prog;
};

static inline uint64_t host_number(uint64_t field, const struct gen_event *e)
{
	uint64_t word;

	switch (field) {
	case FILTER_BYTES_REQ:
		return e->bytes_req;
	case FILTER_BYTES_ALLOC:
		return e->bytes_alloc;
	case FILTER_GFP_FLAGS:
		return e->gfp_flags;
	case FILTER_ORDER:
		return e->order;
	case FILTER_CALL_SITE:
		return e->call_site;
	case FILTER_PID:
		return e->pid;
	case FILTER_TID:
		return e->tid;
	default:
		memcpy(&word, e->comm + (field == FILTER_COMM_8 ? 8 : 0), sizeof(word));
		return word;
	}
}

static inline bool host_in_cgroup(uint64_t id, const struct gen_event *e)
{
	for (int i = 0; i < GEN_GROUPS; i++)
		if (e->cgroup[i] == id)
			return true;
	return false;
}

static inline bool host_name_matches(uint64_t text, const struct filter_event *e);

#define FILTER_PROG (*e->prog)
#define FILTER_FIELD(field, e) host_number(field, (e)->e)
#define FILTER_COMM_MATCHES(i) filter_text_match(&e->prog->text[i], e->e->comm, FILTER_COMM_ROOM)
#define FILTER_NAME_MATCHES(i, e) host_name_matches(i, e)
#define FILTER_TASK_IN_CGROUP(i) host_in_cgroup(e->prog->cgroup[i], e->e)
#include "../../bpf/filter_match.h"

static inline bool host_name_matches(uint64_t text, const struct filter_event *e)
{
	char name[FILTER_NAME_ROOM];

	snprintf(name, sizeof(name), "%.*s", FILTER_NAME_ROOM - 1,
		 e->e->has_name ? e->e->name : "");
	return filter_text_match(&e->prog->text[text], name, sizeof(name));
}

static inline bool host_run(const struct filter_prog *prog, const struct gen_event *event)
{
	struct filter_event e = {event, prog};

	return filter_run(&e);
}

#endif
