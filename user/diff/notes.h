/* SPDX-License-Identifier: GPL-2.0-or-later */
/* notes - what two recordings differ in besides what the program did. */
#ifndef DIFF_NOTES_H
#define DIFF_NOTES_H

struct diff;

/* Append to d->notes. Returns 0 or -ENOMEM. */
int diff_notes__add(struct diff *d);
#endif
