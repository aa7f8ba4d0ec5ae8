/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "listen_address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PORT 65535

static bool parse_port(const char *text, in_port_t *port)
{
	char *end;
	long n;

	if (!isdigit((unsigned char)*text)) /* strtol takes blanks and signs */
		return false;
	errno = 0;
	n = strtol(text, &end, 10);
	if (errno || *end || n > MAX_PORT)
		return false;
	*port = htons(n);
	return true;
}

int listen_address__parse(const char *text, struct listen_address *out)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&out->addr;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&out->addr;
	const char *colon = strrchr(text, ':');
	char host[INET6_ADDRSTRLEN + 2];
	size_t n = colon ? colon - text : 0;

	memset(out, 0, sizeof(*out));
	if (n >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, n);
	host[n] = '\0';
	if (n > 2 && host[0] == '[' && host[n - 1] == ']') {
		host[n - 1] = '\0';
		in6->sin6_family = AF_INET6;
		out->length = sizeof(*in6);
		return inet_pton(AF_INET6, host + 1, &in6->sin6_addr) == 1 &&
				       parse_port(colon + 1, &in6->sin6_port)
			       ? 0
			       : -EINVAL;
	}
	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	out->length = sizeof(*in);
	if (n &&
	    inet_pton(AF_INET, strcmp(host, "localhost") ? host : "127.0.0.1", &in->sin_addr) != 1)
		return -EINVAL;
	return parse_port(colon ? colon + 1 : text, &in->sin_port) ? 0 : -EINVAL;
}
