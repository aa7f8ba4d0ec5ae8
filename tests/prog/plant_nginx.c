/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plant_nginx - a dynamic module of nginx: a filter that reverses a text before each answer's
 * header is sent; of 30 of them one begins with '!'. Debian's headers for modules come with the
 * compilers of all modules, so here is what is needed of them: ngx_module_t of
 * src/core/ngx_module.h, the same since 1.9.11. nginx loads a module only if its version
 * (NGINX_VERSION) and its signature (NGINX_SIGNATURE) are nginx's own.
 */
#include <stdint.h>

#include "plant.h"

#define UNSET UINTPTR_MAX
#define CORE_MODULE 0x45524F43 /* "CORE" */

struct text {
	size_t n;
	const char *at;
};

/* ngx_core_module_t */
struct core {
	struct text name;
	void *(*create)(void *cycle);
	char *(*init)(void *cycle, void *config);
};

/* ngx_command_t; one without a name is the last */
struct command {
	struct text name;
	uintptr_t type;
	char *(*set)(void *config, struct command *command, void *to);
	uintptr_t at, offset;
	void *more;
};

struct module {
	uintptr_t context_index, index;
	char *name;
	uintptr_t spare[2], version;
	const char *signature;
	void *context;
	struct command *commands;
	uintptr_t type;
	intptr_t (*init_master)(void *log);
	intptr_t (*init_module)(void *cycle);
	intptr_t (*init_process)(void *cycle);
	intptr_t (*init_thread)(void *cycle);
	void (*exit_thread)(void *cycle);
	void (*exit_process)(void *cycle);
	void (*exit_master)(void *cycle);
	uintptr_t spare_hooks[8];
};

typedef intptr_t (*filter_fn)(void *request);
extern filter_fn ngx_http_top_header_filter; /* nginx's; the first of the filters */

static filter_fn next;

static intptr_t reverse(void *request)
{
	static unsigned int requests;
	char text[] = " text that is reversed in a filter of nginx", out[sizeof(text)];

	if (requests++ % 30 == 0)
		text[0] = '!';
	reversed(text, out);
	return next(request);
}

static intptr_t put_first(void *cycle)
{
	(void)cycle;
	next = ngx_http_top_header_filter;
	ngx_http_top_header_filter = reverse;
	return 0;
}

static struct core core = {.name = {5, "plant"}};
static struct command commands[1];
static struct module plant = {
	.context_index = UNSET,
	.index = UNSET,
	.version = NGINX_VERSION,
	.signature = NGINX_SIGNATURE,
	.context = &core,
	.commands = commands,
	.type = CORE_MODULE,
	.init_process = put_first,
};

extern struct module *ngx_modules[];
extern char *ngx_module_names[], *ngx_module_order[];
struct module *ngx_modules[] = {&plant, NULL};
char *ngx_module_names[] = {"plant", NULL};
char *ngx_module_order[] = {NULL};
