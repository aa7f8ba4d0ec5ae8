/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reopen LIB [deaf] - opens and closes LIB all the time, until $QUIT_FILE is there; deaf: SIGTERM
 * does not end it. The tool stops it at each opening to attach to what is new: where tracing ends
 * at an arbitrary moment, it stands still there as a rule.
 */
#include <dlfcn.h>
#include <signal.h>

#include "target.h"

int main(int argc, char **argv)
{
	const char *quit = getenv("QUIT_FILE");

	if (argc < 2)
		return 2;
	if (argc > 2)
		signal(SIGTERM, SIG_IGN);
	target_create("READY_FILE");
	while (!quit || access(quit, F_OK)) {
		void *lib = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);

		if (!lib)
			return 3;
		dlclose(lib);
	}
	return 0;
}
