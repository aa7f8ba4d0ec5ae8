/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A variable in a library that reach.c opens. */
void *reach_slot;
