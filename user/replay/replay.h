/* SPDX-License-Identifier: GPL-2.0-or-later */
/* replay - memleak-bpf report: a recorded report, shown again. */
#ifndef REPLAY_H
#define REPLAY_H

/* argv[0] is "report". Returns the exit status. */
int replay__main(int argc, char **argv);
#endif
