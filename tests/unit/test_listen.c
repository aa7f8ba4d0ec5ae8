/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Figures over HTTP: addresses, what is answered to whom, and that the one who traces never waits.
 */
#include "check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

#include "listen.h"
#include "listen_address.h"
#include "render/exposition.h"

#define WAIT_S 60

static const struct exposition_family families[] = {
	{"n", EXPOSITION_COUNTER, "Number"},
	{"large_bytes", EXPOSITION_GAUGE, "Many"},
};

static struct listen_address any_port(void)
{
	struct listen_address a;

	CHECK_EQ(listen_address__parse("0", &a), 0);
	return a;
}

/* An exposition of which n_total is n, with so many more samples. */
static void publish(struct listen *l, unsigned int n, unsigned int more)
{
	struct exposition *e = exposition__new(families, 2);
	char labels[32];

	exposition__add(e, 0, "", n);
	while (more-- > 0) {
		snprintf(labels, sizeof(labels), "i=\"%u\"", more);
		exposition__add(e, 1, labels, n);
	}
	CHECK_EQ(listen__publish(l, e), 0);
	exposition__free(e);
}

/* A connection; -1: none. */
static int connect_to(const struct listen *l)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct timeval limit = {.tv_sec = WAIT_S};
	char *url = NULL;
	unsigned int port = 0;
	size_t size;
	FILE *out = open_memstream(&url, &size);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	listen__write_url(l, out);
	fclose(out);
	CHECK_EQ(sscanf(url, "http://127.0.0.1:%u/metrics", &port), 1);
	free(url);
	in.sin_port = htons(port);
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (!connect(fd, (struct sockaddr *)&in, sizeof(in)))
		return fd;
	close(fd);
	CHECK(!"connected");
	return -1;
}

/* All that comes until the other side closes. */
static char *read_all(int fd)
{
	char *text = NULL, part[4096];
	size_t size;
	FILE *out = open_memstream(&text, &size);
	ssize_t n;

	while ((n = read(fd, part, sizeof(part))) > 0)
		fwrite(part, 1, n, out);
	CHECK_EQ(n, 0);
	fclose(out);
	close(fd);
	return text;
}

static void request(int fd, const char *line, const char *fields)
{
	CHECK(dprintf(fd, "%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s\r\n", line, fields) >
	      0);
}

static char *ask(const struct listen *l, const char *line, const char *fields)
{
	int fd = connect_to(l);

	if (fd < 0)
		return strdup("");
	request(fd, line, fields);
	return read_all(fd);
}

static const char *body(const char *answer)
{
	const char *end = strstr(answer, "\r\n\r\n");

	return end ? end + 4 : "no end of the head";
}

static bool begins(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

static void addresses(void)
{
	static const char *const wrong[] = {
		"",
		":",
		"x",
		"65536",
		"-1",
		" 1",
		"1 ",
		"1x",
		"::1",
		"[::1]",
		"[::1]9",
		"[x]:9",
		"[::1:9",
		"1.2.3:9",
		"host:9",
		"1.2.3.4:",
		"1.2.3.4",
		"[127.0.0.1]:9",
		"[::1]:x",
		"99999999999999999999",
		"1.2.3.4:5:6",
		"0x10",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:1",
	};
	static const struct {
		const char *text;
		uint32_t address;
		unsigned int port;
	} right[] = {
		{"9435", 0x7f000001, 9435},
		{":9435", 0x7f000001, 9435},
		{":0", 0x7f000001, 0},
		{"127.0.0.2:1", 0x7f000002, 1},
		{"0.0.0.0:65535", 0, 65535},
		{"10.1.2.3:80", 0x0a010203, 80},
		{"localhost:9435", 0x7f000001, 9435},
	};
	struct listen_address a;
	const struct sockaddr_in *in = (const struct sockaddr_in *)&a.addr;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&a.addr;
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		CHECK_EQ(listen_address__parse(wrong[i], &a), -EINVAL);
		if (check_failed)
			printf("  address: '%s'\n", wrong[i]);
	}
	for (i = 0; i < sizeof(right) / sizeof(*right); i++) {
		CHECK_EQ(listen_address__parse(right[i].text, &a), 0);
		CHECK_EQ(in->sin_family, AF_INET);
		CHECK_EQ(a.length, sizeof(*in));
		CHECK_EQ(ntohl(in->sin_addr.s_addr), right[i].address);
		CHECK_EQ(ntohs(in->sin_port), right[i].port);
	}
	CHECK_EQ(listen_address__parse("[::1]:9435", &a), 0);
	CHECK_EQ(in6->sin6_family, AF_INET6);
	CHECK_EQ(a.length, sizeof(*in6));
	CHECK(IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr));
	CHECK_EQ(ntohs(in6->sin6_port), 9435);
	CHECK_EQ(listen_address__parse("[::]:0", &a), 0);
	CHECK(IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr));
}

static void answers(void)
{
	struct listen_address a = any_port();
	struct listen *l = NULL;
	char *text;

	CHECK_EQ(listen__new(&a, &l), 0);
	if (!l)
		return;
	/* there is no report yet: no figures, and that is a valid text */
	text = ask(l, "GET /metrics", "");
	CHECK(begins(text, "HTTP/1.1 200 "));
	CHECK_STR(body(text), "");
	free(text);
	text = ask(l, "GET /metrics", "Accept: application/openmetrics-text\r\n");
	CHECK_STR(body(text), "# EOF\n");
	free(text);

	publish(l, 1, 0);
	publish(l, 2, 0);
	text = ask(l, "GET /metrics", "");
	CHECK(begins(text, "HTTP/1.1 200 "));
	CHECK(strstr(text, "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
	CHECK_STR(body(text), "# HELP n_total Number.\n# TYPE n_total counter\nn_total 2\n");
	free(text);
	text = ask(l, "HEAD /metrics", "");
	CHECK(begins(text, "HTTP/1.1 200 "));
	CHECK(strstr(text, "\r\nContent-Length: 56\r\n"));
	CHECK_STR(body(text), "");
	free(text);
	text = ask(l, "GET /", "");
	CHECK(begins(text, "HTTP/1.1 200 ") && strstr(body(text), "/metrics\n"));
	free(text);
	text = ask(l, "GET /metrics/", "");
	CHECK(begins(text, "HTTP/1.1 404 "));
	free(text);
	text = ask(l, "GET /../etc/passwd", "");
	CHECK(begins(text, "HTTP/1.1 404 "));
	free(text);
	text = ask(l, "DELETE /metrics", "");
	CHECK(begins(text, "HTTP/1.1 405 ") && strstr(text, "\r\nAllow: GET, HEAD\r\n"));
	free(text);
	text = ask(l, "POST /metrics", "Content-Length: 5\r\n\r\nhello");
	CHECK(begins(text, "HTTP/1.1 405 "));
	free(text);
	listen__free(l);
	listen__free(NULL);
}

/* Who gets which format. */
static void negotiation(void)
{
	static const struct {
		const char *accept;
		bool open;
	} asked[] = {
		/* Prometheus 2 and 3 */
		{"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version="
		 "0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
		 true},
		{"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
		 "text/plain;version=0.0.4;q=0.4,*/*;q=0.2",
		 true},
		{"text/plain;version=0.0.4, application/openmetrics-text; version=1.0.0", true},
		{"Application/OpenMetrics-Text", true},
		{"application/openmetrics-text;version=0.0.1", false},
		{"application/openmetrics-text;q=0", false},
		{"application/openmetrics-textual", false},
		{"text/plain;version=0.0.4;q=0.5,*/*;q=0.1", false},
		{"*/*", false},
		{",,, ,", false},
		{"", false},
	};
	struct listen_address a = any_port();
	struct listen *l = NULL;
	char field[400], *text;
	size_t i;

	CHECK_EQ(listen__new(&a, &l), 0);
	if (!l)
		return;
	publish(l, 3, 0);
	for (i = 0; i < sizeof(asked) / sizeof(*asked); i++) {
		snprintf(field, sizeof(field), "Accept: %s\r\n", asked[i].accept);
		text = ask(l, "GET /metrics", field);
		CHECK_EQ(!!strstr(text, "\r\nContent-Type: application/openmetrics-text; "
					"version=1.0.0; charset=utf-8\r\n"),
			 asked[i].open);
		CHECK_EQ(!!strstr(body(text), "n_total 3\n# EOF\n"), asked[i].open);
		CHECK(strstr(body(text), "\nn_total 3\n"));
		if (check_failed)
			printf("  asked: %s\n", asked[i].accept);
		free(text);
	}
	listen__free(l);
}

/*
 * Many who have asked and do not read, more than are let in, and one who does not ask: neither
 * keeps new figures from being published, nor does it end. What was under way stays whole.
 */
static void slow_readers(void)
{
	enum {
		READERS = 24
	};
	struct listen_address a = any_port();
	struct listen *l = NULL;
	int fds[READERS];
	char *text;
	unsigned int i;

	CHECK_EQ(listen__new(&a, &l), 0);
	if (!l)
		return;
	publish(l, 1, 200000); /* more than sockets buffer */
	fds[0] = connect_to(l);
	request(fds[0], "GET /metrics", "");
	CHECK_EQ(recv(fds[0], &(char){0}, 1, MSG_PEEK), 1); /* it is being answered */
	for (i = 1; i < READERS; i++) {
		fds[i] = connect_to(l);
		if (i > 1)
			request(fds[i], "GET /metrics", "");
	}
	for (i = 2; i < 100; i++)
		publish(l, i, 10);
	text = read_all(fds[0]);
	CHECK(strstr(text, "\nn_total 1\n"));
	CHECK(strstr(text, "large_bytes{i=\"199999\"} 1\n") &&
	      strstr(text, "\nlarge_bytes{i=\"0\"} 1\n"));
	free(text);
	for (i = 1; i < READERS; i++)
		close(fds[i]);
	listen__free(l);
}

static void taken_port(void)
{
	struct listen_address a = any_port(), same;
	struct listen *l = NULL, *other = NULL;
	char *url = NULL;
	size_t size;
	FILE *out;

	CHECK_EQ(listen__new(&a, &l), 0);
	if (!l)
		return;
	out = open_memstream(&url, &size);
	listen__write_url(l, out);
	fclose(out);
	CHECK(begins(url, "http://127.0.0.1:"));
	*strrchr(url, '/') = '\0';
	CHECK_EQ(listen_address__parse(url + strlen("http://"), &same), 0);
	free(url);
	CHECK_EQ(listen__new(&same, &other), -EADDRINUSE);
	CHECK(!other);
	listen__free(l);
	/* it is free again */
	CHECK_EQ(listen__new(&same, &other), 0);
	listen__free(other);
	/* an address of nobody here: RFC 5737 */
	CHECK_EQ(listen_address__parse("192.0.2.1:1", &same), 0);
	CHECK_EQ(listen__new(&same, &other), -EADDRNOTAVAIL);
}

static volatile sig_atomic_t got;

static void on_signal(int signo)
{
	got = signo;
}

/* A signal for the process is its own business, also when it blocks it for a while. */
static void signals(void)
{
	struct listen_address a = any_port();
	struct listen *l = NULL;
	sigset_t set, pending;

	signal(SIGUSR1, on_signal);
	CHECK_EQ(listen__new(&a, &l), 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	kill(getpid(), SIGUSR1);
	free(ask(l, "GET /", "")); /* the thread has run since */
	sigpending(&pending);
	CHECK(!got && sigismember(&pending, SIGUSR1));
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	CHECK_EQ(got, SIGUSR1);
	listen__free(l);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	RUN(addresses);
	RUN(answers);
	RUN(negotiation);
	RUN(slow_readers);
	RUN(taken_port);
	RUN(signals);
	return check_done();
}
