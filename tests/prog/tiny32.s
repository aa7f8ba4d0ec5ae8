# SPDX-License-Identifier: GPL-2.0-or-later
# tiny32 - a 32-bit program that waits 30 seconds for a signal; with arguments it ends with 5.
	.globl _start
	.text
_start:
	movl $5, %ebx
	cmpl $1, (%esp)
	jg end
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
	xorl %ebx, %ebx
end:	movl $1, %eax		# exit
	int $0x80
	.data
second:	.long 1, 0
