# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# Places in svc.cc's code, by objdump, nm and readelf.
package Places;
use strict;
use warnings;
use Live ();

our $svc = "$Live::build/tests/count/svc";
our $stripped = "$svc-stripped"; # the same code

# Of its executable segment: what an address is more than its offset.
sub more_of {
	my ($off, $vaddr) = qx{readelf -lW $_[0]} =~
	    /LOAD +(0x\w+) (0x\w+) 0x\w+ 0x\w+ 0x\w+ R E/;
	return hex($vaddr) - hex($off);
}

# Functions of a file that have a size: [start, [offsets of its instructions]]. Behind
# them is padding.
sub functions_of {
	my ($file) = @_;
	my $more = more_of($file);
	my (@functions, %size);
	for (qx{nm -S $file}) {
		$size{hex($1) - $more} = hex $2 if /^(\w+) (\w+) [tTWi] /;
	}
	for (qx{objdump -dw --no-show-raw-insn -j .text $file}) {
		push @functions, [hex($1) - $more, []] if /^([0-9a-f]+) <.*>:$/;
		push @{$functions[-1][1]}, hex($1) - $more if /^ +([0-9a-f]+):\t/;
	}
	for (@functions) {
		my ($start, $at) = @$_;
		@$at = grep { $_ < $start + ($size{$start} // 0) } @$at;
	}
	return grep { @{$_->[1]} > 1 } @functions;
}

# Offsets of app::Handler::handle, of its first instruction of several bytes behind
# the first one, and one within that.
sub of_handle {
	my ($at) = qx{nm $svc} =~ /^0*(\w+) T _ZNK3app7Handler6handleEi$/m;
	my $start = hex($at) - more_of($svc);
	my ($function) = grep { $_->[0] == $start } functions_of($svc);
	my @insns = @{$function->[1]};
	my $i = 1;
	$i++ while $insns[$i + 1] - $insns[$i] < 2;
	return map { sprintf('0x%x', $_) } $start, $insns[$i], $insns[$i] + 1;
}

sub of_data {
	my ($data) = qx{readelf -SW $svc} =~ / \.data +PROGBITS +\w+ (\w+)/;
	return sprintf('0x%x', hex $data);
}

1;
