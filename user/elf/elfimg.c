/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * elfimg - open an ELF file and check its headers before libelf sees them.
 *
 * Formats: elf(5); System V gABI chapters 4 and 5 for e_shnum == 0, SHN_XINDEX and PN_XNUM.
 */
#include "elf/elfimg.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elf/elfimg_priv.h"

#if defined(__x86_64__)
#define HOST_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define HOST_MACHINE EM_AARCH64
#else
#error "unknown architecture"
#endif

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define HOST_DATA ELFDATA2LSB
#else
#define HOST_DATA ELFDATA2MSB
#endif

/*
 * Limits far above real files: the largest binaries (browsers with debug information) are below
 * 4 GiB; -ffunction-sections objects have many sections, but these are linked.
 */
static const uint64_t max_file = 4ULL << 30;
static const size_t max_phdrs = 1024;
static const size_t max_sects = 1 << 17;
static const uint64_t max_sect_names = 16 << 20;

int elfimg__pread(const struct elfimg *img, void *buf, size_t size, uint64_t offset)
{
	size_t done = 0;

	if (offset > img->size || size > img->size - offset)
		return -ENOEXEC;
	while (done < size) {
		ssize_t n = pread(img->fd, (char *)buf + done, size - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0) /* truncated since it was opened */
			return -ENOEXEC;
		done += (size_t)n;
	}
	return 0;
}

/* What an image may be. */
enum accepted {
	PROGRAM,     /* a program or shared object of this machine */
	RELOCATABLE, /* or an object file */
	ANY_MACHINE, /* or one of another machine that is known */
};

static bool is_known(uint16_t machine, enum accepted accepted)
{
	return machine == HOST_MACHINE ||
	       (accepted == ANY_MACHINE && (machine == EM_X86_64 || machine == EM_AARCH64));
}

static int read_ehdr(struct elfimg *img, enum accepted accepted)
{
	int err = elfimg__pread(img, &img->ehdr, EI_NIDENT, 0);
	const unsigned char *id = img->ehdr.e_ident;

	if (err)
		return err;
	if (memcmp(id, ELFMAG, SELFMAG) != 0)
		return -ENOEXEC;
	if (id[EI_CLASS] != ELFCLASS64 || id[EI_DATA] != HOST_DATA)
		return -ENOTSUP;
	err = elfimg__pread(img, &img->ehdr, sizeof(img->ehdr), 0);
	if (err)
		return err;
	if (!is_known(img->ehdr.e_machine, accepted))
		return -ENOTSUP;
	if (img->ehdr.e_type == ET_EXEC || img->ehdr.e_type == ET_DYN ||
	    (img->ehdr.e_type == ET_REL && accepted == RELOCATABLE))
		return 0;
	return -ENOEXEC;
}

/* The numbers that do not fit into the file header are in section header 0 (zeroed: none). */
static int read_sect0(const struct elfimg *img, Elf64_Shdr *sect0)
{
	memset(sect0, 0, sizeof(*sect0));
	if (!img->ehdr.e_shoff)
		return 0;
	if (img->ehdr.e_shentsize != sizeof(*sect0))
		return -ENOEXEC;
	return elfimg__pread(img, sect0, sizeof(*sect0), img->ehdr.e_shoff);
}

static int read_phdrs(struct elfimg *img)
{
	size_t n = img->ehdr.e_phnum;
	Elf64_Shdr sect0;
	int err;

	if (n == PN_XNUM) {
		err = read_sect0(img, &sect0);
		if (err)
			return err;
		n = sect0.sh_info;
	}
	if (!img->ehdr.e_phoff || !n)
		return 0;
	if (n > max_phdrs || img->ehdr.e_phentsize != sizeof(*img->phdrs))
		return -ENOEXEC;
	img->phdrs = calloc(n, sizeof(*img->phdrs));
	if (!img->phdrs)
		return -ENOMEM;
	err = elfimg__pread(img, img->phdrs, n * sizeof(*img->phdrs), img->ehdr.e_phoff);
	if (err)
		return err;
	img->n_phdrs = n;
	return 0;
}

static int read_sect_names(struct elfimg *img, size_t index)
{
	const struct elf_sect *s;
	void *buf;
	int err;

	if (index >= img->n_sects)
		return -ENOEXEC;
	s = &img->sects[index];
	err = elfimg__read_sect(img, s, max_sect_names, &buf);
	if (err)
		return err;
	img->sect_names = buf;
	return 0;
}

/* Returns -ENOEXEC when the table cannot be believed. */
static int read_sects(struct elfimg *img)
{
	Elf64_Shdr sect0, *hdrs = NULL;
	size_t n = img->ehdr.e_shnum, names;
	int err;

	err = read_sect0(img, &sect0);
	if (err || !img->ehdr.e_shoff)
		return err;
	if (n == 0)
		n = sect0.sh_size;
	if (n == 0)
		return 0;
	if (n > max_sects)
		return -ENOEXEC;
	hdrs = calloc(n, sizeof(*hdrs));
	img->sects = calloc(n, sizeof(*img->sects));
	err = -ENOMEM;
	if (!hdrs || !img->sects)
		goto cleanup;
	err = elfimg__pread(img, hdrs, n * sizeof(*hdrs), img->ehdr.e_shoff);
	if (err)
		goto cleanup;

	err = -ENOEXEC;
	for (size_t i = 0; i < n; i++) {
		const Elf64_Shdr *h = &hdrs[i];

		if (i > 0 && h->sh_type != SHT_NOBITS && h->sh_type != SHT_NULL &&
		    (h->sh_offset > img->size || h->sh_size > img->size - h->sh_offset))
			goto cleanup;
		img->sects[i] = (struct elf_sect){
			.name = "",
			.type = i ? h->sh_type : SHT_NULL,
			.link = h->sh_link,
			.flags = h->sh_flags,
			.addr = h->sh_addr,
			.offset = h->sh_offset,
			.size = h->sh_size,
		};
	}
	img->n_sects = n;

	names = img->ehdr.e_shstrndx == SHN_XINDEX ? sect0.sh_link : img->ehdr.e_shstrndx;
	err = names == SHN_UNDEF ? 0 : read_sect_names(img, names);
	if (err || !img->sect_names)
		goto cleanup;
	for (size_t i = 1; i < n; i++)
		if (hdrs[i].sh_name < img->sects[names].size)
			img->sects[i].name = img->sect_names + hdrs[i].sh_name;

cleanup:
	if (err)
		img->n_sects = 0;
	free(hdrs);
	return err;
}

static int open_image(int fd, const char *name, enum accepted accepted, Elf_Cmd how,
		      struct elfimg **out)
{
	struct elfimg *img = NULL;
	struct stat st;
	int err;

	*out = NULL;
	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (st.st_size < 0 || (uint64_t)st.st_size > max_file)
		return -EFBIG;

	err = -ENOMEM;
	img = calloc(1, sizeof(*img));
	if (!img)
		goto cleanup;
	img->fd = -1;
	img->size = (uint64_t)st.st_size;
	img->name = strdup(name ? name : "");
	if (!img->name)
		goto cleanup;
	img->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (img->fd < 0) {
		err = -errno;
		goto cleanup;
	}

	err = read_ehdr(img, accepted);
	if (err)
		goto cleanup;
	err = read_phdrs(img);
	if (err)
		goto cleanup;
	/*
	 * The loader does not look at sections, so a program with a broken table runs; it is an
	 * image without sections.
	 */
	err = read_sects(img);
	if (err && err != -ENOEXEC)
		goto cleanup;
	err = elfimg__scan_notes(img);
	if (err)
		goto cleanup;

	err = -ENOEXEC;
	if (elf_version(EV_CURRENT) == EV_NONE)
		goto cleanup;
	img->elf = elf_begin(img->fd, how, NULL);
	if (!img->elf || elf_kind(img->elf) != ELF_K_ELF)
		goto cleanup;
	*out = img;
	img = NULL;
	err = 0;

cleanup:
	elfimg__free(img);
	return err;
}

int elfimg__open(int fd, const char *name, struct elfimg **img)
{
	return open_image(fd, name, PROGRAM, ELF_C_READ, img);
}

int elfimg__open_mapped(int fd, const char *name, struct elfimg **img)
{
	return open_image(fd, name, PROGRAM, ELF_C_READ_MMAP, img);
}

int elfimg__open_dwz(int fd, const char *name, struct elfimg **img)
{
	return open_image(fd, name, RELOCATABLE, ELF_C_READ, img);
}

int elfimg__open_any_machine(int fd, const char *name, struct elfimg **img)
{
	return open_image(fd, name, ANY_MACHINE, ELF_C_READ, img);
}

uint16_t elfimg__machine(const struct elfimg *img)
{
	return img->ehdr.e_machine;
}

void elfimg__free(struct elfimg *img)
{
	if (!img)
		return;
	elf_end(img->elf);
	elf_symtab__clear(&img->dynsym);
	elf_symtab__clear(&img->symtab);
	free(img->sect_names);
	free(img->sects);
	free(img->phdrs);
	free(img->name);
	if (img->fd >= 0)
		close(img->fd);
	free(img);
}

Elf *elfimg__elf(const struct elfimg *img)
{
	return img->elf;
}

int elfimg__fd(const struct elfimg *img)
{
	return img->fd;
}

const char *elfimg__name(const struct elfimg *img)
{
	return img->name;
}

uint64_t elfimg__entry(const struct elfimg *img)
{
	return img->ehdr.e_entry;
}

bool elfimg__has_interp(const struct elfimg *img)
{
	for (size_t i = 0; i < img->n_phdrs; i++)
		if (img->phdrs[i].p_type == PT_INTERP)
			return true;
	return false;
}

static bool has_sect_type(const struct elfimg *img, uint32_t type)
{
	for (size_t i = 0; i < img->n_sects; i++)
		if (img->sects[i].type == type)
			return true;
	return false;
}

bool elfimg__has_symtab(const struct elfimg *img)
{
	return has_sect_type(img, SHT_SYMTAB);
}

bool elfimg__has_dynsym(const struct elfimg *img)
{
	return has_sect_type(img, SHT_DYNSYM);
}

const uint8_t *elfimg__build_id(const struct elfimg *img, size_t *size)
{
	*size = img->build_id_size;
	return img->build_id_size ? img->build_id : NULL;
}

bool elfimg__offset_to_vaddr(const struct elfimg *img, uint64_t offset, uint64_t *vaddr)
{
	bool found = false;

	for (size_t i = 0; i < img->n_phdrs; i++) {
		const Elf64_Phdr *p = &img->phdrs[i];

		if (p->p_type != PT_LOAD || offset < p->p_offset ||
		    offset - p->p_offset >= p->p_filesz)
			continue;
		if (found && !(p->p_flags & PF_X))
			continue;
		*vaddr = p->p_vaddr + (offset - p->p_offset);
		found = true;
		if (p->p_flags & PF_X)
			break;
	}
	return found;
}

bool elfimg__vaddr_to_offset(const struct elfimg *img, uint64_t vaddr, uint64_t *offset)
{
	bool found = false;

	for (size_t i = 0; i < img->n_phdrs; i++) {
		const Elf64_Phdr *p = &img->phdrs[i];

		if (p->p_type != PT_LOAD || vaddr < p->p_vaddr || vaddr - p->p_vaddr >= p->p_filesz)
			continue;
		if (found && !(p->p_flags & PF_X))
			continue;
		*offset = p->p_offset + (vaddr - p->p_vaddr);
		found = true;
		if (p->p_flags & PF_X)
			break;
	}
	return found;
}

bool elfimg__exec_mapping_vaddr(const struct elfimg *img, uint64_t offset, uint64_t *vaddr)
{
	static const uint64_t page = 65536; /* the largest of any architecture */
	const Elf64_Phdr *best = NULL;

	for (size_t i = 0; i < img->n_phdrs; i++) {
		const Elf64_Phdr *p = &img->phdrs[i];

		if (p->p_type != PT_LOAD || !(p->p_flags & PF_X) ||
		    offset >= p->p_offset + p->p_filesz)
			continue;
		if (offset >= p->p_offset) {
			best = p;
			break;
		}
		/* the mapping may begin in the page before */
		if (p->p_offset - offset < page && (!best || p->p_offset < best->p_offset))
			best = p;
	}
	if (best)
		*vaddr = best->p_vaddr - best->p_offset + offset;
	return best;
}

size_t elfimg__n_sects(const struct elfimg *img)
{
	return img->n_sects;
}

const struct elf_sect *elfimg__sect(const struct elfimg *img, size_t index)
{
	return index < img->n_sects ? &img->sects[index] : NULL;
}

const struct elf_sect *elfimg__find_sect(const struct elfimg *img, const char *name)
{
	for (size_t i = 1; i < img->n_sects; i++) {
		const struct elf_sect *s = &img->sects[i];

		if (s->type != SHT_NOBITS && s->type != SHT_NULL && !strcmp(s->name, name))
			return s;
	}
	return NULL;
}

const struct elf_sect *elfimg__exec_sect(const struct elfimg *img, uint64_t vaddr)
{
	const uint64_t want = SHF_ALLOC | SHF_EXECINSTR;

	for (size_t i = 1; i < img->n_sects; i++) {
		const struct elf_sect *s = &img->sects[i];

		if ((s->flags & want) == want && vaddr >= s->addr && vaddr - s->addr < s->size)
			return s;
	}
	return NULL;
}

int elfimg__read_sect(const struct elfimg *img, const struct elf_sect *sect, uint64_t max,
		      void **buf)
{
	char *data;
	int err;

	*buf = NULL;
	if (sect->type == SHT_NOBITS || sect->type == SHT_NULL)
		return -ENODATA;
	if (sect->size > max)
		return -EFBIG;
	/* Before the allocation: a header that lies must not cost memory. */
	if (sect->offset > img->size || sect->size > img->size - sect->offset)
		return -ENOEXEC;
	data = malloc(sect->size + 1);
	if (!data)
		return -ENOMEM;
	err = elfimg__pread(img, data, sect->size, sect->offset);
	if (err) {
		free(data);
		return err;
	}
	data[sect->size] = '\0';
	*buf = data;
	return 0;
}
