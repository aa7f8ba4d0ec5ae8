/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Format: elf(5), "Program header" and "Dynamic tags". */
#include "target/dynamic.h"

#include <errno.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "elf/elfimg.h"

/* Limits far above real files, so that a crafted one costs neither time nor memory. */
enum {
	MAX_PHDRS = 1024,
	MAX_TAGS = 16384,
	MAX_NEEDED = 4096,
	MAX_STRING = 4096,
};

static size_t count_phdrs(const struct elfimg *img)
{
	size_t n;

	if (elf_getphdrnum(elfimg__elf(img), &n))
		return 0;
	return n < MAX_PHDRS ? n : MAX_PHDRS;
}

static ssize_t read_at(const struct elfimg *img, void *buf, size_t size, uint64_t offset)
{
	size_t done = 0;

	if (offset > INT64_MAX - size)
		return -EINVAL;
	while (done < size) {
		ssize_t got = pread(elfimg__fd(img), (char *)buf + done, size - done,
				    (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			break;
		done += got;
	}
	return done;
}

/* Strings without an end, empty or of absurd length are left out: *s stays NULL. */
static int read_string(const struct elfimg *img, uint64_t offset, char **s)
{
	char buf[MAX_STRING];
	ssize_t got = read_at(img, buf, sizeof(buf), offset);

	*s = NULL;
	if (got <= 0 || !buf[0] || !memchr(buf, '\0', got))
		return 0;
	*s = strdup(buf);
	return *s ? 0 : -ENOMEM;
}

/* Tags of a PT_DYNAMIC; *n: up to DT_NULL. */
static int read_tags(const struct elfimg *img, const GElf_Phdr *ph, Elf64_Dyn **tags, size_t *n)
{
	size_t room = ph->p_filesz / sizeof(**tags), count = 0;
	ssize_t got;

	if (room > MAX_TAGS)
		room = MAX_TAGS;
	*n = 0;
	*tags = calloc(room + 1, sizeof(**tags));
	if (!*tags)
		return -ENOMEM;
	got = read_at(img, *tags, room * sizeof(**tags), ph->p_offset);
	if (got > 0)
		count = got / sizeof(**tags);
	while (*n < count && (*tags)[*n].d_tag != DT_NULL)
		++*n;
	return 0;
}

static int read_dynamic(const struct elfimg *img, const GElf_Phdr *ph, struct dynamic *dyn)
{
	uint64_t strtab = 0, strtab_size = 0;
	bool has_strtab = false;
	Elf64_Dyn *tags;
	size_t n;
	int err;

	err = read_tags(img, ph, &tags, &n);
	if (err)
		return err;
	for (size_t i = 0; i < n; i++) {
		if (tags[i].d_tag == DT_STRTAB)
			has_strtab = elfimg__vaddr_to_offset(img, tags[i].d_un.d_ptr, &strtab);
		else if (tags[i].d_tag == DT_STRSZ)
			strtab_size = tags[i].d_un.d_val;
	}
	if (!has_strtab)
		goto cleanup;
	dyn->needed = calloc(n + 1, sizeof(*dyn->needed));
	if (!dyn->needed) {
		err = -ENOMEM;
		goto cleanup;
	}
	for (size_t i = 0; i < n && !err; i++) {
		uint64_t offset;
		char *s;

		if (tags[i].d_tag != DT_NEEDED && tags[i].d_tag != DT_SONAME)
			continue;
		if (tags[i].d_un.d_val >= strtab_size ||
		    __builtin_add_overflow(strtab, tags[i].d_un.d_val, &offset))
			continue;
		err = read_string(img, offset, &s);
		if (err || !s)
			continue;
		if (tags[i].d_tag == DT_NEEDED && dyn->n_needed < MAX_NEEDED)
			dyn->needed[dyn->n_needed++] = s;
		else if (tags[i].d_tag == DT_SONAME && !dyn->soname)
			dyn->soname = s;
		else
			free(s);
	}
cleanup:
	free(tags);
	return err;
}

int dynamic__read(const struct elfimg *img, struct dynamic *dyn)
{
	bool seen_dynamic = false;
	size_t n = count_phdrs(img);
	int err = 0;

	memset(dyn, 0, sizeof(*dyn));
	for (size_t i = 0; i < n && !err; i++) {
		GElf_Phdr ph;

		if (!gelf_getphdr(elfimg__elf(img), i, &ph))
			continue;
		if (ph.p_type == PT_INTERP && !dyn->interp) {
			err = read_string(img, ph.p_offset, &dyn->interp);
		} else if (ph.p_type == PT_DYNAMIC && !seen_dynamic) {
			seen_dynamic = true;
			err = read_dynamic(img, &ph, dyn);
		}
	}
	if (err)
		dynamic__clear(dyn);
	return err;
}

void dynamic__clear(struct dynamic *dyn)
{
	if (!dyn)
		return;
	for (size_t i = 0; i < dyn->n_needed; i++)
		free(dyn->needed[i]);
	free(dyn->needed);
	free(dyn->soname);
	free(dyn->interp);
	memset(dyn, 0, sizeof(*dyn));
}

bool dynamic__code_offset(const struct elfimg *img, uint64_t vaddr, uint64_t *offset)
{
	size_t n = count_phdrs(img);

	for (size_t i = 0; i < n; i++) {
		GElf_Phdr ph;

		if (!gelf_getphdr(elfimg__elf(img), i, &ph) || ph.p_type != PT_LOAD ||
		    !(ph.p_flags & PF_X) || vaddr < ph.p_vaddr || vaddr - ph.p_vaddr >= ph.p_filesz)
			continue;
		return !__builtin_add_overflow(ph.p_offset, vaddr - ph.p_vaddr, offset);
	}
	return false;
}
