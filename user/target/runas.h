/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * runas - as whom a started command runs: the tool needs root, what it starts does not.
 *
 * Looked up before the fork, applied behind it, where only system calls are allowed.
 */
#ifndef TARGET_RUNAS_H
#define TARGET_RUNAS_H

#include <sys/types.h>

struct runas;

/*
 * spec: "NAME", "UID", "NAME:GROUP" or "UID:GID"; a user's supplementary groups are taken along, as
 * sudo does. An id that no user has is taken as it is, with its group of the same number unless one
 * is given, and without others.
 * NULL: whoever called sudo, by SUDO_UID and SUDO_GID in env; nobody in particular where we are not
 * root, or they are not set, or root.
 *
 * Returns 0 or negative errno. *out: NULL where there is nothing to change: what we start is as we
 * are. problem, of size bytes: on failure a sentence.
 */
int runas__new(const char *spec, char *const env[], struct runas **out, char *problem, size_t size);
void runas__free(struct runas *r);
/*
 * The environment of the command: env, where HOME, USER, LOGNAME and SHELL that are those of root,
 * or not there, have become the user's; and without SUDO_USER, SUDO_UID, SUDO_GID and SUDO_COMMAND
 * if it was them who said who that is. Borrowed, NULL-terminated.
 */
char **runas__environ(const struct runas *r);
/* Become it, for good. Returns 0 or negative errno. Async-signal-safe. */
int runas__apply(const struct runas *r);
const char *runas__name(const struct runas *r); /* "alice", or "1000" */
uid_t runas__uid(const struct runas *r);
gid_t runas__gid(const struct runas *r);
/* The supplementary groups; *n of them. */
const gid_t *runas__groups(const struct runas *r, size_t *n);
#endif
