/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * churn - two threads that allocate and free without end and check what they get, until
 * $QUIT_FILE is there. Exits with 1 when a block was changed or progress stopped.
 */
#include <pthread.h>

#include "target.h"

static volatile int stop;
static volatile unsigned long rounds[2];

NOINLINE static void churn_once(unsigned char value)
{
	unsigned char *p = malloc(64 + value);

	memset(p, value, 64);
	for (int i = 0; i < 64; i++)
		if (p[i] != value)
			_exit(1);
	free(p);
}

static void *churn(void *arg)
{
	volatile unsigned long *n = arg;

	while (!stop) {
		churn_once((unsigned char)*n);
		++*n;
		if (*n % 64 == 0)
			target_sleep_ms(1);
	}
	return NULL;
}

int main(void)
{
	unsigned long before[2];
	pthread_t thread[2];
	int ok;

	for (int i = 0; i < 2; i++)
		if (pthread_create(&thread[i], NULL, churn, (void *)&rounds[i]))
			return 96;
	target_create("READY_FILE");
	target_await("QUIT_FILE");
	before[0] = rounds[0];
	before[1] = rounds[1];
	target_sleep_ms(200);
	ok = rounds[0] > before[0] && rounds[1] > before[1];
	stop = 1;
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	return ok ? 0 : 1;
}
