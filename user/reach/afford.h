/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * afford - may a process's memory be copied though nobody has asked for it? Not where that would
 * take more than half of what is left: it is better to have no verdict than to make
 * others swap.
 */
#ifndef REACH_AFFORD_H
#define REACH_AFFORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "reach/capture.h"

struct available;

/* False: no, and the reason, a sentence without its stop, is in why_not. */
bool afford__copy(pid_t pid, char why_not[CAPTURE_WHY_NOT]);
/*
 * The same of the text of a /proc/PID/status (proc_pid_status(5)): what it has in memory and is no
 * file's, and what is in swap, from where reading would bring it back.
 */
bool afford__fits(const char *status, size_t len, const struct available *available,
		  char why_not[CAPTURE_WHY_NOT]);
#endif
