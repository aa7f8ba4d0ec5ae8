/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/palette.h"

const struct palette_color palette[HUES] = {
	[HUE_BLUE] = {33, "#0b6bb8", "#56a8e8"},    [HUE_ORANGE] = {172, "#c26a00", "#f0a040"},
	[HUE_GREEN] = {35, "#0b7f57", "#34c08c"},   [HUE_RED] = {167, "#bb3b2e", "#f0786a"},
	[HUE_PURPLE] = {134, "#8a4fc0", "#bb8ce8"}, [HUE_YELLOW] = {142, "#8f7d00", "#d8c84a"},
	[HUE_CYAN] = {37, "#137f8c", "#4cc4d2"},    [HUE_PINK] = {169, "#b8448c", "#ea86bf"},
	[HUE_BROWN] = {137, "#86603a", "#c09a72"},  [HUE_GREY] = {245, "#777777", "#999999"},
};
