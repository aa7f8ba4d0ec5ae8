/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The probes of a session: which kind of link a place gets, and what is attached when. */
#include "session_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cookies.h"
#include "links.h"
#include "object.h"

/* The links that follow a function by its points, and those at its entry and return. */
static unsigned int group_of(const struct session_site *site)
{
	return 2 * site->trap + (site->kind == SESSION_POINT);
}

/* One multi link for sites of one kind; for those around one that the kernel refuses, several. */
static void attach_multi(struct session *s, const char *path, int prog_fd, int attach_type,
			 struct session_site *const *sites, size_t n)
{
	enum session_link kind = attach_type == LINK_UPROBE_SESSION ? SESSION_LINK_SESSION
								    : SESSION_LINK_MULTI;
	struct link_site *group = calloc(n, sizeof(*group));
	int err = -ENOMEM;
	size_t i;

	for (i = 0; group && i < n; i++)
		group[i] = (struct link_site){sites[i]->offset, sites[i]->cookie};
	if (group)
		err = linkset__keep(&s->probes,
				    links__multi(prog_fd, attach_type, path, group, n, s->pid),
				    group_of(sites[0]));
	free(group);
	for (i = 0; i < n; i++) {
		sites[i]->link = err ? SESSION_LINK_NONE : kind;
		sites[i]->err = err;
	}
	if (!err || n == 1)
		return;
	attach_multi(s, path, prog_fd, attach_type, sites, n / 2);
	attach_multi(s, path, prog_fd, attach_type, sites + n / 2, n - n / 2);
}

/* One place through a perf event, with the cookie. Returns the link or negative errno. */
static int open_place(struct session *s, const char *program, const char *path,
		      const struct link_site *site, bool is_return)
{
	struct link_site plain = {.offset = site->offset};
	int wrapped, fd;

	if (!s->cookies)
		return links__uprobe(session__program_fd(s, program), path, site, is_return,
				     s->anchor);
	if (is_return || !site->cookie)
		return links__uprobe(session__program_fd(s, program), path, &plain, is_return,
				     s->anchor);
	wrapped = cookies__wrap(s->cookies, session__program_fd(s, program), site->cookie);
	if (wrapped < 0)
		return wrapped;
	fd = links__uprobe(wrapped, path, &plain, false, s->anchor);
	close(wrapped); /* the probe keeps it */
	return fd;
}

/* A perf event; two where a return probe is wanted, or none. */
static void attach_perf(struct session *s, const char *path, struct session_site *site)
{
	static const char *const entry[SESSION_KINDS] = {
		[SESSION_POINT] = "alloc_point", [SESSION_CALL] = "alloc_enter",
		[SESSION_ENTER] = "alloc_enter", [SESSION_EXIT] = "alloc_exit",
		[SESSION_FREE] = "block_free",
	};
	struct link_site at = {site->offset, site->cookie};
	int err = session__load_perf(s), on_return = -1, on_entry;

	if (err) {
		site->err = err;
		return;
	}
	/* the return first: an entry without its return would look like a lost call */
	if (site->kind == SESSION_CALL)
		on_return = open_place(s, "alloc_return", path, &at, true);
	if (site->kind == SESSION_CALL && on_return < 0) {
		site->err = on_return;
		return;
	}
	on_entry = open_place(s, entry[site->kind], path, &at, false);
	if (on_entry < 0 && on_return >= 0)
		close(on_return);
	else if (on_return >= 0)
		err = linkset__keep(&s->probes, on_return, group_of(site));
	err = on_entry < 0 ? on_entry : linkset__keep(&s->probes, on_entry, group_of(site)) ?: err;
	site->link = err ? SESSION_LINK_NONE : SESSION_LINK_PERF;
	site->err = err;
}

/*
 * A function's points are attached until they are refuted, entry and return until they are proven.
 */
static bool is_needed(struct session *s, const struct session_site *site)
{
	enum trap_mode mode = session__trap(s, site->trap)->mode;

	if (!site->trap)
		return true;
	return site->kind == SESSION_POINT ? mode != TRAP_OFF : mode != TRAP_ON;
}

/* Sites of one kind and one function, or of all that have no points. */
static void attach_group(struct session *s, const char *path, const char *program, int attach_type,
			 struct session_site *const *group, size_t n)
{
	bool multi = session__has_links(s, attach_type) && !s->by_thread;
	size_t i;

	if (multi)
		attach_multi(s, path, session__program_fd(s, program), attach_type, group, n);
	for (i = 0; i < n; i++)
		if (!group[i]->link)
			attach_perf(s, path, group[i]);
	for (i = 0; i < n; i++)
		if (!group[i]->link && group[i]->kind == SESSION_POINT)
			session__drop_points(s, group[i]->trap); /* all or none */
}

/*
 * In the order that attaching to a target at work asks for: a return instruction before the entry
 * whose calls it ends, points before the entry whose calls they are compared with.
 */
static void attach_sites(struct session *s, const char *path, struct session_site *sites, size_t n)
{
	static const struct {
		enum session_site_kind kind;
		const char *program;
		int attach_type;
	} how[SESSION_KINDS] = {
		{SESSION_FREE, "block_free_multi", LINK_UPROBE_MULTI},
		{SESSION_EXIT, "alloc_exit_multi", LINK_UPROBE_MULTI},
		{SESSION_POINT, "alloc_point_multi", LINK_UPROBE_MULTI},
		{SESSION_ENTER, "alloc_enter_multi", LINK_UPROBE_MULTI},
		{SESSION_CALL, "alloc_session", LINK_UPROBE_SESSION},
	};
	struct session_site **group = calloc(n, sizeof(struct session_site *));
	size_t i, k, m;
	int trap;

	for (k = 0; group && k < SESSION_KINDS; k++)
		for (trap = 0; trap <= s->n_traps; trap++) {
			for (i = m = 0; i < n; i++) {
				struct session_site *site = &sites[i];

				if (site->kind != how[k].kind || site->trap != trap || site->link)
					continue;
				if (is_needed(s, site))
					group[m++] = site;
				else
					site->link = SESSION_LINK_UNUSED;
			}
			if (m)
				attach_group(s, path, how[k].program, how[k].attach_type, group, m);
		}
	free(group);
}

/* Returns how many sites are probed, or an error if none is. */
static int attach(struct session *s, const char *path, struct session_site *sites, size_t n)
{
	int done = 0, err = -ENOMEM;
	bool again = true;
	size_t i;

	for (i = 0; i < n; i++) {
		sites[i].link = SESSION_LINK_NONE;
		sites[i].err = -ENOMEM;
	}
	while (again) {
		attach_sites(s, path, sites, n);
		again = false;
		for (i = 0; i < n; i++) {
			if (sites[i].link || !sites[i].n_others)
				continue;
			sites[i].offset = *sites[i].others++;
			sites[i].n_others--;
			again = true;
		}
	}
	for (i = 0; i < n; i++) {
		done += sites[i].link != SESSION_LINK_NONE;
		if (!sites[i].link)
			err = sites[i].err;
	}
	return done ? done : err;
}

int session__attach(struct session *s, const char *path, struct session_site *sites, size_t n)
{
	struct probed_file *files, *file;
	size_t i;
	int done;

	done = attach(s, path, sites, n);
	if (done <= 0)
		return done;
	files = realloc(s->files, (s->n_files + 1) * sizeof(*files));
	if (!files)
		return -ENOMEM;
	s->files = files;
	file = &files[s->n_files];
	file->path = strdup(path);
	file->sites = calloc(n, sizeof(*sites));
	file->n = 0;
	if (!file->path || !file->sites) {
		free(file->path);
		free(file->sites);
		return -ENOMEM;
	}
	for (i = 0; i < n; i++) {
		if (!sites[i].link)
			continue;
		file->sites[file->n] = sites[i];
		file->sites[file->n++].n_others = 0;
	}
	s->n_files++;
	return done;
}

struct trap *session__trap(struct session *s, int trap)
{
	return &session__state(s)->trap[trap];
}

int session__add_trap(struct session *s, struct trap_point *points, size_t n, uint32_t *first)
{
	struct trap_point *map = s->points.at;
	size_t i;

	if (!map || s->n_traps + 1 >= MAX_TRAPS || n > MAX_TRAP_POINTS - s->n_points)
		return -ENOSPC;
	*first = s->n_points;
	s->n_traps++;
	for (i = 0; i < n; i++) {
		points[i].cookie |= (uint64_t)s->n_traps << PROBE_COOKIE_TRAP_SHIFT;
		map[s->n_points++] = points[i];
	}
	session__trap(s, s->n_traps)->mode = TRAP_PROVE;
	return s->n_traps;
}

void session__drop_points(struct session *s, int trap)
{
	__atomic_store_n(&session__trap(s, trap)->mode, TRAP_OFF, __ATOMIC_SEQ_CST);
	linkset__close_group(&s->probes, 2 * trap + 1);
}

void session__use_points(struct session *s, int trap)
{
	__atomic_store_n(&session__trap(s, trap)->mode, TRAP_ON, __ATOMIC_SEQ_CST);
}

bool session__drop_calls(struct session *s, int trap)
{
	/* see trap_enter: who is not counted by now will see the mode */
	if (__atomic_load_n(&session__trap(s, trap)->inflight, __ATOMIC_SEQ_CST))
		return false;
	linkset__close_group(&s->probes, 2 * trap);
	return true;
}

int session__attach_entry(struct session *s, const char *path, uint64_t offset)
{
	struct link_site site = {.offset = offset};

	return linkset__keep(&s->probes, open_place(s, "program_entry", path, &site, false), 0);
}

int session__attach_exit(struct session *s, const char *path, uint64_t offset)
{
	struct link_site site = {.offset = offset};

	return linkset__keep(&s->probes, open_place(s, "program_exit", path, &site, false), 0);
}

/* Attach everything again, bound to the anchor, and drop the old links, which have fallen silent.
 */
static int attach_again(struct session *s)
{
	struct linkset old = s->probes;
	int err = 0, done;
	size_t i;

	s->probes = (struct linkset){0};
	for (i = 0; i < s->n_files; i++) {
		done = attach(s, s->files[i].path, s->files[i].sites, s->files[i].n);
		if (done < 0)
			err = done;
	}
	linkset__close(&old);
	return err;
}

int session__reanchor(struct session *s, pid_t tid)
{
	bool silent = s->by_thread || !s->features.uprobe_session;
	int err;

	s->anchor = tid;
	s->by_thread = true; /* for what is probed from now on */
	object__state(s->object)->anchor = tid;
	if (!silent) /* a multi link compares thread groups: its probes work on */
		return 0;
	err = attach_again(s);
	return err ? err : 1;
}

int session__rebind(struct session *s)
{
	s->anchor = s->pid;
	s->by_thread = false;
	object__state(s->object)->anchor = s->pid;
	return attach_again(s);
}
