# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the scripts share; to be sourced. A fresh machine has nothing but bash, coreutils and apt when this starts.

set -euo pipefail
# What apt installs goes before other versions of meson or python3 that a machine may have.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH LC_ALL=C.UTF-8
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

need_root() {
  ((EUID == 0)) || die 'needs root'
}

# The comment at the head of a script is its help.
show_help() {
  sed -n '3,/^$/s/^# \{0,1\}//p' "$0"
}

# quietly TEXT COMMAND...: one line; the output of the command only if it fails.
quietly() {
  local text=$1 log status=0 start=$SECONDS
  shift
  log=$(mktemp)
  printf '%s ... ' "$text"
  "$@" </dev/null >"$log" 2>&1 || status=$?
  if ((status == 0)); then
    printf 'done (%d s)\n' $((SECONDS - start))
  else
    printf 'failed:\n'
    cat "$log"
  fi
  rm -f "$log"
  return $status
}

# packages_of SECTION...: the names in these sections of the list.
packages_of() {
  local section
  for section in "$@"; do
    sed -n "/^\[$section\]\$/,/^\[/{/^[a-z]/p}" "$root/scripts/packages"
  done | sort -u
}

is_installed() {
  [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

apt_get() {
  DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 "$@"
}

# mask PACKAGE...: the services of those that are in the section `masked` do not start, now or at the next boot.
mask() {
  local package unit
  while IFS='=' read -r package unit; do
    unit=${unit:-$package}.service
    [[ " $* " == *" $package "* && ! -e /etc/systemd/system/$unit ]] || continue
    mkdir -p /etc/systemd/system
    ln -s /dev/null "/etc/systemd/system/$unit"
    printf '%s is for tests only: its service is masked (systemctl unmask %s)\n' "$package" "$unit"
  done < <(packages_of masked)
}

# fetch_packages TEXT PACKAGE...: by what is in the archive now.
fetch_packages() {
  quietly 'Updating the package lists' apt_get update
  quietly "Installing $1" apt_get install --no-install-recommends "${@:2}"
}

# install_packages SECTION...: those that are missing; says nothing if none is.
install_packages() {
  local package missing=()
  while read -r package; do
    is_installed "$package" || missing+=("$package")
  done < <(packages_of "$@")
  ((${#missing[@]})) || return 0
  mask "${missing[@]}"
  fetch_packages "${#missing[@]} packages" "${missing[@]}"
}

# Node.js. By command: a machine may have one that is no package of Debian.
install_npm() {
  local missing=()
  command -v node >/dev/null || missing+=(nodejs)
  command -v npm >/dev/null || missing+=(npm)
  ((${#missing[@]})) || return 0
  ((EUID == 0)) || die "needs ${missing[*]}: install them, or run this as root"
  fetch_packages "${missing[*]}" "${missing[@]}"
}

# install_modules WHAT DIRECTORY: what its package-lock.json says, if that has changed. npm ci starts from nothing, and
# is done when it has left the mark.
install_modules() {
  local mark=$2/node_modules/.lock-sum sum
  sum=$(cat "$2/package-lock.json" "$2/.npmrc" | sha256sum)
  [[ -f $mark && $(<"$mark") == "$sum" ]] && return
  quietly "Installing $1" npm --prefix "$2" ci
  printf '%s\n' "$sum" >"$mark"
}

# archive_source [OPTION OF TAR...]: all but what was made from it.
archive_source() {
  tar -C "$root" --exclude=./.git --exclude='./build*' --exclude=__pycache__ --exclude=node_modules "$@" -c .
}

# configure DIRECTORY [OPTION OF MESON SETUP...]: a directory that is configured keeps its options.
configure() {
  local directory=$1
  shift
  [[ -f $directory/build.ninja ]] || quietly 'Configuring' meson setup "$directory" "$root" "$@"
}

# build DIRECTORY [OPTION OF MESON SETUP...]: everything.
build() {
  configure "$@"
  quietly 'Building (some minutes the first time)' ninja -C "$1" -j "$(nproc)"
}

# run_tests DIRECTORY [ARGUMENT OF MESON TEST...]
run_tests() {
  local directory=$1
  shift
  rm -f "$directory"/meson-logs/testlog*.json
  meson test -C "$directory" --no-rebuild --print-errorlogs "$@"
}

# count_tests DIRECTORY: "PASSED FAILED" of the last run_tests; fails if nothing ran. All that did not pass failed, a
# skipped test too: everything that a test can need was installed.
count_tests() {
  /usr/bin/python3 - "$1"/meson-logs/testlog*.json <<'PYTHON'
import json, sys
results = [json.loads(line)["result"] for line in open(sys.argv[1], encoding="utf-8")]
passed = sum(result in ("OK", "EXPECTEDFAIL") for result in results)
print(passed, len(results) - passed)
sys.exit(not results)
PYTHON
}
