/* SPDX-License-Identifier: GPL-2.0-or-later */
/* demangle - C++ (Itanium ABI) and Rust (legacy and v0) names for people. */
#ifndef SYM_DEMANGLE_H
#define SYM_DEMANGLE_H

/*
 * The readable form of a mangled name, freed by the caller. NULL: not mangled, not understood, too
 * long in or out, or no memory: show the name as it is. Names come from the target and may be made
 * to hurt.
 */
char *demangle__name(const char *raw);
#endif
