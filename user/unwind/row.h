/* SPDX-License-Identifier: GPL-2.0-or-later */
/* row - struct unwind_row and its kinds are part of the ABI between BPF and user space. */
#ifndef UNWIND_ROW_H
#define UNWIND_ROW_H

#include <linux/types.h>
#include <stdint.h>

#include "../bpf/memleak.h"

#endif
