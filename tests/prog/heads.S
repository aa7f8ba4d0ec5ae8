/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * heads - functions of an allocator (ownalloc.c, renamed to own_*) that begin in ways that are hard to
 * probe. With ALL_REFUSED, one begins in a way that cannot be probed at all.
 */
	.text

.macro function name
	.globl \name
	.type \name, @function
	.balign 16
\name:
	.cfi_startproc
.endm

.macro end name
	.cfi_endproc
	.size \name, . - \name
.endm

/* The best place, a nop, is passed three times by each call. */
function malloc
	movl $3, %eax
1:	nop
	decl %eax
	jnz 1b
	jmp own_malloc
end malloc

/* The kernel refuses to probe an instruction with a lock prefix; the nop is passed twice. */
function free
	lock incq counter(%rip)
	movl $2, %eax
1:	nop
	decl %eax
	jnz 1b
	jmp own_free
end free

/* A reserved nop (Intel SDM vol. 2, table A-3), which decoders need not know. */
function calloc
	.byte 0x0f, 0x1c, 0xc1
	jmp own_calloc
end calloc

function realloc
	lock incq counter(%rip)
#ifdef ALL_REFUSED
1:	lock incq counter(%rip)
	jz 1b
#endif
	jmp own_realloc
end realloc

/* A computed jump: who knows where it leads. */
function memalign
	movl $1, %eax
	leaq own_memalign(%rip), %r11
	nop
	jmp *%r11
end memalign

/* Bytes that are no code, which nobody reaches. */
function aligned_alloc
	jmp 1f
	.byte 0x06, 0x06
1:	jmp own_aligned_alloc
end aligned_alloc

function posix_memalign
	endbr64
	lock incq counter(%rip)
	jmp own_posix_memalign
end posix_memalign

function reallocarray
	rep
	nop
	jmp own_reallocarray
end reallocarray

function valloc
	xchg %ax, %ax
	jmp own_valloc
end valloc

	.local counter
	.comm counter, 8, 8
	.section .note.GNU-stack, "", @progbits
