/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* Another program than the one whose core file it is. */
int main(void)
{
	return 0;
}
