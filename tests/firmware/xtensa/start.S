/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Starts a program on QEMU's Xtensa machine `sim`, on cores without register windows. An exception ends it with 100 and the cause. */

    .section .vectors, "ax"
    .balign 1024
vectors:
    .org 0x30               /* exception in the kernel */
    rsr a3, exccause
    addi a3, a3, 100
    movi a2, 1              /* exit */
    .byte 0x00, 0x51, 0x00  /* simcall, which this core's assembler does not know */
    .org 0x50               /* exception of a program */
    rsr a3, exccause
    addi a3, a3, 100
    movi a2, 1
    .byte 0x00, 0x51, 0x00
    .org 0x70               /* exception in an exception */
    movi a3, 99
    movi a2, 1
    .byte 0x00, 0x51, 0x00

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
    .literal_position
    .balign 4
start:
    movi a2, 0x20           /* a program's exceptions, no interrupts */
    wsr a2, ps
    rsync
    movi a2, vectors
    wsr a2, vecbase
    rsync
    movi a1, stack_end
    movi a2, bss_start
    movi a3, bss_end
    movi a4, 0
1:  bgeu a2, a3, 2f
    s32i a4, a2, 0
    addi a2, a2, 4
    j 1b
2:  movi a8, main
    callx0 a8
    movi a8, _exit
    callx0 a8
3:  j 3b

    /* int sim_call(int number, int a, int b, int c): the arguments are where the simulator looks. */
    .globl sim_call
    .balign 4
sim_call:
    .byte 0x00, 0x51, 0x00
    ret

    .section .note.GNU-stack, "", @progbits
