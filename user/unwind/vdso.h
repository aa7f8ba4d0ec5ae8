/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vdso - the ELF image that the kernel maps into every process, [vdso] in /proc/PID/maps. */
#ifndef UNWIND_VDSO_H
#define UNWIND_VDSO_H

struct elfimg;

/*
 * It has no file: a copy of our own is opened, which is the same for all 64-bit processes of this
 * kernel. *img: new, freed by elfimg__free. Returns 0; -ENOENT there is none; other negative errno.
 */
int vdso__open(struct elfimg **img);

#endif
