/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cfi_entry - the entries of .eh_frame and .debug_frame: CIEs and FDEs.
 *
 * The section is walked from its start. The search table in .eh_frame_hdr would find one FDE
 * faster, but all are wanted, and it may be absent, stale or a lie.
 */
#include <dwarf.h>
#include <errno.h>
#include <stdlib.h>

#include "unwind/cfi_priv.h"

/* One entry, from behind its length on. */
struct entry {
	size_t offset;	    /* of its length field: by this, FDEs name their CIE */
	struct cursor body; /* behind the CIE id or pointer */
	bool is_cie;
	size_t cie_offset; /* of an FDE */
};

/*
 * The entry at *offset, which moves on to the next one. Returns 1; 0 at the end; -EBADMSG.
 */
static int next_entry(const struct cfi_section *s, size_t *offset, struct entry *entry,
		      const char **why)
{
	struct cursor c = {.p = s->data + *offset, .end = s->data + s->size};
	const uint8_t *id_at, *body;
	uint64_t length, id;
	bool is_64 = false;

	/* A zero length is a terminator; linkers leave some in the middle (crtend.o, ld -r). */
	do {
		if (cursor__left(&c) < 4)
			return 0;
		entry->offset = (size_t)(c.p - s->data);
		length = cursor__u32(&c);
		if (!length && s->until_zero)
			return 0;
	} while (!length);

	if (length == 0xffffffff) {
		is_64 = true;
		length = cursor__u64(&c);
	} else if (length >= 0xfffffff0) { /* reserved, DWARF 5, 7.2.2 */
		*why = "an entry of the frame section has an unknown format";
		return -EBADMSG;
	}
	id_at = c.p;
	body = cursor__take(&c, length);
	if (!body) {
		*why = "an entry of the frame section is longer than the section";
		return -EBADMSG;
	}
	*offset = (size_t)(c.p - s->data);

	/* In .eh_frame the id has 4 bytes, whatever the length has; in .debug_frame it grows with
	 * it. */
	entry->body = (struct cursor){.p = id_at, .end = c.p};
	id = is_64 && !s->is_eh ? cursor__u64(&entry->body) : cursor__u32(&entry->body);
	if (entry->body.bad) {
		*why = "an entry of the frame section is too short";
		return -EBADMSG;
	}
	if (s->is_eh) {
		entry->is_cie = id == 0;
		entry->cie_offset = (size_t)(id_at - s->data) - (size_t)id;
		if (id > (size_t)(id_at - s->data))
			entry->cie_offset = SIZE_MAX;
	} else {
		entry->is_cie = id == (is_64 ? UINT64_MAX : UINT32_MAX);
		entry->cie_offset = id;
	}
	return 1;
}

bool cfi_read_address(struct cursor *c, uint8_t encoding, uint64_t vaddr, uint64_t *value)
{
	uint64_t v;

	switch (encoding & 0x70) {
	case DW_EH_PE_absptr:
		vaddr = 0;
		break;
	case DW_EH_PE_pcrel:
		break;
	default: /* relative to something that we do not know, or stored elsewhere */
		return false;
	}
	if (encoding & DW_EH_PE_indirect)
		return false;
	switch (encoding & 0x0f) {
	case DW_EH_PE_absptr:
	case DW_EH_PE_udata8:
	case DW_EH_PE_sdata8:
		v = cursor__u64(c);
		break;
	case DW_EH_PE_uleb128:
		v = cursor__uleb(c);
		break;
	case DW_EH_PE_udata2:
		v = cursor__u16(c);
		break;
	case DW_EH_PE_udata4:
		v = cursor__u32(c);
		break;
	case DW_EH_PE_sleb128:
		v = (uint64_t)cursor__sleb(c);
		break;
	case DW_EH_PE_sdata2:
		v = (uint64_t)(int64_t)(int16_t)cursor__u16(c);
		break;
	case DW_EH_PE_sdata4:
		v = (uint64_t)(int64_t)(int32_t)cursor__u32(c);
		break;
	default:
		return false;
	}
	*value = v + vaddr;
	return true;
}

/*
 * The augmentation's data (LSB 10.6.1.1.1), *size bytes. Returns false when it is not known in
 * full: then the encoding of the addresses, or the layout of the FDEs, may be another than we
 * think.
 */
static bool read_augmentation(struct cfi_cie *cie, struct cursor *c, const char *aug)
{
	struct cursor data;
	const uint8_t *p;
	uint64_t size, ignored;
	uint8_t enc;

	cie->encoding = DW_EH_PE_absptr;
	if (!*aug)
		return true;
	if (*aug != 'z')
		return false;
	cie->has_aug_size = true;
	size = cursor__uleb(c);
	p = cursor__take(c, size);
	if (!p)
		return false;
	data = (struct cursor){.p = p, .end = p + size};
	while (*++aug) {
		switch (*aug) {
		case 'R':
			cie->encoding = cursor__u8(&data);
			break;
		case 'L':
			cursor__u8(&data);
			break;
		case 'P':
			enc = cursor__u8(&data);
			/* Only its size matters, and that does not depend on what it is relative
			 * to. */
			if (!cfi_read_address(&data, enc & 0x0f, 0, &ignored))
				return false;
			break;
		case 'S':
			cie->signal = true;
			break;
		case 'B': /* arm64: return addresses signed with the B key */
		case 'G': /* arm64: tagged stack memory */
			break;
		default:
			return false;
		}
	}
	return !data.bad;
}

/* Returns 0, or -EBADMSG; a CIE in a format that we do not know stays unusable. */
static int read_cie(struct cfi_cie *cie, struct cursor c)
{
	const char *aug;
	const uint8_t *nul;
	uint8_t version;
	uint64_t ra;
	bool known;
	int err;

	version = cursor__u8(&c);
	nul = memchr(c.p, '\0', cursor__left(&c));
	if (c.bad || !nul)
		return -EBADMSG;
	aug = (const char *)cursor__take(&c, (uint64_t)(nul - c.p) + 1);
	if (version != 1 && version != 3 && version != 4)
		return 0;
	if (version == 4) {
		uint8_t address_size = cursor__u8(&c), segment_size = cursor__u8(&c);

		if (!c.bad && (address_size != 8 || segment_size != 0))
			return 0;
	}
	cie->code_align = cursor__uleb(&c);
	cie->data_align = cursor__sleb(&c);
	ra = version == 1 ? cursor__u8(&c) : cursor__uleb(&c);
	known = read_augmentation(cie, &c, aug);
	if (c.bad)
		return -EBADMSG;
	if (!known || ra != cfi_arch__ra())
		return 0;

	err = cfi_exec__cie(cie, c);
	cie->usable = !err;
	return err == -ENOTSUP ? 0 : err;
}

/* Room for one more. Returns 0, -E2BIG or -ENOMEM. */
static int grow(void **array, size_t n, size_t *room, size_t size, size_t max)
{
	size_t more = *room ? *room * 2 : 64;
	void *grown;

	if (n < *room)
		return 0;
	if (n >= max)
		return -E2BIG;
	grown = realloc(*array, more * size);
	if (!grown)
		return -ENOMEM;
	*array = grown;
	*room = more;
	return 0;
}

static int add_cie(struct cfi_entries *e, const struct entry *entry, const char **why)
{
	void *array = e->cies;
	struct cfi_cie *cie;
	int err;

	err = grow(&array, e->n_cies, &e->cies_room, sizeof(*e->cies), CFI_MAX_CIES);
	e->cies = array;
	if (err == -E2BIG)
		*why = "the frame section has too many CIEs";
	if (err)
		return err;
	cie = &e->cies[e->n_cies];
	*cie = (struct cfi_cie){.offset = entry->offset};
	err = read_cie(cie, entry->body);
	if (err)
		*why = "a CIE of the frame section is broken";
	else
		e->n_cies++;
	return err;
}

/* Index, or n_cies when there is none at offset. */
static size_t find_cie(const struct cfi_entries *e, size_t offset, size_t hint)
{
	size_t lo = 0, hi = e->n_cies;

	if (hint < e->n_cies && e->cies[hint].offset == offset)
		return hint;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (e->cies[mid].offset < offset)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < e->n_cies && e->cies[lo].offset == offset ? lo : e->n_cies;
}

static int add_fde(struct cfi_entries *e, const struct cfi_section *s, const struct entry *entry,
		   size_t index, const char **why)
{
	const struct cfi_cie *cie = &e->cies[index];
	struct cursor c = entry->body;
	void *array = e->fdes;
	uint64_t start, size;
	int err;

	if (!cie->usable ||
	    !cfi_read_address(&c, cie->encoding, s->addr + (uint64_t)(c.p - s->data), &start)) {
		e->n_skipped++;
		return 0;
	}
	cfi_read_address(&c, cie->encoding & 0x0f, 0, &size);
	if (cie->has_aug_size)
		cursor__take(&c, cursor__uleb(&c));
	if (c.bad) {
		*why = "an FDE of the frame section is cut short";
		return -EBADMSG;
	}
	if (!size)
		return 0;
	if (start + size < start) {
		/* Linkers put -1 where they have dropped a function from .debug_frame. */
		if (!s->is_eh) {
			e->n_skipped++;
			return 0;
		}
		*why = "an FDE of the frame section describes an impossible range";
		return -EBADMSG;
	}
	err = grow(&array, e->n_fdes, &e->fdes_room, sizeof(*e->fdes), CFI_MAX_FDES);
	e->fdes = array;
	if (err == -E2BIG)
		*why = "the frame section has too many FDEs";
	if (err)
		return err;
	e->fdes[e->n_fdes] = (struct cfi_fde){
		.start = start,
		.end = start + size,
		.insns = c.p,
		.n_insns = (uint32_t)cursor__left(&c), /* at most CFI_MAX_SECTION */
		.cie = (uint32_t)index,
		.order = (uint32_t)e->n_fdes,
	};
	e->n_fdes++;
	return 0;
}

int cfi_entries__read(struct cfi_entries *e, const struct cfi_section *s, const char **why)
{
	struct entry entry;
	size_t offset, hint = 0;
	int err;

	if (s->size > CFI_MAX_SECTION) {
		*why = "the frame section is too large";
		return -E2BIG;
	}
	/* Each CIE is decoded once, before the FDEs: decoding it for each would be quadratic. */
	offset = 0;
	while ((err = next_entry(s, &offset, &entry, why)) > 0) {
		if (!entry.is_cie)
			continue;
		err = add_cie(e, &entry, why);
		if (err)
			return err;
	}
	if (err)
		return err;

	offset = 0;
	while ((err = next_entry(s, &offset, &entry, why)) > 0) {
		if (entry.is_cie)
			continue;
		hint = find_cie(e, entry.cie_offset, hint);
		if (hint == e->n_cies) {
			*why = "an FDE of the frame section points to something else than a CIE";
			return -EBADMSG;
		}
		err = add_fde(e, s, &entry, hint, why);
		if (err)
			return err;
	}
	return err;
}

void cfi_entries__clear(struct cfi_entries *e)
{
	free(e->cies);
	free(e->fdes);
	*e = (struct cfi_entries){0};
}
