/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "diff/render.h"

#include <stddef.h>

diff_emit_fn diff_render__find(enum render_id id)
{
	static const diff_emit_fn emits[RENDER_N] = {
		[RENDER_ID_text] = diff_text__emit,	[RENDER_ID_json] = diff_json__emit,
		[RENDER_ID_folded] = diff_folded__emit, [RENDER_ID_csv] = diff_csv__emit,
		[RENDER_ID_pprof] = diff_pprof__emit,	[RENDER_ID_svg] = diff_svg__emit,
		[RENDER_ID_html] = diff_html__emit,
	};

	return emits[id];
}
