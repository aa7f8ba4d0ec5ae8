/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The line that says what goes on: it stays one, however narrow the terminal is. */
#include "check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "status.h"

static const char digits[] = "0123456789012345678901234567890123456789";

/* What a terminal with so many columns gets. */
static void check_written(unsigned short columns, const char *expected)
{
	const struct winsize size = {.ws_row = 5, .ws_col = columns};
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;
	struct status s = {.is_terminal = true};
	char got[256] = "";
	ssize_t n;

	if (master < 0 || grantpt(master) || unlockpt(master)) {
		SKIP("no terminals here");
		return;
	}
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	CHECK_EQ(ioctl(slave, TIOCSWINSZ, &size), 0);
	s.out = fdopen(slave, "w");
	CHECK(s.out != NULL);
	status__write(&s, digits);
	CHECK(s.shown);
	n = read(master, got, sizeof(got) - 1);
	CHECK(n > 0);
	CHECK_STR(got, expected);
	status__clear(&s);
	CHECK(!s.shown);
	fclose(s.out);
	close(master);
}

static void is_cut(void)
{
	check_written(20, "\r\033[K0123456789012345678");
	check_written(1, "\r\033[K");
}

static void fits(void)
{
	check_written(41, "\r\033[K0123456789012345678901234567890123456789");
	check_written(200, "\r\033[K0123456789012345678901234567890123456789");
	check_written(0, "\r\033[K0123456789012345678901234567890123456789"); /* unknown: 80 */
}

int main(void)
{
	RUN(is_cut);
	RUN(fits);
	return check_done();
}
