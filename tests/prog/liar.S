/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * liar - a malloc (ownalloc.c, renamed to own_*) whose code says what it does not do: the function
 * that it calls spoils a register that functions have to preserve. Where only the code is read, the
 * size seems to be in rbx when the pointer is known.
 */
	.text
	.globl malloc
	.type malloc, @function
	.balign 16
malloc:
	.cfi_startproc
	push %rbx
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset rbx, 0
	mov %rdi, %rbx
	call spoil
	test %rax, %rax
	je 1f
	nopl (%rax)
1:	pop %rbx
	.cfi_adjust_cfa_offset -8
	ret
	.cfi_endproc
	.size malloc, . - malloc

	.type spoil, @function
	.balign 16
spoil:
	.cfi_startproc
	sub $8, %rsp
	.cfi_adjust_cfa_offset 8
	call own_malloc@plt
	add $8, %rsp
	.cfi_adjust_cfa_offset -8
	inc %rbx
	ret
	.cfi_endproc
	.size spoil, . - spoil

	.section .note.GNU-stack, "", @progbits
