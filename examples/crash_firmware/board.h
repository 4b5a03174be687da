/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Boards of qemu: arm64 `virt` and mips `malta`. */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

static inline volatile uint32_t *board_word(uintptr_t addr)
{
	return (volatile uint32_t *)addr;
}

#ifdef __aarch64__

#define UART 0x09000000u /* PL011: UARTDR, UARTFR.TXFF */
static inline void board_put(char c)
{
	while (*board_word(UART + 0x18) & 0x20)
		;
	*board_word(UART) = (uint8_t)c;
}

/* PSCI 5.1, SYSTEM_OFF */
static inline void board_off(void)
{
	__asm__ volatile("mov x0, %0\nhvc #0" ::"r"(0x84000008ull) : "x0");
	for (;;)
		;
}

#else /* mips */

/* 16550 at I/O port 0x3f8 of the PCI bus, uncached: THR, LSR.THRE */
#define UART 0xb80003f8u
#define SOFTRES 0xbf000500u /* of the board's FPGA */

static inline void board_put(char c)
{
	volatile uint8_t *uart = (volatile uint8_t *)UART;

	while (!(uart[5] & 0x20))
		;
	uart[0] = (uint8_t)c;
}

static inline void board_off(void)
{
	*board_word(SOFTRES) = 0x42;
	for (;;)
		;
}

#endif
#endif
