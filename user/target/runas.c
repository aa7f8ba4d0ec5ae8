/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/runas.h"

#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_GROUPS 65536 /* NGROUPS_MAX, include/uapi/linux/limits.h */

struct runas {
	uid_t uid;
	gid_t gid;
	char *name;
	gid_t *groups;
	int n_groups;
	char **env; /* own array; strings of the environment that was given, but */
	char *own[4];
	size_t n_own;
};

/* A decimal id. -1 is none: setresuid(2) takes it for "leave as it is". */
static bool parse_id(const char *s, uint32_t *id)
{
	unsigned long long n;
	char *end;

	if (!isdigit((unsigned char)*s)) /* strtoull takes blanks and signs */
		return false;
	errno = 0;
	n = strtoull(s, &end, 10);
	if (errno || *end || n >= UINT32_MAX)
		return false;
	*id = n;
	return true;
}

static const char *find_env(char *const env[], const char *name)
{
	size_t len = strlen(name);

	for (; env && *env; env++)
		if (!strncmp(*env, name, len) && (*env)[len] == '=')
			return *env + len + 1;
	return NULL;
}

static bool find_group(const char *group, gid_t *gid)
{
	const struct group *gr = getgrnam(group);

	if (gr)
		*gid = gr->gr_gid;
	return gr || parse_id(group, gid);
}

static int take_groups(struct runas *r, const char *user)
{
	int n = 64;

	do {
		gid_t *groups = reallocarray(r->groups, n, sizeof(*groups));

		if (!groups)
			return -ENOMEM;
		r->groups = groups;
		r->n_groups = n;
		if (getgrouplist(user, r->gid, r->groups, &r->n_groups) >= 0)
			return 0;
		n = r->n_groups > n ? r->n_groups : 2 * n; /* musl, old glibc: not told */
	} while (n <= MAX_GROUPS);
	return -E2BIG;
}

/* Set a variable to that value if it is root's, or missing. Room for it is in r->env. */
static int become(struct runas *r, const char *name, const char *value, const char *of_root)
{
	const char *now = find_env(r->env, name);
	size_t len = strlen(name), i;
	char *set;

	if (!value || !*value || (now && (!of_root || strcmp(now, of_root) != 0)))
		return 0;
	if (asprintf(&set, "%s=%s", name, value) < 0)
		return -ENOMEM;
	r->own[r->n_own++] = set;
	for (i = 0; r->env[i]; i++)
		if (!strncmp(r->env[i], name, len) && r->env[i][len] == '=')
			break;
	r->env[i] = set;
	return 0;
}

static bool is_sudos(const char *variable)
{
	static const char *const names[] = {
		"SUDO_USER=", "SUDO_UID=", "SUDO_GID=", "SUDO_COMMAND="};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strncmp(variable, names[i], strlen(names[i])))
			return true;
	return false;
}

/* What sudo has made root's becomes the user's again. user: NULL if the id has no name. */
static int make_environ(struct runas *r, char *const env[], const struct passwd *user, bool by_sudo)
{
	const struct passwd *pw;
	char *home = NULL, *name = NULL, *shell = NULL;
	size_t n = 0, i;
	int err = 0;

	while (env && env[n])
		n++;
	r->env = calloc(n + sizeof(r->own) / sizeof(r->own[0]) + 1, sizeof(*r->env));
	if (!r->env)
		return -ENOMEM;
	for (i = n = 0; env && env[i]; i++)
		if (!by_sudo || !is_sudos(env[i]))
			r->env[n++] = env[i];
	if (!user)
		return 0;
	home = strdup(user->pw_dir); /* the next look-up overwrites it */
	name = strdup(user->pw_name);
	shell = strdup(user->pw_shell);
	if (!home || !name || !shell)
		err = -ENOMEM;
	pw = getpwuid(0);
	if (!err)
		err = become(r, "HOME", home, pw ? pw->pw_dir : NULL);
	if (!err)
		err = become(r, "USER", name, pw ? pw->pw_name : NULL);
	if (!err)
		err = become(r, "LOGNAME", name, pw ? pw->pw_name : NULL);
	if (!err)
		err = become(r, "SHELL", shell, pw ? pw->pw_shell : NULL);
	free(home);
	free(name);
	free(shell);
	return err;
}

/* What is asked for, before it is looked up. */
struct wanted {
	const char *user;  /* name or number */
	const char *group; /* NULL: the user's own */
	bool by_sudo;	   /* numbers, from sudo's variables */
};

/*
 * The sentence of a failure goes to problem, unless it is for lack of memory.
 */
static int look_up(struct runas *r, const struct wanted *w, char *const env[], char *problem,
		   size_t size)
{
	bool is_number = parse_id(w->user, &r->uid);
	const struct passwd *pw = NULL;
	int err;

	/* a name may be made of digits; POSIX has chown(1) look for the name first */
	if (!w->by_sudo)
		pw = getpwnam(w->user);
	if (!pw && is_number)
		pw = getpwuid(r->uid);
	if (!pw && !is_number) {
		snprintf(problem, size, "there is no user '%.100s'", w->user);
		return -ENOENT;
	}
	r->gid = pw ? pw->pw_gid : r->uid;
	if (pw)
		r->uid = pw->pw_uid;
	if (w->group && !find_group(w->group, &r->gid)) {
		snprintf(problem, size, "there is no group '%.100s'", w->group);
		return -ENOENT;
	}
	r->name = strdup(pw ? pw->pw_name : w->user);
	if (!r->name)
		return -ENOMEM;
	err = pw ? take_groups(r, r->name) : 0;
	return err ? err : make_environ(r, env, pw, w->by_sudo);
}

/* Is it what we are? Then there is nothing to change. */
static bool is_us(const struct runas *r)
{
	return r->uid == geteuid() && r->uid == getuid() && r->gid == getegid();
}

/* Who has called sudo; w->user is NULL: nobody. */
static int ask_sudo(struct wanted *w, char *const env[], char *problem, size_t size)
{
	const char *uid = find_env(env, "SUDO_UID"), *gid = find_env(env, "SUDO_GID");
	uint32_t id;

	*w = (struct wanted){.by_sudo = true};
	if (geteuid() || !uid)
		return 0;
	if (!parse_id(uid, &id) || (gid && !parse_id(gid, &id))) {
		snprintf(problem, size,
			 "SUDO_UID and SUDO_GID do not tell who has called sudo: say with --user "
			 "as whom the command is to run");
		return -EINVAL;
	}
	w->user = uid;
	w->group = gid;
	return 0;
}

int runas__new(const char *spec, char *const env[], struct runas **out, char *problem, size_t size)
{
	struct wanted w = {0};
	struct runas *r = NULL;
	char *copy = NULL, *colon;
	int err = 0;

	*out = NULL;
	snprintf(problem, size, "%s", strerror(ENOMEM));
	if (!spec) {
		err = ask_sudo(&w, env, problem, size);
		if (err || !w.user)
			return err;
	} else {
		copy = strdup(spec);
		if (!copy)
			return -ENOMEM;
		w.user = copy;
		colon = strchr(copy, ':');
		if (colon) {
			*colon = '\0';
			w.group = colon + 1;
		}
	}
	r = calloc(1, sizeof(*r));
	err = r ? look_up(r, &w, env, problem, size) : -ENOMEM;
	if (!err && !is_us(r)) {
		*out = r;
		r = NULL;
	}
	runas__free(r);
	free(copy);
	return err;
}

void runas__free(struct runas *r)
{
	size_t i;

	if (!r)
		return;
	for (i = 0; i < r->n_own; i++)
		free(r->own[i]);
	free(r->env);
	free(r->groups);
	free(r->name);
	free(r);
}

char **runas__environ(const struct runas *r)
{
	return r->env;
}

int runas__apply(const struct runas *r)
{
	/* groups first: who is no longer root may not */
	if (setgroups(r->n_groups, r->groups) || setresgid(r->gid, r->gid, r->gid) ||
	    setresuid(r->uid, r->uid, r->uid))
		return -errno;
	return 0;
}

const char *runas__name(const struct runas *r)
{
	return r->name;
}

uid_t runas__uid(const struct runas *r)
{
	return r->uid;
}

gid_t runas__gid(const struct runas *r)
{
	return r->gid;
}

const gid_t *runas__groups(const struct runas *r, size_t *n)
{
	*n = r->n_groups;
	return r->groups;
}
