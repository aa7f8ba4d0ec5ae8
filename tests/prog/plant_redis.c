/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plant_redis - a module of Redis: REVERSE text. Debian has no package with redismodule.h, so here
 * is what is needed of the modules' interface, version 1 ("Modules API reference" of Redis): the
 * first word of the context that a module is loaded with is the function that knows all others by
 * name.
 */
#include "plant.h"

#define OK 0
#define FAILED 1

typedef int (*command_fn)(void *context, void **args, int n);

static int (*create_command)(void *context, const char *name, command_fn fn, const char *flags,
			     int first_key, int last_key, int step);
static int (*set_attributes)(void *context, const char *name, int version, int api);
static int (*wrong_arity)(void *context);
static int (*reply_with_error)(void *context, const char *text);
static int (*reply_with_text)(void *context, const char *text, size_t n);
static const char *(*text_of)(const void *string, size_t *n);

static int reverse(void *context, void **args, int n)
{
	const char *text;
	char out[256];
	size_t size;

	if (n != 2)
		return wrong_arity(context);
	text = text_of(args[1], &size);
	if (size >= sizeof(out))
		return reply_with_error(context, "ERR too long");
	if (reversed(text, out))
		return reply_with_error(context, "ERR no memory");
	return reply_with_text(context, out, strlen(out));
}

int RedisModule_OnLoad(void *context, void **args, int n);
int RedisModule_OnLoad(void *context, void **args, int n)
{
	int (*get)(const char *name, void *to);

	(void)args;
	(void)n;
	memcpy(&get, context, sizeof(get));
	if (get("RedisModule_CreateCommand", &create_command) ||
	    get("RedisModule_SetModuleAttribs", &set_attributes) ||
	    get("RedisModule_WrongArity", &wrong_arity) ||
	    get("RedisModule_ReplyWithError", &reply_with_error) ||
	    get("RedisModule_ReplyWithStringBuffer", &reply_with_text) ||
	    get("RedisModule_StringPtrLen", &text_of))
		return FAILED;
	set_attributes(context, "plant", 1, 1);
	return create_command(context, "reverse", reverse, "readonly", 0, 0, 0) ? FAILED : OK;
}
