/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proc/procfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"

static void a_file_is_read_whole(void)
{
	char path[] = "/tmp/test_procfile.XXXXXX", byte;
	int fd = mkstemp(path), i;
	struct procfile f = {0};

	CHECK(fd >= 0);
	for (i = 0; i < 70000; i++) { /* not a multiple of any buffer */
		byte = (char)(i % 251);
		CHECK_EQ(write(fd, &byte, 1), 1);
	}
	close(fd);
	CHECK_EQ(procfile__read(&f, AT_FDCWD, path), 0);
	CHECK_EQ(f.len, 70000);
	CHECK_EQ((unsigned char)f.text[69999], 69999 % 251);
	CHECK_EQ(f.text[f.len], 0);
	CHECK_EQ(procfile__read(&f, AT_FDCWD, "/proc/self/comm"), 0);
	CHECK_STR(f.text, "test_procfile\n");
	CHECK_EQ(procfile__read(&f, AT_FDCWD, "/proc/self/nothing"), -ENOENT);
	CHECK_EQ(f.len, 0);
	CHECK_STR(f.text, "");
	CHECK_EQ(procfile__read(&f, AT_FDCWD, "/proc/self"), -EISDIR);
	procfile__clear(&f);
	unlink(path);
}

static void words_and_numbers(void)
{
	static const char text[] = " a\tbc  \n\nlast";
	struct span rest = span__of(text, strlen(text)), line, word;
	uint64_t v = 7;
	int64_t i = 7;
	char buf[4];

	CHECK(span__line(&rest, &line));
	CHECK(span__word(&line, &word) && span__is(word, "a"));
	CHECK(span__word(&line, &word) && span__is(word, "bc") && !span__is(word, "b"));
	CHECK(!span__word(&line, &word));
	CHECK(span__line(&rest, &line) && !span__len(line));
	CHECK(span__line(&rest, &line) && span__is(line, "last") && span__starts(line, "la"));
	CHECK_STR(span__copy(line, buf, sizeof(buf)), "las");
	CHECK(!span__line(&rest, &line));
#define NUMBER(s) span__of(s, strlen(s))
	CHECK(span__u64(NUMBER("18446744073709551615"), &v) && v == UINT64_MAX);
	CHECK(!span__u64(NUMBER("18446744073709551616"), &v));
	CHECK(!span__u64(NUMBER(""), &v) && !span__u64(NUMBER("1x"), &v));
	CHECK(!span__u64(NUMBER("-1"), &v) && !span__u64(NUMBER("+1"), &v));
	CHECK(span__i64(NUMBER("-12"), &i) && i == -12);
	CHECK(!span__i64(NUMBER("9223372036854775808"), &i) && !span__i64(NUMBER("-"), &i));
}

int main(void)
{
	RUN(a_file_is_read_whole);
	RUN(words_and_numbers);
	return check_done();
}
