/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hold - a process, not our child, that a BPF program has sent SIGSTOP. */
#ifndef FOLLOW_HOLD_H
#define FOLLOW_HOLD_H

#include <sys/types.h>

/*
 * Until it stands still: the signal is on its way when the program tells of it, and SIGCONT before
 * it arrives would be lost. Also returns when it is dead, and after some seconds.
 */
void hold__await(pid_t pid);
/* The same, and have it go on. */
void hold__let_go(pid_t pid);
#endif
