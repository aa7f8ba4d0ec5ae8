/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * filter_events [PERCENT [SEED]] - the language of filters against the kernel's own: its trace
 * events. PERCENT: of the usual number of expressions.
 *
 * In an instance of its own, so nobody else's tracing is disturbed, expressions are written to the
 * filter of kmem:kmalloc.
 *	syntax	both accept, or both refuse; see allowed() for where we mean to differ
 *	match	allocations made in between that the kernel records with a filter are those that we
 *		say match it, of all that it records without one
 *	flags	the values of the GFP_ names, against what the event prints names for
 * Needs root and tracefs.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <bpf/btf.h>

#include "../unit/filter_host.h"

#define MOUNT "/tmp" /* covered by a mount of our own */
#define VALID 10000
#define MUTATED 40000
#define MATCHED 150

static struct gen g;
static struct filter_names names;
static struct gfp gfp;
static char all_dir[64], some_dir[64]; /* instances: without a filter, and with one */

static void __attribute__((noreturn, format(printf, 2, 3)))
die(const char *test, const char *fmt, ...)
{
	va_list args;

	printf("FAIL filter-%s: ", test);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
	exit(1);
}

/* Write text to a file of tracefs. Returns 0 or -errno. */
static int put(const char *dir, const char *file, const char *text)
{
	char path[128];
	int fd, err = 0;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_WRONLY | O_TRUNC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

static FILE *get(const char *dir, const char *file)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	return fopen(path, "r");
}

#define EVENT "events/kmem/kmalloc/"

static void remove_instances(void)
{
	rmdir(all_dir);
	rmdir(some_dir);
}

static bool make_instances(void)
{
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", MOUNT, "tracefs", 0, NULL))
		return false;
	snprintf(all_dir, sizeof(all_dir), MOUNT "/instances/memleak-bpf-%d-all", getpid());
	snprintf(some_dir, sizeof(some_dir), MOUNT "/instances/memleak-bpf-%d-some", getpid());
	atexit(remove_instances);
	return !mkdir(all_dir, 0755) && !mkdir(some_dir, 0755) &&
	       !put(some_dir, EVENT "filter", "0");
}

/* --- syntax --- */

static bool kernel_accepts(const char *expression)
{
	int err = put(some_dir, EVENT "filter", expression);

	/* calc_stack of the kernel has -1 to -3 for unbalanced parentheses and quotes */
	if (err && err != -EINVAL && err < -3)
		die("syntax", "%s: %s", expression, strerror(-err));
	return !err;
}

/* Is there a number with K, M or G behind it, or flags with a "|" between them? */
static bool has_extension(const char *s)
{
	for (; *s; s++) {
		if (isxdigit((unsigned char)*s) && strchr("kKmMgG", s[1]))
			return true;
		if (*s == '|' && s[1] == '|')
			s++;
		else if (*s == '|')
			return true;
	}
	return false;
}

/* Where we mean to differ from the kernel: see filter.h. */
static bool allowed(const char *expression, bool we, const struct filter_error *error)
{
	static const char *const stricter[] = {"the kernel cuts comm to ", "comm has at most ",
					       "more than 8 different patterns"};

	if (we)
		return has_extension(expression);
	/* it takes "a == 1 &&" for "a == 1" */
	if (error->at == strlen(expression) && strstr(error->text, "expected a comparison"))
		return true;
	for (size_t i = 0; i < sizeof(stricter) / sizeof(stricter[0]); i++)
		if (strncmp(error->text, stricter[i], strlen(stricter[i])) == 0)
			return true;
	return false;
}

/* Break it a little: leave out, double or exchange something. */
static void mutate(char *s, size_t size)
{
	static const char *const pieces[] = {
		"(", ")", "!",	"&&", "||", "&",  "|",	  "==", "!=", "<=",   "<",   "~",    "\"",
		"'", " ", "\t", "-",  "0",  "0x", "9999", "f",	"_",  "comm", "ptr", "call", "node",
	};
	const char *piece = GEN_PICK(&g, pieces);
	size_t len = strlen(s), at = gen_random(&g, len + 1), n = gen_random(&g, 4);

	if (n > len - at)
		n = len - at;
	switch (gen_random(&g, 3)) {
	case 0: /* n characters less */
		memmove(s + at, s + at + n, len - at - n + 1);
		break;
	case 1:
		if (len + strlen(piece) < size) {
			memmove(s + at + strlen(piece), s + at, len - at + 1);
			memcpy(s + at, piece, strlen(piece));
		}
		break;
	default:
		if (n && at + strlen(piece) <= len)
			memcpy(s + at, piece, strlen(piece));
	}
}

/* Fields that only the kernel's event has. */
static bool has_other_field(const char *s)
{
	static const char *const other[] = {"ptr", "node", "call", "cpu", "CPU"};

	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
		for (const char *at = s; (at = strstr(at, other[i])); at++)
			if (strncmp(at, "call_site", 9) != 0)
				return true;
	return false;
}

static void test_syntax(int valid, int mutated)
{
	unsigned int accepted = 0, refused = 0, differ = 0;
	struct filter_error error;
	struct filter_prog prog;
	static char text[sizeof(g.text)];

	g.kernel_only = true;
	for (int i = 0; i < valid + mutated; i++) {
		bool whole = i < valid, we, kernel;

		gen_expression(&g);
		strcpy(text, g.text);
		for (int k = whole ? 0 : 1 + gen_random(&g, 3); k; k--)
			mutate(text, sizeof(text));
		if (!text[strspn(text, " \t0")] || has_other_field(text))
			continue; /* "0" takes the filter away */
		kernel = kernel_accepts(text);
		we = !filter__compile(text, &names, &prog, &error);
		if (we == kernel) {
			accepted += we;
			refused += !we;
		} else if (!whole && allowed(text, we, &error)) {
			differ++;
		} else {
			die("syntax", "%s by us, %s by the kernel: %s\n%s",
			    we ? "accepted" : "refused", kernel ? "accepted" : "refused", text,
			    error.text);
		}
	}
	if (accepted < (unsigned int)valid || refused < (unsigned int)mutated / 4)
		die("syntax", "%u accepted, %u refused: this proves little", accepted, refused);
	printf("PASS filter-syntax: %u expressions accepted and %u refused by both, %u meant to "
	       "differ\n",
	       accepted, refused, differ);
}

/* --- match --- */

#define MAX_EVENTS 1000

static int queue;

/* Some allocations of sizes that the expressions know. */
static void allocate(void)
{
	static const size_t sizes[] = {1, 15, 16, 17, 48, 1000, 4047, 4048, 4049, 8000};
	static struct {
		long type;
		char text[8192];
	} m = {.type = 1};
	int fd[2];

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		if (msgsnd(queue, &m, sizes[i], 0) ||
		    msgrcv(queue, &m, sizeof(m.text), 0, 0) != (ssize_t)sizes[i])
			die("match", "messages: %s", strerror(errno));
	if (pipe(fd))
		die("match", "pipe: %s", strerror(errno));
	close(fd[0]);
	close(fd[1]);
}

static uint64_t printed_field(const char *line, const char *field)
{
	const char *at = strstr(line, field);

	if (!at)
		die("match", "no %s in %s", field, line);
	at += strlen(field);
	/* an address is printed as a symbol, and its low half as a number */
	if (strcmp(field, " call_site=") == 0) {
		at = strstr(at, " (");
		return at ? strtoll(at + 2, NULL, 10) : 0;
	}
	return strtoull(at, NULL, 16);
}

/* The allocations recorded by an instance. Without events: how many there are. */
static unsigned int recorded(const char *dir, struct gen_event *events)
{
	FILE *trace = get(dir, "trace");
	static char line[1000];
	unsigned int n = 0;

	while (trace && fgets(line, sizeof(line), trace)) {
		if (strstr(line, "LOST"))
			die("match", "events were lost");
		if (!strstr(line, " kmalloc: "))
			continue;
		if (events && n < MAX_EVENTS) {
			struct gen_event *e = &events[n];

			memset(e, 0, sizeof(*e));
			e->call_site = printed_field(line, " call_site=");
			e->bytes_req = printed_field(line, " bytes_req=");
			e->bytes_alloc = printed_field(line, " bytes_alloc=");
			e->gfp_flags = printed_field(line, " gfp_flags=");
			e->tid = gettid();
			prctl(PR_GET_NAME, e->comm);
		}
		n++;
	}
	if (!trace || n > MAX_EVENTS)
		die("match", "%u events", n);
	fclose(trace);
	return n;
}

/*
 * "*sh" never matches comm in the kernel, contrary to its documentation: regex_match_end takes the
 * 16 bytes of comm for the length of the text.
 */
static bool known_bug(void)
{
	for (int i = 0; i < g.n; i++) {
		const char *p = g.node[i].text;

		if (g.node[i].kind != GEN_TEST || g.node[i].op != GEN_GLOB)
			continue;
		p += *p == '!';
		if (p[0] == '*' && p[1] && !strpbrk(p + 1, "*?[\\"))
			return true;
	}
	return false;
}

static void match_one(unsigned int *matched, unsigned int *seen)
{
	static struct gen_event events[MAX_EVENTS];
	static char text[sizeof(g.text) + 64];
	struct filter_error error;
	struct filter_prog prog;
	unsigned int n, ours = 0, kernels;

	if (filter__compile(g.text, &names, &prog, &error))
		die("match", "refused: %s", g.text);
	snprintf(text, sizeof(text), "(%s) && common_pid == %d", g.text, gettid());
	if (put(some_dir, EVENT "filter", text))
		die("match", "refused: %s", text);
	prctl(PR_SET_NAME, GEN_PICK(&g, gen_texts));
	put(all_dir, "trace", "");
	put(some_dir, "trace", "");
	put(all_dir, "tracing_on", "1");
	put(some_dir, "tracing_on", "1");
	allocate();
	put(some_dir, "tracing_on", "0");
	put(all_dir, "tracing_on", "0");

	n = recorded(all_dir, events);
	kernels = recorded(some_dir, NULL);
	for (unsigned int i = 0; i < n; i++)
		ours += host_run(&prog, &events[i]);
	/* what switching on and off allocates is in one of them only: nothing, so far */
	if (ours != kernels)
		die("match", "of %u events %u match, %u in the kernel: %s", n, ours, kernels,
		    g.text);
	*matched += ours;
	*seen += n;
}

static void test_match(unsigned int expressions)
{
	unsigned int matched = 0, seen = 0, n = 0;
	char mine[64];

	if (put(all_dir, "options/fields", "1")) {
		printf("SKIP filter-match: this kernel does not print fields as numbers (6.4)\n");
		return;
	}
	put(some_dir, "options/fields", "1");
	queue = msgget(IPC_PRIVATE, 0600);
	snprintf(mine, sizeof(mine), "common_pid == %d", gettid());
	if (queue < 0 || put(all_dir, EVENT "filter", mine) || put(all_dir, "tracing_on", "0") ||
	    put(some_dir, "tracing_on", "0") || put(all_dir, EVENT "enable", "1") ||
	    put(some_dir, EVENT "enable", "1"))
		die("match", "cannot set up");
	g.kernel_only = true;
	g.tid = gettid() - 1;
	while (n < expressions) {
		gen_expression(&g);
		if (known_bug())
			continue;
		match_one(&matched, &seen);
		n++;
	}
	msgctl(queue, IPC_RMID, NULL);
	put(some_dir, EVENT "enable", "0");
	put(all_dir, EVENT "enable", "0");
	if (expressions >= 50 && (matched < seen / 5 || matched > seen - seen / 5))
		die("match", "%u of %u events match: this proves little", matched, seen);
	printf("PASS filter-match: %u expressions, %u of %u allocations match, as in the kernel\n",
	       n, matched, seen);
}

/* --- flags --- */

/* What a constant expression of C is, with | & ~ << ( ) and casts to types with "t" or "long". */
static uint64_t c_value(const char **s);

static void skip(const char **s)
{
	while (isspace((unsigned char)**s))
		++*s;
}

static uint64_t c_operand(const char **s)
{
	uint64_t v;

	skip(s);
	if (**s == '~') {
		++*s;
		return ~c_operand(s);
	}
	if (**s == '(') {
		++*s;
		skip(s);
		if (isalpha((unsigned char)**s)) {
			*s += strcspn(*s, ")") + 1;
			return c_operand(s);
		}
		v = c_value(s);
		skip(s);
		if (**s != ')')
			die("flags", "expected ) at %.40s", *s);
		++*s;
		return v;
	}
	if (!isdigit((unsigned char)**s))
		die("flags", "expected a number at %.40s", *s);
	v = strtoull(*s, (char **)s, 0);
	*s += strspn(*s, "uUlL");
	return v;
}

/* Level 0: |, 1: &, 2: <<. */
static uint64_t c_binary(const char **s, int level)
{
	static const char *const op[] = {"|", "&", "<<"};
	uint64_t v = level == 3 ? c_operand(s) : c_binary(s, level + 1), w;

	for (;;) {
		skip(s);
		if (level == 3 || strncmp(*s, op[level], strlen(op[level])) != 0)
			return v;
		*s += strlen(op[level]);
		w = c_binary(s, level + 1);
		v = level == 0 ? v | w : level == 1 ? v & w : v << w;
	}
}

static uint64_t c_value(const char **s)
{
	return c_binary(s, 0);
}

/* print fmt: ... __print_flags(REC->gfp_flags, "|", {( unsigned long)(...), "GFP_KERNEL"}, ... */
static void test_flags(void)
{
	static char line[65536];
	FILE *format = get(some_dir, EVENT "format");
	const char *s = NULL, *names_at;
	char name[64];
	uint64_t kernels, ours;
	unsigned int n = 0;

	while (format && !s && fgets(line, sizeof(line), format))
		s = strstr(line, "__print_flags(");
	if (!s)
		die("flags", "the event does not print them");
	fclose(format);
	for (s = strchr(s, '{'); s && *s == '{'; s += strcspn(s, "{")) {
		s++;
		kernels = c_value(&s);
		names_at = s + strspn(s, ", ");
		if (sscanf(names_at, "\"%63[A-Za-z0-9_]\"", name) != 1)
			break; /* { 0, NULL } */
		if (!gfp__value(&gfp, name, &ours))
			ours = 0;
		if (ours != kernels)
			die("flags", "%s is %#" PRIx64 ", not %#" PRIx64, name, kernels, ours);
		n++;
	}
	if (n < 30)
		die("flags", "only %u names found", n);
	printf("PASS filter-flags: %u names have the values that the kernel prints them for\n", n);
}

int main(int argc, char **argv)
{
	struct btf *btf = btf__load_vmlinux_btf();
	int percent = argc > 1 ? atoi(argv[1]) : 100;
	struct utsname u;

	setvbuf(stdout, NULL, _IOLBF, 0);
	gen_init(&g, &names, &gfp);
	g.seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	uname(&u);
	if (!make_instances()) {
		printf("SKIP filter-events: no trace events: %s\n", strerror(errno));
		return 0;
	}
	test_syntax(VALID * percent / 100, MUTATED * percent / 100);
	test_match(MATCHED * percent / 100);
	gfp__init(&gfp, btf, gfp__release_version(u.release));
	test_flags();
	btf__free(btf);
	return 0;
}
