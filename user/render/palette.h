/* SPDX-License-Identifier: GPL-2.0-or-later */
/* palette - the colours that pictures in a terminal and on a page share. */
#ifndef RENDER_PALETTE_H
#define RENDER_PALETTE_H

/* Told apart by most people who see fewer colours, too; GREY is for what does not matter. */
enum hue {
	HUE_BLUE,
	HUE_ORANGE,
	HUE_GREEN,
	HUE_RED,
	HUE_PURPLE,
	HUE_YELLOW,
	HUE_CYAN,
	HUE_PINK,
	HUE_BROWN,
	HUE_GREY,
	HUES
};

struct palette_color {
	unsigned int xterm; /* of the 256 of a terminal: readable on black and on white */
	const char *light;  /* CSS, on a light page */
	const char *dark;   /* CSS, on a dark page */
};

extern const struct palette_color palette[HUES];
#endif
