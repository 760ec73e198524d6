/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Starts a program on QEMU's Xtensa machine `sim`, on a core with register windows: with the handlers that spill and fill them, as the ABI has
 * them. Any other exception ends it with 100 and the cause.
 */
    .section .vectors, "ax"
    .balign 1024
vectors:
    .org 0x00               /* overflow of a window of 4 */
    s32e a0, a5, -16
    s32e a1, a5, -12
    s32e a2, a5, -8
    s32e a3, a5, -4
    rfwo
    .org 0x40               /* underflow of 4 */
    l32e a0, a5, -16
    l32e a1, a5, -12
    l32e a2, a5, -8
    l32e a3, a5, -4
    rfwu
    .org 0x80               /* overflow of 8 */
    s32e a0, a9, -16
    l32e a0, a1, -12
    s32e a1, a9, -12
    s32e a2, a9, -8
    s32e a3, a9, -4
    s32e a4, a0, -32
    s32e a5, a0, -28
    s32e a6, a0, -24
    s32e a7, a0, -20
    rfwo
    .org 0xC0               /* underflow of 8 */
    l32e a0, a9, -16
    l32e a1, a9, -12
    l32e a2, a9, -8
    l32e a7, a1, -12
    l32e a3, a9, -4
    l32e a4, a7, -32
    l32e a5, a7, -28
    l32e a6, a7, -24
    l32e a7, a7, -20
    rfwu
    .org 0x100              /* overflow of 12 */
    s32e a0, a13, -16
    l32e a0, a1, -12
    s32e a1, a13, -12
    s32e a2, a13, -8
    s32e a3, a13, -4
    s32e a4, a0, -48
    s32e a5, a0, -44
    s32e a6, a0, -40
    s32e a7, a0, -36
    s32e a8, a0, -32
    s32e a9, a0, -28
    s32e a10, a0, -24
    s32e a11, a0, -20
    rfwo
    .org 0x140              /* underflow of 12 */
    l32e a0, a13, -16
    l32e a1, a13, -12
    l32e a2, a13, -8
    l32e a11, a1, -12
    l32e a3, a13, -4
    l32e a4, a11, -48
    l32e a5, a11, -44
    l32e a6, a11, -40
    l32e a7, a11, -36
    l32e a8, a11, -32
    l32e a9, a11, -28
    l32e a10, a11, -24
    l32e a11, a11, -20
    rfwu
    .org 0x300              /* exception in the kernel */
    rsr a3, exccause
    addi a3, a3, 100
    movi a2, 1              /* exit */
    .byte 0x00, 0x51, 0x00  /* simcall */
    .org 0x340              /* exception of a program */
    rsr a3, exccause
    addi a3, a3, 100
    movi a2, 1
    .byte 0x00, 0x51, 0x00
    .org 0x3C0              /* exception in an exception */
    movi a3, 99
    movi a2, 1
    .byte 0x00, 0x51, 0x00
    .org 0x400

    .section .reset, "ax"
    .globl reset
reset:
    j 1f
    .balign 4
.Lstart:
    .long start
1:  l32r a0, .Lstart
    jx a0

    .text
    .balign 4
.Lvectors:
    .long vectors
.Lstack_end:
    .long stack_end
.Lbss_start:
    .long bss_start
.Lbss_end:
    .long bss_end
.Lprogram_state:
    .long 0x40000           /* windows on; no interrupts */
.Lmain:
    .long main
.Lexit:
    .long _exit
start:
    movi a0, 0
    movi a2, 1
    wsr a2, windowstart
    movi a2, 0
    wsr a2, windowbase
    rsync
    l32r a2, .Lprogram_state
    wsr a2, ps
    rsync
    l32r a2, .Lvectors
    wsr a2, vecbase
    rsync
    l32r a1, .Lstack_end
    l32r a2, .Lbss_start
    l32r a3, .Lbss_end
    movi a4, 0
1:  bgeu a2, a3, 2f
    s32i a4, a2, 0
    addi a2, a2, 4
    j 1b
2:  l32r a8, .Lmain
    callx8 a8
    l32r a8, .Lexit
    callx8 a8
3:  j 3b

    /* int sim_call(int number, int a, int b, int c): the arguments are where the simulator looks. */
    .globl sim_call
    .balign 4
sim_call:
    entry a1, 32
    .byte 0x00, 0x51, 0x00
    retw

    .section .note.GNU-stack, "", @progbits
