/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plant_sqlite - a loadable extension of SQLite: reverse(text). */
#include <sqlite3ext.h>

#include "plant.h"

SQLITE_EXTENSION_INIT1

static void reverse(sqlite3_context *context, int n, sqlite3_value **args)
{
	const char *text = (const char *)sqlite3_value_text(args[0]);
	char out[256];

	(void)n;
	if (!text || strlen(text) >= sizeof(out))
		sqlite3_result_null(context);
	else if (reversed(text, out))
		sqlite3_result_error_nomem(context);
	else
		sqlite3_result_text(context, out, -1, SQLITE_TRANSIENT);
}

int sqlite3_extension_init(sqlite3 *db, char **message, const sqlite3_api_routines *api);
int sqlite3_extension_init(sqlite3 *db, char **message, const sqlite3_api_routines *api)
{
	SQLITE_EXTENSION_INIT2(api);
	(void)message;
	return sqlite3_create_function(db, "reverse", 1, SQLITE_UTF8, NULL, reverse, NULL, NULL);
}
