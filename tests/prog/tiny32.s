# SPDX-License-Identifier: GPL-2.0-or-later
# tiny32 - a 32-bit program that waits 30 seconds for a signal.
	.globl _start
	.text
_start:
	movl $30, %ecx
next:
	pushl %ecx
	movl $162, %eax		# nanosleep
	movl $second, %ebx
	xorl %ecx, %ecx
	int $0x80
	popl %ecx
	decl %ecx
	jnz next
	movl $1, %eax		# exit
	xorl %ebx, %ebx
	int $0x80
	.data
second:	.long 1, 0
