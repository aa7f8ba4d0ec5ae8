/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/asset.h"

/* The assembler reads the file, from the top of the tree where make runs it; a NUL ends it. */
#define ASSET(name, file)                                                                          \
	__asm__(".pushsection .rodata\n"                                                           \
		".globl asset_" #name "\n"                                                         \
		".hidden asset_" #name "\n"                                                        \
		"asset_" #name ":\n"                                                               \
		".incbin \"user/render/" file "\"\n"                                               \
		".byte 0\n"                                                                        \
		".popsection\n")

ASSET(flame_js, "flame.js");
ASSET(flame_css, "flame.css");
ASSET(page_css, "page.css");
