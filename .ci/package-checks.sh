# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The rungs of the packages; sourced by .ci/run after .ci/checks.sh.

: "${root:?}" "${work:?}"

# What scripts/install installs, but here no compiler may warn, nor lintian.
debian_package() {
  shellcheck "$root"/packaging/debian/{postinst,postrm}
  DEB_CXXFLAGS_APPEND=-Werror "$root/scripts/package" "$work/package"
  lintian --allow-root --fail-on error,warning "$work"/package/*.changes
}

# files_in LIST: MODE NAME of what both formats must hold alike, out of such a list on stdin. No documents and nothing
# that rpm adds, no directories but the one for the configuration, no .gz, as only one of them compresses man pages.
files_in() {
  sed -E '/ \/usr\/(share\/(doc|licenses)|lib\/\.build-id)(\/|$)/d; /^d.* \/etc\/vmac-mldfilter$/b; /^d/d; s/\.gz$//' |
    sort -k 2 >"$1"
}

# Needs the package of debian_package. --nodeps: the build dependencies have the names of Fedora.
rpm_package() {
  local top=$work/rpm version
  version=$(meson introspect --projectinfo "$root/meson.build" |
    /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["version"])')
  mkdir -p "$top/SOURCES"
  archive_source --transform="s,^\.,vmac-mldfilter-$version," -zf "$top/SOURCES/vmac-mldfilter-$version.tar.gz"
  rpmbuild -bb --nodeps --load="$root/packaging/rpm/macros.debian" --define="_topdir $top" \
    "$root/packaging/rpm/vmac-mldfilter.spec"
  dpkg-deb --contents "$work"/package/vmac-mldfilter_*.deb |
    awk '{ sub(/^\./, "", $6); sub(/\/$/, "", $6); print $1, $6 }' | files_in "$work/files.deb"
  rpm --query --queryformat='[%{FILEMODES:perms} %{FILENAMES}\n]' --package "$top"/RPMS/*/vmac-mldfilter-*.rpm |
    files_in "$work/files.rpm"
  diff -u "$work/files.deb" "$work/files.rpm"
}
