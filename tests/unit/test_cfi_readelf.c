/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The unwind tables of real libraries against an independent decoder: at every address the table
 * says what "readelf --debug-dump=frames-interp" says, and the other way round.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "elf/elfimg.h"
#include "unwind/cfi.h"
#include "unwind/vdso.h"

#define LIB "/usr/lib/x86_64-linux-gnu/"

/* One line of readelf, in our terms. */
struct want {
	uint64_t pc, end; /* end: of the FDE */
	unsigned int kind, cfa, save;
	bool is_exp; /* the CFA is an expression, which frames-interp does not tell: see check_exp
		      */
};

struct readelf {
	struct want *rows;
	size_t n, room;
	size_t n_fdes;
};

/* The columns of the FDE that is being read; -1 when it has none. */
struct columns {
	int rbp, ra;
};

static void add(struct readelf *r, struct want w)
{
	if (r->n && r->rows[r->n - 1].pc == w.pc && r->rows[r->n - 1].end == w.end)
		r->n--; /* the same address again: the last one holds */
	if (r->n == r->room) {
		r->room = r->room ? r->room * 2 : 1024;
		r->rows = realloc(r->rows, r->room * sizeof(*r->rows));
		if (!r->rows)
			abort();
	}
	r->rows[r->n++] = w;
}

/* "c-16" -> 2; "u", "s" and "" -> 0; others -> -1. */
static int slot(const char *s)
{
	int offset;

	if (!strcmp(s, "") || !strcmp(s, "u") || !strcmp(s, "s"))
		return 0;
	if (sscanf(s, "c%d", &offset) != 1 || offset >= 0 || offset % 8)
		return -1;
	return -offset / 8;
}

static struct want meaning(const char *cfa, const char *rbp, const char *ra, bool signal)
{
	struct want w = {.kind = UNWIND_UNSUPPORTED};
	long offset;
	char reg[8];
	int save = slot(rbp);

	if (signal) {
		if (!strcmp(cfa, "exp") && !strcmp(rbp, "exp") && !strcmp(ra, "exp"))
			w.kind = UNWIND_SIGNAL;
		return w;
	}
	if (!strcmp(ra, "u")) {
		w.kind = UNWIND_BOTTOM;
		return w;
	}
	if (strcmp(ra, "c-8") != 0)
		return w;
	if (!strcmp(cfa, "exp")) {
		w.is_exp = true;
		return w;
	}
	if (save < 0 || sscanf(cfa, "%7[a-z0-9]%ld", reg, &offset) != 2 || offset < 0 || offset % 8)
		return w;
	if (!strcmp(reg, "rbp"))
		w.kind = UNWIND_FP;
	else if (!strcmp(reg, "rsp"))
		w.kind = UNWIND_SP;
	else
		return w;
	w.cfa = (unsigned int)(offset / 8);
	w.save = (unsigned int)save;
	if (w.cfa > UINT16_MAX) {
		w.kind = w.kind == UNWIND_SP ? UNWIND_SP_FAR : UNWIND_UNSUPPORTED;
		w.save |= w.cfa >> 16 << 4;
		w.cfa &= 0xffff;
	}
	return w;
}

static struct columns parse_header(char *line)
{
	struct columns c = {-1, -1};
	char *save = NULL;
	int i = 0;

	for (char *t = strtok_r(line, " \n", &save); t; t = strtok_r(NULL, " \n", &save), i++) {
		if (!strcmp(t, "rbp"))
			c.rbp = i;
		else if (!strcmp(t, "ra"))
			c.ra = i;
	}
	return c;
}

static struct want parse_row(char *line, const struct columns *c, bool signal)
{
	const char *cfa = "", *rbp = "", *ra = "";
	char *save = NULL;
	struct want w;
	uint64_t pc = 0;
	int i = 0;

	for (char *t = strtok_r(line, " \n", &save); t; t = strtok_r(NULL, " \n", &save), i++) {
		if (*t == '(') /* "r8 (r8)" is one column */
			i--;
		else if (i == 0)
			pc = strtoull(t, NULL, 16);
		else if (i == 1)
			cfa = t;
		else if (i == c->rbp)
			rbp = t;
		else if (i == c->ra)
			ra = t;
	}
	w = meaning(cfa, rbp, ra, signal);
	w.pc = pc;
	return w;
}

enum {
	MAX_CIES = 4096
};

struct cie {
	uint64_t offset;
	bool signal;
	struct want initial; /* FDEs without instructions have no lines of their own */
};

static FILE *open_readelf(const char *what, const char *path)
{
	char command[512];

	snprintf(command, sizeof(command),
		 "LC_ALL=C readelf -W --debug-dump=%s,no-follow-links '%s' 2>/dev/null", what,
		 path);
	return popen(command, "r");
}

static int by_pc(const void *a, const void *b)
{
	const struct want *x = a, *y = b;

	return (x->pc > y->pc) - (x->pc < y->pc);
}

static void read_frames(const char *path, struct readelf *r)
{
	static struct cie cies[MAX_CIES];
	size_t n_cies = 0, size = 0;
	const struct cie *cie = NULL;
	struct columns columns = {-1, -1};
	uint64_t start = 0, end = 0, offset;
	bool in_cie = false;
	char *line = NULL;
	FILE *f = open_readelf("frames-interp", path);

	memset(r, 0, sizeof(*r));
	if (!f)
		return;
	while (getline(&line, &size, f) > 0) {
		unsigned long long from, to, at;
		const char *p;

		if (sscanf(line, "%llx %*x %*x CIE \"", &at) == 1 && strstr(line, " CIE \"") &&
		    n_cies < MAX_CIES) {
			cies[n_cies++] = (struct cie){
				.offset = at,
				.signal = strchr(strstr(line, "CIE \"") + 5, 'S') != NULL,
			};
			in_cie = true;
		} else if ((p = strstr(line, " FDE cie="))) {
			if (sscanf(p, " FDE cie=%llx pc=%llx..%llx", &at, &from, &to) != 3)
				continue;
			offset = at;
			start = from;
			end = to;
			in_cie = false;
			r->n_fdes++;
			for (cie = cies; cie < cies + n_cies && cie->offset != offset; cie++)
				;
			if (cie < cies + n_cies && start < end) {
				struct want w = cie->initial;

				w.pc = start;
				w.end = end;
				add(r, w);
			}
		} else if (strstr(line, "   LOC  ")) {
			columns = parse_header(line);
		} else if (strspn(line, "0123456789abcdef") == 16 && line[16] == ' ' &&
			   !strstr(line, " ZERO terminator")) {
			bool signal = in_cie ? cies[n_cies - 1].signal : cie && cie->signal;
			struct want w = parse_row(line, &columns, signal);

			if (in_cie && n_cies) {
				cies[n_cies - 1].initial = w;
			} else if (w.pc >= start && w.pc < end) {
				w.end = end;
				add(r, w);
			}
		}
	}
	free(line);
	pclose(f);
	if (r->n)
		qsort(r->rows, r->n, sizeof(*r->rows), by_pc);
}

/* The raw dump has this text in an FDE that starts at or before pc and ends behind it. */
static bool fde_has(const char *path, uint64_t pc, const char *text)
{
	FILE *f = open_readelf("frames", path);
	bool inside = false, has = false;
	char *line = NULL;
	size_t size = 0;

	while (f && getline(&line, &size, f) > 0) {
		unsigned long long from, to;
		const char *p = strstr(line, " FDE cie=");

		if (p && sscanf(p, " FDE cie=%*x pc=%llx..%llx", &from, &to) == 2)
			inside = pc >= from && pc < to;
		has |= inside && strstr(line, text);
	}
	free(line);
	if (f)
		pclose(f);
	return has;
}

/* A row whose CFA is an expression: the FDE has the expression that the row stands for. */
static bool check_exp(const char *path, uint64_t pc, const struct unwind_row *row)
{
	char text[256];

	switch (row->kind) {
	case UNWIND_PLT:
		snprintf(text, sizeof(text),
			 "DW_CFA_def_cfa_expression (DW_OP_breg7 (rsp): 8; DW_OP_breg16 (rip): 0; "
			 "DW_OP_lit15; DW_OP_and; DW_OP_lit%u; DW_OP_ge; DW_OP_lit3; DW_OP_shl; "
			 "DW_OP_plus)",
			 row->cfa);
		return row->save == 0 && fde_has(path, pc, text);
	case UNWIND_FP_DEREF:
		snprintf(text, sizeof(text),
			 "DW_CFA_def_cfa_expression (DW_OP_breg6 (rbp): -%d; DW_OP_deref)",
			 row->cfa * 8);
		return row->save == 0 && fde_has(path, pc, text) &&
		       fde_has(path, pc, "DW_CFA_expression: r6 (rbp) (DW_OP_breg6 (rbp): 0)");
	default:
		return row->kind == UNWIND_UNSUPPORTED;
	}
}

/* At one address. Returns whether they agree, and prints the first few that do not. */
static bool agree(const char *path, uint64_t pc, const struct want *want,
		  const struct unwind_row *row)
{
	static const struct unwind_row none = {.kind = UNWIND_END};
	static const struct want nothing = {.kind = UNWIND_END};
	static int shown;

	if (!row)
		row = &none;
	if (!want)
		want = &nothing;
	if (want->is_exp
		    ? check_exp(path, pc, row)
		    : row->kind == want->kind && row->cfa == want->cfa && row->save == want->save)
		return true;
	if (shown++ < 10)
		printf("  %s %llx: readelf says kind %u cfa %u save %u%s, the table %u %u %u\n",
		       path, (unsigned long long)pc, want->kind, want->cfa, want->save,
		       want->is_exp ? " (expression)" : "", row->kind, row->cfa, row->save);
	return false;
}

/*
 * Both are steps over the addresses: compared at every address where one of them changes. rows are
 * in order and FDEs do not overlap in the images below; otherwise differences would show.
 */
static void compare(const char *path, const struct readelf *r, const struct unwind_row *rows,
		    size_t n, uint64_t base)
{
	size_t i = 0, k = 0, wrong = 0, points = 0;
	uint64_t gap = 0; /* where the FDE that was entered last ends */

	while (i < r->n || k < n || gap) {
		uint64_t pc = UINT64_MAX;
		const struct want *want;

		if (i < r->n)
			pc = r->rows[i].pc;
		if (k < n && base + rows[k].pc < pc)
			pc = base + rows[k].pc;
		if (gap && gap < pc)
			pc = gap;
		while (i < r->n && r->rows[i].pc <= pc)
			gap = r->rows[i++].end;
		while (k < n && base + rows[k].pc <= pc)
			k++;
		want = i && pc < r->rows[i - 1].end ? &r->rows[i - 1] : NULL;
		if (!want)
			gap = 0;
		wrong += !agree(path, pc, want, k ? &rows[k - 1] : NULL);
		points++;
	}
	printf("  %s: %zu rows, %zu FDEs of readelf, compared at %zu addresses, %zu differ\n", path,
	       n, r->n_fdes, points, wrong);
	CHECK_EQ(wrong, 0);
}

static void check_image(const struct elfimg *img, const char *path, size_t least)
{
	struct unwind_row *rows = NULL;
	struct cfi_info info;
	struct readelf r;
	size_t n;

	CHECK_EQ(cfi__build(img, &rows, &n, &info), 0);
	CHECK(!info.warning);
	CHECK_EQ(info.n_overlaps, 0);
	CHECK_EQ(info.n_undecoded, 0);
	read_frames(path, &r);
	if (!r.n) {
		SKIP("no readelf");
	} else {
		CHECK(n >= least);
		CHECK_EQ(info.n_fdes + info.n_skipped, r.n_fdes);
		compare(path, &r, rows, n, info.base);
	}
	free(r.rows);
	free(rows);
}

static void check_file(const char *path, size_t least)
{
	struct elfimg *img = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		SKIP("not installed here");
		return;
	}
	CHECK_EQ(elfimg__open(fd, path, &img), 0);
	close(fd);
	if (img)
		check_image(img, path, least);
	elfimg__free(img);
}

static void libc_agrees(void)
{
	check_file(LIB "libc.so.6", 20000);
}

static void libstdcxx_agrees(void)
{
	check_file(LIB "libstdc++.so.6", 20000);
}

static void libpython_agrees(void)
{
	check_file(LIB "libpython3.11.so.1.0", 50000);
}

static void dynamic_linker_agrees(void)
{
	check_file(LIB "ld-linux-x86-64.so.2", 1000);
}

/* Assembly with uncommon CFAs. */
static void libcrypto_agrees(void)
{
	check_file(LIB "libcrypto.so.3", 50000);
}

/* Expressions that instructions for offsets follow on. */
static void libgcrypt_agrees(void)
{
	check_file(LIB "libgcrypt.so.20", 10000);
}

static void libgcc_agrees(void)
{
	check_file(LIB "libgcc_s.so.1", 500);
}

static void own_program_agrees(void)
{
	char path[512];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	CHECK(n > 0);
	if (n > 0) {
		path[n] = '\0';
		check_file(path, 20);
	}
}

static void vdso_agrees(void)
{
	struct elfimg *img = NULL;
	char path[64];
	int err = vdso__open(&img);

	if (err == -ENOENT) {
		SKIP("no vdso");
		return;
	}
	CHECK_EQ(err, 0);
	if (err)
		return;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)getpid(), elfimg__fd(img));
	check_image(img, path, 5);
	elfimg__free(img);
}

int main(void)
{
#if defined(__x86_64__)
	RUN(libc_agrees);
	RUN(libstdcxx_agrees);
	RUN(libpython_agrees);
	RUN(dynamic_linker_agrees);
	RUN(libcrypto_agrees);
	RUN(libgcrypt_agrees);
	RUN(libgcc_agrees);
	RUN(own_program_agrees);
	RUN(vdso_agrees);
	if (getenv("CFI_IMAGE")) /* any other, by hand */
		check_file(getenv("CFI_IMAGE"), 1);
#else
	printf("SKIP test_cfi_readelf.c: x86-64 only\n");
#endif
	return check_done();
}
