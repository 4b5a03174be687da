/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* An object file whose function is given other names. */
int main(void)
{
	return 0;
}
