/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cfi_priv - what the files that implement cfi share.
 *
 * Formats: DWARF 5, 6.4 (call frame information) and 7.24; Linux Standard Base 5.0, 10.6
 * (.eh_frame, pointer encodings, augmentations).
 */
#ifndef UNWIND_CFI_PRIV_H
#define UNWIND_CFI_PRIV_H

#include "unwind/cfi.h"
#include "unwind/cursor.h"

/*
 * Limits above real files: Chrome has 0.8 million FDEs, libLLVM 1 million rows, and a linker merges
 * equal CIEs to some ten.
 */
enum {
	CFI_MAX_SECTION = 64 << 20, /* bytes */
	CFI_MAX_CIES = 1 << 16,
	CFI_MAX_FDES = 1 << 21,
	CFI_MAX_ROWS = 1 << 22,
	CFI_MAX_EXEC = 32, /* executable segments */
	CFI_MAX_SIGRETURNS = 8,
	CFI_MAX_REMEMBER = 16, /* nested DW_CFA_remember_state; compilers nest one or two */
};

/* The registers that a row depends on; which ones these are: cfi_arch.c. */
enum cfi_reg {
	CFI_FP,
	CFI_SP,
	CFI_RA,
	CFI_N_REGS,
	CFI_OTHER = CFI_N_REGS, /* rules for it are read over */
};

enum cfi_how {
	CFI_UNSPECIFIED, /* no rule: by the ABI's convention */
	CFI_UNDEFINED,
	CFI_SAME,
	CFI_OFFSET,	/* saved at CFA + offset; the CFA itself: reg + offset */
	CFI_EXPRESSION, /* saved at the address that expr computes; the CFA itself: that value */
	CFI_ELSEWHERE,	/* another rule, no row has it */
};

struct cfi_rule {
	uint8_t how; /* enum cfi_how */
	uint8_t reg; /* of a CFA by CFI_OFFSET: enum cfi_reg */
	uint32_t expr_size;
	union {
		int64_t offset;
		const uint8_t *expr; /* borrowed from the section */
	};
};

struct cfi_state {
	struct cfi_rule cfa;	  /* register and offset, also while how is CFI_EXPRESSION */
	struct cfi_rule cfa_expr; /* valid then */
	struct cfi_rule regs[CFI_N_REGS];
};

struct cfi_section {
	const uint8_t *data;
	size_t size;
	uint64_t addr;	 /* vaddr of data */
	bool is_eh;	 /* .eh_frame, otherwise .debug_frame */
	bool until_zero; /* no section header: size is only a limit, the first zero length ends it
			  */
};

struct cfi_cie {
	size_t offset; /* in its section */
	uint64_t code_align;
	int64_t data_align;
	struct cfi_state initial;
	uint8_t encoding;  /* DW_EH_PE_* of the addresses in FDEs */
	bool has_aug_size; /* FDEs have augmentation data, its size first */
	bool signal;	   /* FDEs describe signal frames */
	bool usable;	   /* false: its FDEs are skipped */
};

struct cfi_fde {
	uint64_t start, end; /* [start, end) vaddr */
	const uint8_t *insns;
	uint32_t n_insns; /* bytes */
	uint32_t cie;	  /* index */
	uint32_t order;	  /* in the file: of two with one start, the first is taken */
	uint8_t section;  /* index into cfi_image.sects */
};

struct cfi_range {
	uint64_t start, end;
};

/* What the table is made of, gathered from an ELF file or made up by a test. */
struct cfi_image {
	uint64_t base;
	struct cfi_range exec[CFI_MAX_EXEC]; /* executable segments */
	size_t n_exec;
	struct cfi_section sects[2]; /* where two describe the same code, the first is taken */
	size_t n_sects;
	struct cfi_range sigreturns[CFI_MAX_SIGRETURNS]; /* ascending; known without a section */
	size_t n_sigreturns;
};

/* The entries of one section. */
struct cfi_entries {
	struct cfi_cie *cies; /* by offset, ascending */
	size_t n_cies, cies_room;
	struct cfi_fde *fdes; /* as they are in the file */
	size_t n_fdes, fdes_room;
	size_t n_skipped;
};

struct cfi_rows {
	struct unwind_row *rows;
	size_t n, room;
};

/* cfi_entry.c: 0, or -EBADMSG, -E2BIG (both set *why), -ENOMEM. The caller clears e in any case. */
int cfi_entries__read(struct cfi_entries *e, const struct cfi_section *s, const char **why);
void cfi_entries__clear(struct cfi_entries *e);
/* An address in DW_EH_PE_ encoding; c is at vaddr. False: encoding not known, nothing read. */
bool cfi_read_address(struct cursor *c, uint8_t encoding, uint64_t vaddr, uint64_t *value);

/* cfi_exec.c */
/* Run a CIE's initial instructions. 0, -EBADMSG or -ENOTSUP (an instruction is not known). */
int cfi_exec__cie(struct cfi_cie *cie, struct cursor insns);
/*
 * Add the rows for [low, fde->end), where low may be above fde->start, with no UNWIND_END behind
 * them. 0, -EBADMSG, -E2BIG, -ENOMEM, or -ENOTSUP: not all was decoded, the rest has a row that
 * says so.
 */
int cfi_exec__fde(const struct cfi_cie *cie, const struct cfi_fde *fde, const struct cfi_section *s,
		  uint64_t low, uint64_t base, struct cfi_rows *rows);

/* cfi_arch.c */
bool cfi_arch__supported(void);
enum cfi_reg cfi_arch__reg(uint64_t dwarf_reg);
uint64_t cfi_arch__ra(void); /* DWARF's number for the column of the return address */
/* Everything of the row except pc. */
void cfi_arch__row(const struct cfi_state *state, bool signal, struct unwind_row *row);

/* The instructions by which a signal handler's return ends, NULL when they are not known. */
const uint8_t *cfi_arch__sigreturn(size_t *size);

/* cfi_sigreturn.c: fill image->sigreturns. 0 or -ENOMEM. */
int cfi_sigreturn__find(const struct elfimg *img, struct cfi_image *image);

/* cfi_table.c */
/* pc must not go down; what was said for the same pc is replaced. 0, -E2BIG or -ENOMEM. */
int cfi_rows__put(struct cfi_rows *r, const struct unwind_row *row);
/* cfi__build without the file. */
int cfi_table__build(const struct cfi_image *img, struct unwind_row **rows, size_t *n,
		     struct cfi_info *info);

#endif
