/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spawn - start a command so that it can be traced from its first instruction.
 *
 * The child is forked at once and waits; its pid can be put into BPF programs. spawn__release lets
 * it call execvp. The BPF side stops it (SIGSTOP) right after exec and at each library mapped
 * before its entry point; spawn__wait returns those stops, spawn__continue goes on.
 */
#ifndef TARGET_SPAWN_H
#define TARGET_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

struct runas;
struct spawn;

/* argv: NULL-terminated, argv[0] searched in PATH. The child has default signal dispositions
 * and mask, inherits stdio. as: whom it runs as and its environment, NULL: ours. Returns 0 or
 * negative errno. */
int spawn__new(char *const argv[], const struct runas *as, struct spawn **sp);
/* Split a shell-like command line (quotes and backslashes, no expansion) into a NULL-terminated
 * argv, freed with spawn__free_argv. NULL and errno on error (EINVAL: unbalanced quote, empty). */
char **spawn__split(const char *command);
void spawn__free_argv(char **argv);
pid_t spawn__pid(const struct spawn *sp);
/* Becomes readable (POLLIN) when the command has ended; owned by sp. -1: not on this kernel. */
int spawn__pidfd(const struct spawn *sp);
/* Let the child exec. Returns 0 once it has, or the negative errno of execvp, or of becoming the
 * user that it is to run as: spawn__refused then (child reaped). Must not wait for anything but
 * exec itself: the exec'ed child may be stopped at its first instruction.
 */
int spawn__release(struct spawn *sp);

bool spawn__refused(const struct spawn *sp);

enum spawn_state {
	SPAWN_RUNNING,
	SPAWN_STOPPED,
	SPAWN_ENDED
};
/*
 * Poll (timeout_ms >= 0) or wait (-1) for a change. SPAWN_RUNNING: time-out, or a signal handler of
 * ours ran meanwhile. Each stop is returned once. Waits with a time-out look every millisecond at
 * least: for the launch. While the command runs, poll spawn__pidfd for its end instead.
 */
enum spawn_state spawn__wait(struct spawn *sp, int timeout_ms);
void spawn__continue(struct spawn *sp);
/* Exit status as a shell has it: code, or 128 + signal. Valid once SPAWN_ENDED. */
int spawn__status(const struct spawn *sp);
/* Frees; a child that was never released is killed and reaped, a released one is left alone. */
void spawn__free(struct spawn *sp);
#endif
