/* SPDX-License-Identifier: GPL-2.0-or-later */
/* triage - memleak-bpf triage: who holds the machine's memory, and what of it grows. */
#ifndef TRIAGE_H
#define TRIAGE_H

/* argv[0]: "triage". Returns the exit status: 0, 1 on failure, 2 for a wrong option. */
int triage__main(int argc, char **argv);
#endif
