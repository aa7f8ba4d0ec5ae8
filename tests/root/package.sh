#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# package - what "make deb" builds is installed by dpkg into a root that holds nothing but what the package
# depends on, works there, and leaves nothing behind when it is purged.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

root=$WORK/root
debs=$TOP/build/debs # downloaded once
admin=$root/var/lib/dpkg

for tool in dpkg-deb dpkg-shlibdeps apt-get unshare; do
	if ! command -v $tool >/dev/null; then
		skip package "there is no $tool"
		finish
	fi
done

export SOURCE_DATE_EPOCH=1700000000 # where there is no git, the time would be now

tree_state()
{
	git status --porcelain 2>/dev/null
}

before=$(tree_state)
if ! package=$(make -s deb 2>"$WORK/make.log"); then
	fail build "make deb: $(tail -n 3 "$WORK/make.log")"
	finish
fi
package=$TOP/$(tail -n 1 <<<"$package")
if [ "$(tree_state)" = "$before" ]; then
	pass build "$(basename "$package"); the tree is as it was"
else
	fail build "make deb has changed the tree: $(tree_state | head -n 3)"
fi
sum=$(sha256sum <"$package")
make -s deb >/dev/null 2>&1
if [ "$(sha256sum <"$package")" = "$sum" ]; then
	pass reproducible "built again it is the same"
else
	fail reproducible "built again it is another one"
fi

# apt_of_nothing ARGS...: with the package, on a system where nothing is installed. Downloads go into $debs.
apt_of_nothing()
{
	apt-get -qq -y -o "Dir::State::status=$WORK/nothing/status" -o "Dir::Cache::archives=$debs/" \
		-o "Dir::Cache::pkgcache=$WORK/nothing/pkgcache" -o "Dir::Cache::srcpkgcache=$WORK/nothing/srcpkgcache" \
		-o APT::Sandbox::User=root \
		-o APT::Install-Recommends=false -o APT::Install-Suggests=false "$@" "$package" 2>>"$WORK/apt.log"
}

# What apt would install besides: "NAME VERSION".
closure()
{
	apt_of_nothing -s install | sed -nE 's/^Inst ([^ :]+)(:[^ ]+)? \(([^ ]+) .*/\1 \3/p' | grep -v '^memleak-bpf '
}

# Lists that are missing or older than what the mirror has: once more with new ones.
get_closure()
{
	mkdir -p "$WORK/nothing" "$debs/partial"
	: >"$WORK/nothing/status"
	: >"$WORK/apt.log"
	if ! needed=$(closure) || ! apt_of_nothing --download-only install >/dev/null; then
		apt-get -qq update >>"$WORK/apt.log" 2>&1
		needed=$(closure) && apt_of_nothing --download-only install >/dev/null
	fi
}

if ! get_closure; then
	# without addresses: those of a mirror are nobody's business
	skip package "apt does not get what it depends on: $(sed 's|[a-z]*://[^ ]*|...|g' "$WORK/apt.log" | tail -n 1)"
	finish
fi

# They are unpacked, and dpkg is told that they are installed: their own scripts would want a shell and more,
# which would hide what the package itself forgets to ask for.
mkdir -p "$admin"/{info,updates,triggers} "$root"/{proc,sys,dev} "$root"/usr/{bin,sbin,lib,lib64} "$root$WORK" "$root$PROG"
ln -s usr/bin usr/sbin usr/lib usr/lib64 "$root"
: >"$root/usr/bin/another" # dpkg takes directories away that nothing is left in
: >"$admin/available"
while read -r name version; do
	deb=$(find "$debs" -name "${name}_${version/:/%3a}_*.deb" | head -n 1)
	if [ -z "$deb" ] || ! dpkg-deb --fsys-tarfile "$deb" | tar -C "$root" --keep-directory-symlink -xf -; then
		fail package "$name $version is not where apt should have put it"
		finish
	fi
	dpkg-deb -f "$deb" | sed "1a\\
Status: install ok installed"
	echo
	id=$name
	[ "$(dpkg-deb -f "$deb" Multi-Arch)" != same ] || id=$name:$(dpkg-deb -f "$deb" Architecture)
	dpkg-deb --fsys-tarfile "$deb" | tar -t | sed 's|^\.||; s|/$||; s|^$|/.|' >"$admin/info/$id.list"
done <<<"$needed" >"$admin/status"

# Not dpkg's own files: it writes them anew.
contents()
{
	(cd "$root" && find . -path ./var/lib/dpkg -prune -o ! -type d -printf '%p %m %s %l\n' -o -printf '%p %m\n' | sort)
}

installs()
{
	dpkg --root="$root" --log=/dev/null -i "$package" >"$WORK/dpkg.log" 2>&1
}

# It asks for what it needs: where one of them lacks it is refused.
contents >"$WORK/clean"
cp "$admin/status" "$WORK/status"
sed '/^Package: libelf1/,/^$/d' "$WORK/status" >"$admin/status"
if cmp -s "$WORK/status" "$admin/status"; then
	fail depends "libelf1 is not among what it depends on"
elif installs; then
	fail depends "it is installed where libelf1 lacks"
elif ! grep -q 'memleak-bpf depends on libelf1' "$WORK/dpkg.log"; then
	fail depends "$(tail -n 3 "$WORK/dpkg.log")"
else
	pass depends "it is refused where libelf1 lacks"
fi
cp "$WORK/status" "$admin/status"
if installs; then
	pass install "on a root of $(wc -l <<<"$needed") packages"
else
	fail install "$(tail -n 3 "$WORK/dpkg.log")"
	finish
fi

# "inside COMMAND...": in that root, with this kernel's files. The mounts are seen by the command alone, so
# that nothing which cleans up can run into them.
cat >"$WORK/inside" <<END
#!/bin/sh
exec unshare --mount --propagation private sh -c '
	for dir in proc sys dev; do mount --rbind /\$dir $root/\$dir || exit 125; done
	mount --bind "$WORK" "$root$WORK" && mount --bind "$PROG" "$root$PROG" || exit 125
	exec chroot $root "\$@"' sh "\$@"
END
cat >"$WORK/tool" <<END
#!/bin/sh
exec "$WORK/inside" memleak-bpf "\$@"
END
chmod +x "$WORK/inside" "$WORK/tool"
TOOL=$WORK/tool

version=$(dpkg-deb -f "$package" Version)
if "$TOOL" --version 2>"$WORK/log" | grep -qx "memleak-bpf $version"; then
	pass version "$version runs there"
else
	fail version "$(head -n 3 "$WORK/log")"
fi
started started "$PROG/heap"
new_case attached
if start_target "$WORK/inside" "$PROG/heap"; then
	attach_and_compare attached
else
	fail_case attached "the program does not run: $(head -c 200 "$CASE/output")"
fi

# What comes with it, by dpkg's own account.
installed=$(dpkg --root="$root" -L memleak-bpf)
missing=
for file in bin/memleak-bpf share/man/man8/memleak-bpf.8.gz share/memleak-bpf/report.schema.json \
	share/bash-completion/completions/memleak-bpf share/zsh/vendor-completions/_memleak-bpf \
	share/fish/vendor_completions.d/memleak-bpf.fish share/doc/memleak-bpf/copyright \
	share/doc/memleak-bpf/changelog.gz; do
	{ grep -qx "/usr/$file" <<<"$installed" && [ -s "$root/usr/$file" ]; } || missing+=" $file"
done
if [ -z "$missing" ] && dpkg --root="$root" -V memleak-bpf >"$WORK/verify" 2>&1 && [ ! -s "$WORK/verify" ]; then
	pass files "manual page, completion, schemas; as packed"
else
	fail files "missing:$missing; changed: $(head -n 3 "$WORK/verify")"
fi
manual=$(zcat "$root/usr/share/man/man8/memleak-bpf.8.gz")
if grep -q '/usr/share/memleak-bpf' <<<"$manual" && ! grep -q /usr/local <<<"$manual"; then
	pass manual "says where the package has its files"
else
	fail manual "names other directories than the package's"
fi

dpkg --root="$root" --log=/dev/null -P memleak-bpf >"$WORK/dpkg.log" 2>&1
contents >"$WORK/purged"
if ! grep -q '^Package: memleak-bpf$' "$admin/status" && diff "$WORK/clean" "$WORK/purged" >"$WORK/diff"; then
	pass purge "nothing stays behind"
else
	fail purge "left behind: $(head -n 5 "$WORK/diff") $(tail -n 2 "$WORK/dpkg.log")"
fi
finish
