# SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause
# kernels.sh - the kernels of guests, for run.sh and check.sh, which have $work and
# stand in the top directory. `kernel NAME` prints the file, `kernel_config NAME` that
# of its options.
#
#   mipsel arm64 arm64-5.10 x86_64-5.10 x86_64-6.1 x86_64-6.12   Debian's
#   mips mips-5.10 mips-bare   big-endian, built from linux-source by kernel-be.sh;
#                              mips-bare has neither BPF, nor perf events, nor uprobes
#
# mips is $GUEST_KERNEL_BE where that is set (.xz accepted; "none" leaves it out), and
# mips-5.10 and mips-bare are likewise $GUEST_KERNEL_BE_5_10, $GUEST_KERNEL_BARE.
# Kernels are kept in build/cache/guests/kernels with their SHA-256; DWUNW_OFFLINE=1
# neither fetches nor builds.

export DWUNW_CACHE="${DWUNW_CACHE:-$PWD/build/cache}/guests"
kernels=$DWUNW_CACHE/kernels
mkdir -p "$kernels"

# The package that Debian's name for the newest kernel stands for.
newest() {
	lists=$DWUNW_CACHE/apt-$1${DWUNW_SUITE:+-$DWUNW_SUITE}
	if [ -z "$(find "$lists/updated" -mtime -1 2>/dev/null)" ]; then
		scripts/apt-private "$lists" "$1" apt-get -q update \
			>"$work/log" 2>&1 || return 1
		touch "$lists/updated"
	fi
	scripts/apt-private "$lists" "$1" apt-cache depends "$2:$1" |
		sed -n 's/^ *Depends: *\(linux-image-[^: ]*\).*/\1/p' |
		head -n 1
}

# kernel_from_debian NAME ARCHITECTURE PACKAGE SUFFIX [SUITE] - fetches $kernels/NAME,
# and NAME.config, whose first line is its release: "# release 6.1.0-41-cloud-amd64".
kernel_from_debian() {
	into=$kernels/$1
	shift
	(
		export DWUNW_SUITE="${4:-}"
		name=$(newest "$1" "$2")
		[ -n "$name" ] || exit 1
		tree=$(tests/cross/package "$1" "$name$3") || exit 1
		cp "$tree"/boot/vmlinuz-* "$into.new" || exit 1
		{
			echo "# release ${name#linux-image-}"
			cat "$tree"/boot/config-*
		} >"$into.config" || exit 1
		rm -rf "$tree" # 200 MB of modules
	) && mv "$into.new" "$into"
}

# What the variable of a kernel says; 1: nothing, "none" or a file that is not one.
given_kernel() {
	case $1 in
	mips) given=${GUEST_KERNEL_BE:-} ;;
	mips-5.10) given=${GUEST_KERNEL_BE_5_10:-} ;;
	mips-bare) given=${GUEST_KERNEL_BARE:-} ;;
	*) given= ;;
	esac
	case $given in
	'' | none) return 1 ;;
	*.xz) xz -dc "$given" >"$work/vmlinux" || return 1 ;;
	*) cp "$given" "$work/vmlinux" || return 1 ;;
	esac
	echo "$work/vmlinux"
}

# Prints the kernel of that name, fetched or built if need be.
kernel() {
	given_kernel "$1" && return
	[ -z "$given" ] || return 1
	file=$kernels/$1
	if [ -f "$file" ] &&
		(cd "$kernels" && sha256sum -c --quiet "$1.sha256" >&2); then
		echo "$file"
		return
	fi
	[ "${DWUNW_OFFLINE:-0}" != 1 ] || return 1
	case $1 in
	mipsel) kernel_from_debian mipsel mipsel linux-image-4kc-malta '' ;;
	arm64) kernel_from_debian arm64 arm64 linux-image-cloud-arm64 -unsigned ;;
	arm64-5.10) kernel_from_debian "$1" arm64 linux-image-cloud-arm64 '' \
		bullseye ;;
	x86_64-5.10) kernel_from_debian "$1" amd64 linux-image-cloud-amd64 '' \
		bullseye ;;
	x86_64-6.1) kernel_from_debian "$1" amd64 linux-image-cloud-amd64 '' ;;
	x86_64-6.12) kernel_from_debian "$1" amd64 linux-image-cloud-amd64 '' \
		bookworm-backports ;;
	mips) tests/guests/kernel-be.sh "$file" ;;
	mips-5.10) tests/guests/kernel-be.sh "$file" 5.10 ;;
	mips-bare) tests/guests/kernel-be.sh "$file" 6.1 bare ;;
	esac >&2 || return 1
	(cd "$kernels" && sha256sum "$1" >"$1.sha256")
	echo "$file"
}

# Prints the file of that kernel's options, if there is one: a kernel that was fetched
# before these were kept has none, nor has one that was given without.
kernel_config() {
	config=$kernels/$1.config
	if given_kernel "$1" >"$work/given"; then
		config=${given%.xz}.config
	fi
	[ ! -f "$config" ] || echo "$config"
}
