/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <microhttpd.h>

#include "listen_address.h"
#include "render/exposition.h"

#define MAX_CONNECTIONS 16
#define MAX_REQUEST 16384 /* bytes of memory for one */
#define TIMEOUT_S 10	  /* of a connection on which nothing moves */

/* What is not about the figures. */
enum page {
	PAGE_ROOT,
	PAGE_MISSING,
	PAGE_METHOD,
	PAGES
};

struct listen {
	int fd; /* until the daemon has it */
	struct listen_address address;
	struct MHD_Daemon *daemon;
	struct MHD_Response *pages[PAGES];
	pthread_mutex_t lock;
	struct MHD_Response *figures[EXPOSITION_FORMATS]; /* below lock; each counts its users */
};

static const char *const types[EXPOSITION_FORMATS] = {
	[EXPOSITION_TEXT] = "text/plain; version=0.0.4; charset=utf-8",
	[EXPOSITION_OPENMETRICS] = "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

void listen__write_url(const struct listen *l, FILE *out)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)&l->address.addr;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&l->address.addr;
	char host[INET6_ADDRSTRLEN] = "";

	if (l->address.addr.ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
		fprintf(out, "http://[%s]:%u/metrics", host, ntohs(in6->sin6_port));
	} else {
		inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
		fprintf(out, "http://%s:%u/metrics", host, ntohs(in->sin_port));
	}
}

/* --- answers --- */

/*
 * Does an Accept field (RFC 9110, 12.5.1) ask for OpenMetrics 1? Prometheus names it first when it
 * can read it, so weights are not weighed: a range with q=0 is the only one that counts as none.
 */
static bool wants_openmetrics(const char *accept)
{
	static const char type[] = "application/openmetrics-text";
	size_t n;

	for (; accept && *accept; accept += n + (accept[n] == ',')) {
		char range[128], *at;
		const char *q;

		n = strcspn(accept, ",");
		snprintf(range, sizeof(range), "%.*s", n < sizeof(range) ? (int)n : 0, accept);
		at = range + strspn(range, " \t");
		if (strncasecmp(at, type, sizeof(type) - 1) != 0 ||
		    !strchr("; \t", at[sizeof(type) - 1]))
			continue;
		if (strstr(range, "version=0.0.1")) /* it differs */
			continue;
		q = strstr(range, "q=");
		if (!q || strtod(q + 2, NULL) > 0)
			return true;
	}
	return false;
}

static enum MHD_Result answer(void *arg, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_size, void **state)
{
	static int seen;
	struct listen *l = arg;
	enum exposition_format format = EXPOSITION_TEXT;
	enum MHD_Result result;

	(void)version;
	(void)upload;
	if (!*state) { /* the head alone is there: queueing an answer now would end the connection
			*/
		*state = &seen;
		return MHD_YES;
	}
	if (*upload_size) { /* nobody reads it */
		*upload_size = 0;
		return MHD_YES;
	}
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return MHD_queue_response(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
					  l->pages[PAGE_METHOD]);
	if (!strcmp(url, "/"))
		return MHD_queue_response(connection, MHD_HTTP_OK, l->pages[PAGE_ROOT]);
	if (strcmp(url, "/metrics") != 0)
		return MHD_queue_response(connection, MHD_HTTP_NOT_FOUND, l->pages[PAGE_MISSING]);
	if (wants_openmetrics(MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
							  MHD_HTTP_HEADER_ACCEPT)))
		format = EXPOSITION_OPENMETRICS;
	pthread_mutex_lock(&l->lock);
	result = MHD_queue_response(connection, MHD_HTTP_OK, l->figures[format]);
	pthread_mutex_unlock(&l->lock);
	return result;
}

/* Takes text. NULL: no memory. */
static struct MHD_Response *make_response(char *text, size_t size, const char *type)
{
	struct MHD_Response *r;

	r = MHD_create_response_from_buffer(size, text, MHD_RESPMEM_MUST_FREE);
	if (!r) {
		free(text);
		return NULL;
	}
	if (MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type) == MHD_YES &&
	    MHD_add_response_header(r, MHD_HTTP_HEADER_VARY, "Accept") == MHD_YES)
		return r;
	MHD_destroy_response(r);
	return NULL;
}

static int make_pages(struct listen *l)
{
	static const char *const texts[PAGES] = {
		[PAGE_ROOT] = "memleak-bpf: the figures for Prometheus are at /metrics\n",
		[PAGE_MISSING] = "not found: the figures are at /metrics\n",
		[PAGE_METHOD] = "only GET and HEAD\n",
	};
	char *text;
	int i;

	for (i = 0; i < PAGES; i++) {
		text = strdup(texts[i]);
		if (!text)
			return -ENOMEM;
		l->pages[i] = make_response(text, strlen(text), "text/plain; charset=utf-8");
		if (!l->pages[i])
			return -ENOMEM;
	}
	if (MHD_add_response_header(l->pages[PAGE_METHOD], MHD_HTTP_HEADER_ALLOW, "GET, HEAD") !=
	    MHD_YES)
		return -ENOMEM;
	return 0;
}

static int make_figures(const struct exposition *e, enum exposition_format format,
			struct MHD_Response **out)
{
	char *text = NULL;
	size_t size;
	FILE *mem = open_memstream(&text, &size);
	int err;

	if (!mem)
		return -ENOMEM;
	err = exposition__write(e, format, mem);
	if (fclose(mem) && !err)
		err = -ENOMEM;
	if (err) {
		free(text);
		return err;
	}
	*out = make_response(text, size, types[format]);
	return *out ? 0 : -ENOMEM;
}

static void destroy_responses(struct MHD_Response **responses, int n)
{
	while (n-- > 0)
		if (responses[n])
			MHD_destroy_response(responses[n]);
}

int listen__publish(struct listen *l, const struct exposition *e)
{
	struct MHD_Response *new[EXPOSITION_FORMATS] = {NULL}, *old[EXPOSITION_FORMATS];
	int i, err = 0;

	for (i = 0; !err && i < EXPOSITION_FORMATS; i++)
		err = make_figures(e, i, &new[i]);
	if (err) {
		destroy_responses(new, EXPOSITION_FORMATS);
		return err;
	}
	pthread_mutex_lock(&l->lock);
	memcpy(old, l->figures, sizeof(old));
	memcpy(l->figures, new, sizeof(new));
	pthread_mutex_unlock(&l->lock);
	destroy_responses(old, EXPOSITION_FORMATS); /* who is being answered keeps its own */
	return 0;
}

/* --- life cycle --- */

static int take_port(struct listen *l)
{
	int one = 1, err = 0;

	l->fd = socket(l->address.addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0)
		return -errno;
	/* what is left of closed connections does not keep it from being started again */
	setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(l->fd, (const struct sockaddr *)&l->address.addr, l->address.length) ||
	    listen(l->fd, MAX_CONNECTIONS) ||
	    getsockname(l->fd, (struct sockaddr *)&l->address.addr, &l->address.length))
		err = -errno;
	return err;
}

/* Its thread blocks all signals: they are for whoever has begun this. */
static int start(struct listen *l)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	errno = 0;
	l->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO | MHD_USE_ITC,
				     0, NULL, NULL, answer, l, MHD_OPTION_LISTEN_SOCKET, l->fd,
				     MHD_OPTION_CONNECTION_LIMIT, (unsigned int)MAX_CONNECTIONS,
				     MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)TIMEOUT_S,
				     MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MAX_REQUEST,
				     MHD_OPTION_END);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!l->daemon)
		return errno ? -errno : -EIO;
	l->fd = -1;
	return 0;
}

int listen__new(const struct listen_address *address, struct listen **out)
{
	struct exposition *nothing = exposition__new(NULL, 0);
	struct listen *l = calloc(1, sizeof(*l));
	int err = -ENOMEM;

	if (l) {
		l->fd = -1;
		l->address = *address;
		pthread_mutex_init(&l->lock, NULL);
	}
	if (l && nothing) {
		err = make_pages(l);
		if (!err)
			err = listen__publish(l, nothing);
		if (!err)
			err = take_port(l);
		if (!err)
			err = start(l);
	}
	exposition__free(nothing);
	if (err) {
		listen__free(l);
		return err;
	}
	*out = l;
	return 0;
}

void listen__free(struct listen *l)
{
	if (!l)
		return;
	if (l->daemon)
		MHD_stop_daemon(l->daemon);
	if (l->fd >= 0)
		close(l->fd);
	destroy_responses(l->figures, EXPOSITION_FORMATS);
	destroy_responses(l->pages, PAGES);
	pthread_mutex_destroy(&l->lock);
	free(l);
}
