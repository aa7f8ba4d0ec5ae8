/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hook - preloaded, writes into the code of libc's malloc, calloc, realloc and free, as hooking
 * libraries and debuggers do. $HOOK says what:
 *	jump	a jump to functions of this library, which go on to the original
 *	far	the same through an address behind the jump
 *	trap	a breakpoint, whose handler goes on behind it
 *	hidden	a jump to code that is in no file
 *	write	nothing, but the code stays writable
 *	restore	nothing at first; at SIGURG what the file has, so that others' breakpoints go
 */
#include <capstone/capstone.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#define N_HOOKS 4
#define SLOT 128 /* bytes of a trampoline */
#define HEAD 32

static struct hook {
	const char *name;
	void *replacement;
	uint8_t *original;
	uint8_t *trampoline; /* the instructions that are written over, then back to the original */
	uint8_t head[HEAD];
} hooks[N_HOOKS];
static unsigned long calls;
static uint8_t *page;

#define CALL_ORIGINAL(i, type, ...) (calls++, ((type)(uintptr_t)hooks[i].trampoline)(__VA_ARGS__))

static void *on_malloc(size_t n)
{
	return CALL_ORIGINAL(0, void *(*)(size_t), n);
}

static void *on_calloc(size_t n, size_t size)
{
	return CALL_ORIGINAL(1, void *(*)(size_t, size_t), n, size);
}

static void *on_realloc(void *p, size_t n)
{
	return CALL_ORIGINAL(2, void *(*)(void *, size_t), p, n);
}

static void on_free(void *p)
{
	CALL_ORIGINAL(3, void (*)(void *), p);
}

static void fail(const char *why)
{
	(void)!write(2, why, strlen(why));
	(void)!write(2, "\n", 1);
	_exit(95);
}

/* Memory that a jump from near can reach. */
static void *near_page(const uint8_t *near)
{
	uintptr_t at = (uintptr_t)near & ~0xffful;

	for (int i = 0; i < 16384; i++) {
		void *p;

		at -= 65536;
		p = mmap((void *)at, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
		if (p == (void *)at)
			return p;
		if (p != MAP_FAILED)
			munmap(p, 4096);
	}
	fail("hook: no memory near libc");
	return NULL;
}

static uint8_t *put_rel32(uint8_t *out, const void *to)
{
	int64_t rel = (const uint8_t *)to - (out + 4);
	int32_t rel32 = (int32_t)rel;

	if (rel != rel32)
		fail("hook: too far");
	memcpy(out, &rel32, 4);
	return out + 4;
}

/* One instruction, moved. Returns the end of the copy. */
static uint8_t *move_insn(const cs_insn *in, uint8_t *out)
{
	const cs_x86 *x = &in->detail->x86;

	if (x->op_count == 1 && x->operands[0].type == X86_OP_IMM && in->id != X86_INS_PUSH) {
		const void *to = (const void *)x->operands[0].imm;

		if (in->id == X86_INS_JMP) {
			*out++ = 0xe9;
		} else if (in->id == X86_INS_CALL) {
			*out++ = 0xe8;
		} else { /* jcc, short or not */
			*out++ = 0x0f;
			*out++ = 0x80 | ((in->bytes[0] == 0x0f ? in->bytes[1] : in->bytes[0]) & 15);
		}
		return put_rel32(out, to);
	}
	memcpy(out, in->bytes, in->size);
	for (int i = 0; i < x->op_count; i++) {
		if (x->operands[i].type != X86_OP_MEM || x->operands[i].mem.base != X86_REG_RIP)
			continue;
		/* relative to the end of the instruction, wherever the displacement is in it */
		int64_t rel = x->disp + (int64_t)in->address - (int64_t)(uintptr_t)out;
		int32_t rel32 = (int32_t)rel;

		if (rel != rel32)
			fail("hook: too far");
		memcpy(out + x->encoding.disp_offset, &rel32, 4);
	}
	return out + in->size;
}

/* At least n bytes of code, as whole instructions. */
static void make_trampoline(struct hook *h, uint8_t *out, size_t n)
{
	const uint8_t *code = h->original;
	uint64_t addr = (uintptr_t)code;
	size_t left = 64;
	cs_insn *in;
	csh cs;

	if (cs_open(CS_ARCH_X86, CS_MODE_64, &cs) != CS_ERR_OK)
		fail("hook: no decoder");
	cs_option(cs, CS_OPT_DETAIL, CS_OPT_ON);
	in = cs_malloc(cs);
	h->trampoline = out;
	while (code < h->original + n) {
		if (!cs_disasm_iter(cs, &code, &left, &addr, in))
			fail("hook: unknown code");
		out = move_insn(in, out);
	}
	*out++ = 0xe9;
	put_rel32(out, code);
	cs_free(in, 1);
	cs_close(&cs);
}

static void protect(const struct hook *h, int prot)
{
	uintptr_t start = (uintptr_t)h->original & ~0xffful;

	if (mprotect((void *)start, 8192, prot))
		fail("hook: mprotect");
}

static void patch(const struct hook *h, const void *bytes, size_t n)
{
	protect(h, PROT_READ | PROT_WRITE | PROT_EXEC);
	memcpy(h->original, bytes, n);
	protect(h, PROT_READ | PROT_EXEC);
}

static void patch_jump(const struct hook *h, const void *to)
{
	uint8_t jump[5] = {0xe9};
	int64_t rel = (const uint8_t *)to - (h->original + 5);
	int32_t rel32 = (int32_t)rel;

	if (rel != rel32)
		fail("hook: too far");
	memcpy(jump + 1, &rel32, 4);
	patch(h, jump, sizeof(jump));
}

/* jmp *0(%rip), and the address behind it; FAR_SIZE bytes */
#define FAR_SIZE 14
static void put_far_jump(uint8_t *out, const void *to)
{
	static const uint8_t jump[6] = {0xff, 0x25};

	memcpy(out, jump, sizeof(jump));
	memcpy(out + sizeof(jump), &to, sizeof(to));
}

static void on_trap(int number, siginfo_t *info, void *context)
{
	greg_t *rip = &((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];

	(void)number;
	(void)info;
	for (int i = 0; i < N_HOOKS; i++)
		if (*rip - 1 == (greg_t)(uintptr_t)hooks[i].original)
			*rip = (greg_t)(uintptr_t)hooks[i].trampoline;
}

static void on_restore(int number)
{
	/* As a debugger writes: were the code's protection changed, the kernel would put the probes
	 * back. */
	int mem = open("/proc/self/mem", O_RDWR);

	(void)number;
	for (int i = 0; i < N_HOOKS; i++)
		if (pwrite(mem, hooks[i].head, HEAD, (off_t)(uintptr_t)hooks[i].original) != HEAD)
			fail("hook: cannot write");
	close(mem);
}

static void set_hook(int i, const char *how)
{
	struct hook *h = &hooks[i];
	uint8_t *trampoline = page + (size_t)i * SLOT, far[FAR_SIZE];

	if (!strcmp(how, "trap")) {
		make_trampoline(h, trampoline, 1);
		patch(h, "\xcc", 1);
	} else if (!strcmp(how, "jump")) {
		make_trampoline(h, trampoline, 5);
		patch_jump(h, h->replacement);
	} else if (!strcmp(how, "far")) {
		make_trampoline(h, trampoline, FAR_SIZE);
		put_far_jump(far, h->replacement);
		patch(h, far, sizeof(far));
	} else if (!strcmp(how, "hidden")) {
		make_trampoline(h, trampoline, 5);
		put_far_jump(trampoline + SLOT / 2, h->replacement);
		patch_jump(h, trampoline + SLOT / 2);
	} else if (!strcmp(how, "write")) {
		protect(h, PROT_READ | PROT_WRITE | PROT_EXEC);
	}
}

__attribute__((constructor)) static void set_hooks(void)
{
	static const char *const names[] = {"malloc", "calloc", "realloc", "free"};
	void *const replacements[] = {(void *)on_malloc, (void *)on_calloc, (void *)on_realloc,
				      (void *)on_free};
	struct sigaction action = {.sa_flags = SA_SIGINFO | SA_NODEFER};
	const char *how = getenv("HOOK");

	if (!how)
		return;
	for (int i = 0; i < N_HOOKS; i++) {
		hooks[i] = (struct hook){.name = names[i], .replacement = replacements[i]};
		hooks[i].original = dlsym(RTLD_NEXT, names[i]);
		memcpy(hooks[i].head, hooks[i].original, HEAD);
	}
	page = near_page(hooks[0].original);
	action.sa_sigaction = on_trap;
	sigaction(SIGTRAP, &action, NULL);
	action.sa_flags = 0;
	action.sa_handler = on_restore;
	sigaction(SIGURG, &action, NULL);
	for (int i = 0; i < N_HOOKS; i++)
		set_hook(i, how);
}
