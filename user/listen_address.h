/* SPDX-License-Identifier: GPL-2.0-or-later */
/* listen_address - where to listen, as it is given on the command line. */
#ifndef LISTEN_ADDRESS_H
#define LISTEN_ADDRESS_H

#include <sys/socket.h>

struct listen_address {
	struct sockaddr_storage addr;
	socklen_t length;
};

#define LISTEN_TAKES "a port, or an address and a port: 9435, 127.0.0.1:9435, [::1]:9435"

/*
 * "9435" and ":9435" are ports of 127.0.0.1: whoever wants all interfaces says 0.0.0.0 or [::].
 * Port 0: any that is free. Returns 0 or -EINVAL.
 */
int listen_address__parse(const char *text, struct listen_address *out);
#endif
