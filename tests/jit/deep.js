// SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
// Twenty calls deep, it waits for a byte.
const fs = require('fs');

function deep(n) {
	return n ? deep(n - 1) + 1 : rest();
}

function rest() {
	fs.writeSync(1, 'ready\n');
	return fs.readSync(0, Buffer.alloc(1));
}

deep(20);
