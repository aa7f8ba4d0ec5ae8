/* SPDX-License-Identifier: GPL-2.0-or-later */
/* asset - files of this directory that go into pages as they are. */
#ifndef RENDER_ASSET_H
#define RENDER_ASSET_H

extern const char asset_flame_js[], asset_flame_css[], asset_page_css[];
#endif
