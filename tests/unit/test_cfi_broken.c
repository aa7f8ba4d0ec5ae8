/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unwind tables from broken and hostile call frame information, and where in an ELF file it is
 * looked for.
 */
#include <errno.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "cfi_make.h"
#include "elf_make.h"
#include "elf/elfimg.h"
#include "unwind/vdso.h"

/* Refused as a whole, with a reason. */
static void refused(const struct out *o, int err)
{
	struct built b = build(o, NULL);

	CHECK_EQ(b.err, err);
	CHECK(b.info.warning != NULL);
	CHECK(!b.rows);
	CHECK_EQ(b.n, 0);
}

static void broken_instructions(void)
{
	static const struct {
		uint8_t insns[12];
		size_t n;
	} broken[] = {
		{{DW_CFA_restore_state}, 1},
		{{DW_CFA_advance_loc4, 1, 2}, 3},
		{{DW_CFA_def_cfa, 7}, 2},
		{{DW_CFA_offset | 6}, 1},
		{{DW_CFA_def_cfa_offset, 0x80, 0x80}, 3},
		{{DW_CFA_def_cfa_offset, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2},
		 11},
		{{DW_CFA_def_cfa_expression, 3, DW_OP_breg7, 8}, 4},
		{{DW_CFA_expression, 3, 0xff, 0xff, 0xff, 0xff, 0x0f, 0}, 8},
	};

	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct out o = {0};

		fde(&o, cie(&o, "zR", BYTES(USUAL)), TEXT, 0x100, broken[i].insns, broken[i].n);
		refused(&o, -EBADMSG);
		free(o.p);
		/* and in the CIE */
		uint8_t usual[32] = {USUAL};

		memcpy(usual + 5, broken[i].insns, broken[i].n);
		o = (struct out){0};
		fde(&o, cie(&o, "zR", usual, 5 + broken[i].n), TEXT, 0x100, BYTES(DW_CFA_nop));
		refused(&o, -EBADMSG);
		free(o.p);
	}
}

static void broken_entries(void)
{
	struct out o = {0};
	size_t c, n, fde_at;
	uint32_t word;

	c = cie(&o, "zR", BYTES(USUAL));
	fde_at = o.n;
	fde(&o, c, TEXT, 0x100, BYTES(DW_CFA_nop));
	n = o.n;

	/* longer than the section; a reserved length; 4 GiB and all 64 bits as length */
	word = (uint32_t)(n - fde_at);
	memcpy(o.p + fde_at, &word, 4);
	refused(&o, -EBADMSG);
	word = 0xfffffff7;
	memcpy(o.p + fde_at, &word, 4);
	refused(&o, -EBADMSG);
	word = 0xffffffff;
	memcpy(o.p + fde_at, &word, 4);
	refused(&o, -EBADMSG);
	memcpy(o.p + fde_at + 4, &(uint64_t){1ULL << 32}, 8);
	refused(&o, -EBADMSG);
	memcpy(o.p + fde_at + 4, &(uint64_t){UINT64_MAX}, 8);
	refused(&o, -EBADMSG);
	free(o.p);

	/* the FDE's CIE: itself, into the CIE, before the section, far before it */
	for (int i = 0; i < 4; i++) {
		const uint32_t pointers[] = {4, (uint32_t)(fde_at + 4 - 2), (uint32_t)(fde_at + 8),
					     0xffffff00};

		o = (struct out){0};
		c = cie(&o, "zR", BYTES(USUAL));
		fde(&o, c, TEXT, 0x100, BYTES(DW_CFA_nop));
		memcpy(o.p + fde_at + 4, &pointers[i], 4);
		refused(&o, -EBADMSG);
		free(o.p);
	}

	/* a length of 2; an FDE without room for its address; an endless augmentation */
	o = (struct out){0};
	u32(&o, 2);
	u32(&o, 0);
	refused(&o, -EBADMSG);
	free(o.p);
	o = (struct out){0};
	c = cie(&o, "zR", BYTES(USUAL));
	begin(&o);
	u32(&o, (uint32_t)(o.n - c));
	u32(&o, TEXT);
	end(&o);
	refused(&o, -EBADMSG);
	free(o.p);
	o = (struct out){0};
	begin(&o);
	u32(&o, 0);
	put(&o, BYTES(1, 'z', 'R', 'R'));
	end(&o);
	refused(&o, -EBADMSG);
	free(o.p);

	/* instructions that move on in a CIE; a range that wraps around */
	o = (struct out){0};
	fde(&o, cie(&o, "zR", BYTES(USUAL, DW_CFA_advance_loc | 1)), TEXT, 16, BYTES(DW_CFA_nop));
	refused(&o, -EBADMSG);
	free(o.p);
	o = (struct out){0};
	fde(&o, cie(&o, "zR", BYTES(USUAL)), TEXT, (uint32_t) - (TEXT + 16), BYTES(DW_CFA_nop));
	fde(&o, 0, TEXT, (uint64_t)-TEXT + 16, BYTES(DW_CFA_nop));
	refused(&o, -EBADMSG);
	free(o.p);
}

/* Cut anywhere and with any one byte changed: an answer, and rows that keep their promises. */
static void cut_and_changed(void)
{
	struct out o = {0}, part;
	struct built b;
	size_t c, n;

	c = cie(&o, "zRS", sigframe, sizeof(sigframe));
	fde(&o, c, TEXT, 0x10, BYTES(DW_CFA_nop));
	c = cie(&o, "zR", BYTES(USUAL));
	fde(&o, c, TEXT + 0x20, 0x40,
	    BYTES(DW_CFA_advance_loc | 1, DW_CFA_def_cfa_offset, 16, DW_CFA_offset | 6, 2,
		  DW_CFA_remember_state, DW_CFA_advance_loc1, 8, DW_CFA_restore_state));
	n = o.n;
	for (size_t i = 0; i < n * 257; i++) {
		size_t at = i % n;

		/* a copy of exactly this size, so that reads beyond it are seen by sanitizers */
		part = (struct out){0};
		put(&part, o.p, i < n ? at : n);
		if (i >= n)
			part.p[at] = (uint8_t)(part.p[at] + i / n - 1);
		part.p = realloc(part.p, part.n ? part.n : 1);
		b = build(&part, NULL);
		CHECK(!b.err == (b.rows != NULL));
		for (size_t k = 1; k < b.n; k++)
			CHECK(b.rows[k - 1].pc < b.rows[k].pc);
		CHECK(!b.n || b.rows[b.n - 1].kind == UNWIND_END);
		free(b.rows);
		free(part.p);
	}
	free(o.p);
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* 6 GB of work, if each FDE ran its CIE's instructions anew. */
static void work_is_linear(void)
{
	const size_t size = 100000;
	uint8_t *nops = calloc(1, size);
	struct out o = {0};
	struct built b;
	double before;
	size_t c[2];

	if (!nops)
		abort();
	memcpy(nops, BYTES(USUAL));
	c[0] = cie(&o, "zR", nops, size);
	c[1] = cie(&o, "zR", nops, size);
	for (size_t i = 0; i < 60000; i++)
		fde(&o, c[i % 2], TEXT + i * 16, 8, BYTES(DW_CFA_nop));
	before = seconds();
	b = build(&o, NULL);
	CHECK(seconds() - before < 2);
	CHECK_EQ(b.err, 0);
	CHECK_EQ(b.n, 120000);
	drop(&b, &o);
	free(nops);
}

static void limits(void)
{
	struct out o = {0};

	for (size_t i = 0; i <= CFI_MAX_CIES; i++)
		cie(&o, "", BYTES(DW_CFA_nop));
	refused(&o, -E2BIG);
	free(o.p);

	/* a row for each byte of the code: one million; five of those are too many */
	o = (struct out){0};
	struct cfi_image img = {.exec[0] = {TEXT, 1ULL << 31}, .n_exec = 1};
	struct cfi_info info = {0};
	struct unwind_row *rows = NULL;
	size_t n, c = cie(&o, "zR", BYTES(USUAL)), room = 3 << 20;
	uint8_t *insns = malloc(room);

	if (!insns)
		abort();
	for (size_t i = 0; i < room; i += 3) {
		insns[i] = DW_CFA_advance_loc | 1;
		insns[i + 1] = DW_CFA_def_cfa_offset;
		insns[i + 2] = i % 2 ? 8 : 16;
	}
	for (size_t i = 0; i < 5; i++) {
		fde(&o, c, TEXT + (i << 20), 1 << 20, insns, room);
		img.sects[0] = section(&o);
		img.n_sects = 1;
		if (i == 0)
			CHECK_EQ(cfi_table__build(&img, &rows, &n, &info), 0);
		free(rows);
		rows = NULL;
	}
	CHECK_EQ(n, (1 << 20) + 1);
	CHECK_EQ(cfi_table__build(&img, &rows, &n, &info), -E2BIG);
	CHECK(info.warning != NULL);
	free(insns);
	free(o.p);
}

/* An ELF file around the sections: FRAME is mapped from where .eh_frame is. */
struct image {
	struct elf_make elf;
	Elf64_Phdr phdrs[4];
	size_t n_phdrs;
	unsigned char code[0x1000]; /* the first page of TEXT */
};

static void image_init(struct image *m)
{
	memset(m, 0, sizeof(*m));
	elf_make__init(&m->elf);
}

static size_t image_sect(struct image *m, const char *name, uint64_t flags, const struct out *o)
{
	return elf_make__sect(&m->elf, name, SHT_PROGBITS, flags, o->debug ? 0 : FRAME, o->p, o->n);
}

static void image_phdr(struct image *m, uint32_t type, uint32_t flags, uint64_t vaddr,
		       uint64_t offset, uint64_t filesz, uint64_t memsz)
{
	m->phdrs[m->n_phdrs++] = (Elf64_Phdr){
		.p_type = type,
		.p_flags = flags,
		.p_vaddr = vaddr,
		.p_offset = offset,
		.p_filesz = filesz,
		.p_memsz = memsz,
	};
}

static struct built image_build(struct image *m, bool with_sects)
{
	size_t code = elf_make__sect(&m->elf, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR,
				     TEXT, m->code, sizeof(m->code)),
	       phdrs;
	struct elfimg *img = NULL;
	struct built b = {0};
	int fd;

	image_phdr(m, PT_LOAD, PF_R | PF_X, TEXT, m->elf.sects[code].sh_offset, sizeof(m->code),
		   TEXT_END - TEXT);
	phdrs = elf_make__sect(&m->elf, ".phdrs", SHT_PROGBITS, 0, 0, m->phdrs, sizeof(m->phdrs));
	m->elf.ehdr.e_phoff = m->elf.sects[phdrs].sh_offset;
	m->elf.ehdr.e_phentsize = sizeof(Elf64_Phdr);
	m->elf.ehdr.e_phnum = (Elf64_Half)m->n_phdrs;
	elf_make__finish(&m->elf);
	if (!with_sects)
		m->elf.ehdr.e_shoff = m->elf.ehdr.e_shnum = m->elf.ehdr.e_shstrndx = 0;
	fd = elf_make__fd(&m->elf);
	CHECK_EQ(elfimg__open(fd, "made", &img), 0);
	close(fd);
	if (img)
		b.err = cfi__build(img, &b.rows, &b.n, &b.info);
	elfimg__free(img);
	return b;
}

/* One function of rsp + 16. The image begins at 0x400, so its base is page 0. */
static void image_one(struct image *m, struct out *o, bool debug)
{
	image_init(m);
	*o = (struct out){.debug = debug};
	fde(o, cie(o, debug ? "" : "zR", BYTES(USUAL)), TEXT, 0x10,
	    BYTES(DW_CFA_def_cfa_offset, 16));
	u32(o, 0);
	image_phdr(m, PT_LOAD, PF_R, 0x400, 0, 64, 64);
}

#define CHECK_ONE(b) CHECK_ROWS(b, {TEXT, 2, UNWIND_SP, 0}, {TEXT + 0x10, 0, UNWIND_END, 0})

static void file_with_sections(void)
{
	struct image m;
	struct built b;
	struct out o;
	size_t i;

	image_one(&m, &o, false);
	i = image_sect(&m, ".eh_frame", SHF_ALLOC, &o);
	image_phdr(&m, PT_LOAD, PF_R, FRAME, m.elf.sects[i].sh_offset, o.n, o.n);
	b = image_build(&m, true);
	CHECK_ONE(&b);
	CHECK_EQ(b.info.base, 0);
	drop(&b, &o);

	/* a section that is not what is loaded is not believed */
	image_one(&m, &o, false);
	i = image_sect(&m, ".eh_frame", SHF_ALLOC, &o);
	image_phdr(&m, PT_LOAD, PF_R, FRAME, m.elf.sects[i].sh_offset + 8, o.n, o.n);
	b = image_build(&m, true);
	CHECK_EQ(b.err, -ENODATA);
	drop(&b, &o);

	/* an image without executable code */
	image_one(&m, &o, false);
	b = image_build(&m, true);
	CHECK_EQ(b.err, -ENODATA);
	CHECK(!b.info.warning);
	drop(&b, &o);
}

/* .eh_frame_hdr (its search table is not needed) in front of .eh_frame, in one segment. */
static void file_without_sections(void)
{
	for (int broken = 0; broken < 3; broken++) {
		struct image m;
		struct built b;
		struct out o, both = {0};
		uint32_t to_frame = broken == 1 ? 0x10000000 : 4;
		size_t i;

		image_one(&m, &o, false);
		put(&both, BYTES(broken == 2 ? 7 : 1, DW_EH_PE_pcrel | DW_EH_PE_sdata4,
				 DW_EH_PE_omit, DW_EH_PE_omit));
		u32(&both, to_frame);
		put(&both, o.p, o.n);
		put(&both, BYTES(1, 2, 3, 4, 5, 6, 7, 8)); /* not ours: behind the terminator */
		i = image_sect(&m, ".both", SHF_ALLOC, &both);
		image_phdr(&m, PT_LOAD, PF_R, FRAME - 8, m.elf.sects[i].sh_offset, both.n, both.n);
		image_phdr(&m, PT_GNU_EH_FRAME, PF_R, FRAME - 8, m.elf.sects[i].sh_offset, 8, 8);
		b = image_build(&m, false);
		if (broken) {
			CHECK_EQ(b.err, -EBADMSG);
			CHECK(b.info.warning != NULL);
		} else {
			CHECK_ONE(&b);
		}
		drop(&b, &o);
		free(both.p);
	}
}

static void file_with_debug_frame(void)
{
	struct image m;
	struct built b;
	struct out o, z;

	image_one(&m, &o, true);
	image_sect(&m, ".debug_frame", 0, &o);
	b = image_build(&m, true);
	CHECK_ONE(&b);
	drop(&b, &o);

	/* compressed; with a size that does not fit; with one of a terabyte */
	for (int broken = 0; broken < 3; broken++) {
		const uint64_t sizes[] = {0, 1, 1ULL << 40};
		Elf64_Chdr chdr = {.ch_type = ELFCOMPRESS_ZLIB, .ch_addralign = 1};
		Bytef packed[512];
		uLongf n = sizeof(packed);

		image_one(&m, &o, true);
		CHECK_EQ(compress(packed, &n, o.p, o.n), Z_OK);
		chdr.ch_size = o.n + sizes[broken];
		z = (struct out){.debug = true};
		put(&z, &chdr, sizeof(chdr));
		put(&z, packed, n);
		image_sect(&m, ".debug_frame", SHF_COMPRESSED, &z);
		b = image_build(&m, true);
		if (broken) {
			CHECK_EQ(b.err, broken == 1 ? -EBADMSG : -E2BIG);
			CHECK(b.info.warning != NULL);
		} else {
			CHECK_ONE(&b);
		}
		drop(&b, &o);
		free(z.p);
	}
}

/* musl: no description of it at all; the code tells. */
static void file_with_sigreturn(void)
{
	static const uint8_t code[] = {0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05};
	struct image m;
	struct built b;
	struct out o;

	image_one(&m, &o, true);
	memcpy(m.code + 0x40, code, sizeof(code));
	memcpy(m.code + 4, code, sizeof(code));	      /* inside of the function */
	memcpy(m.code + sizeof(m.code) - 8, code, 8); /* cut off */
	image_sect(&m, ".debug_frame", 0, &o);
	b = image_build(&m, true);
	CHECK_ROWS(&b, {TEXT, 2, UNWIND_SP, 0}, {TEXT + 3, 0, UNWIND_SIGNAL, 0},
		   {TEXT + 13, 2, UNWIND_SP, 0}, {TEXT + 0x10, 0, UNWIND_END, 0},
		   {TEXT + 0x3f, 0, UNWIND_SIGNAL, 0}, {TEXT + 0x49, 0, UNWIND_END, 0});
	drop(&b, &o);

	/* alone; and not in what has another C library */
	for (int interp = 0; interp < 2; interp++) {
		image_one(&m, &o, true);
		memcpy(m.code + 0x40, code, sizeof(code));
		if (interp)
			image_phdr(&m, PT_INTERP, PF_R, 0x400, 0, 4, 4);
		b = image_build(&m, true);
		if (interp)
			CHECK_EQ(b.err, -ENODATA);
		else
			CHECK_ROWS(&b, {TEXT + 0x3f, 0, UNWIND_SIGNAL, 0},
				   {TEXT + 0x49, 0, UNWIND_END, 0});
		drop(&b, &o);
	}
}

static void vdso_has_a_table(void)
{
	struct unwind_row *rows = NULL;
	struct elfimg *img = NULL;
	struct cfi_info info;
	int err = vdso__open(&img);
	size_t n;

	if (err == -ENOENT) {
		SKIP("no vdso");
		return;
	}
	CHECK_EQ(err, 0);
	if (!err) {
		CHECK_EQ(cfi__build(img, &rows, &n, &info), 0);
		CHECK(n > 1);
	}
	free(rows);
	elfimg__free(img);
}

int main(void)
{
#if defined(__x86_64__)
	RUN(broken_instructions);
	RUN(broken_entries);
	RUN(cut_and_changed);
	RUN(work_is_linear);
	RUN(limits);
	RUN(file_with_sections);
	RUN(file_without_sections);
	RUN(file_with_debug_frame);
	RUN(file_with_sigreturn);
	RUN(vdso_has_a_table);
#else
	printf("SKIP test_cfi_broken.c: x86-64 only\n");
#endif
	return check_done();
}
