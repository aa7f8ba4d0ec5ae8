/* SPDX-License-Identifier: GPL-2.0-or-later */
/* zombie FILE: writes the id of a dead child that nobody reaps to FILE; ends with $QUIT_FILE. */
#include <signal.h>
#include <sys/wait.h>

#include "target.h"

int main(int argc, char **argv)
{
	struct target_text t = {.n = 0};
	pid_t pid = fork();
	siginfo_t info;
	int fd;

	if (pid == 0)
		_exit(0);
	if (argc < 2 || pid < 0 || waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT))
		return 1;
	target_text__num(&t, (unsigned long)pid);
	fd = open(argv[1], O_WRONLY | O_CREAT, 0666);
	if (fd < 0 || write(fd, t.text, t.n) < 0)
		return 1;
	close(fd);
	target_create("READY_FILE");
	target_await("QUIT_FILE");
	return 0;
}
