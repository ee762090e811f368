# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# How a rung is run and counted, and the rungs themselves; sourced by .ci/run after scripts/lib.sh.

: "${root:?}"
passed=0 failed=0 status=0
work=$(mktemp -d /var/tmp/vmac-mldfilter-ci.XXXXXX)
clean_up() {
  local job
  for job in $(jobs -pr); do kill "$job" || :; done
  rm -rf "$work"
}
trap clean_up EXIT

# attempt TITLE COMMAND...: run it in a shell of its own that ends at the first error, show its output if it fails, and
# leave its exit status in $status. Not as a return value: in a condition, `set -e` would not work inside either.
attempt() {
  local title=$1 start=$SECONDS verdict=ok
  shift
  printf '== %s\n' "$title"
  set +e
  (
    set -e
    "$@"
  ) </dev/null >"$work/log" 2>&1
  status=$?
  set -e
  if ((status != 0)); then
    verdict=FAILED
    tail -n 2000 "$work/log"
  fi
  printf '== %s: %s, %d s\n\n' "$title" "$verdict" $((SECONDS - start))
}

# check TITLE COMMAND...: counts as one.
check() {
  attempt "$@"
  if ((status == 0)); then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}

# suite TITLE BUILD_DIRECTORY COMMAND...: each of its tests counts. A run that left no results, or that failed although
# no test did, counts as one that failed.
suite() {
  local title=$1 directory=$2 counts good bad
  shift 2
  rm -f "$directory"/meson-logs/testlog*.json
  attempt "$title" "$@"
  if counts=$(count_tests "$directory" 2>/dev/null); then
    read -r good bad <<<"$counts"
    passed=$((passed + good)) failed=$((failed + bad))
    if ((status != 0 && bad == 0)); then failed=$((failed + 1)); fi
  else
    failed=$((failed + 1))
  fi
}

# tally TITLE COMMAND...: what its last line says, "N passed, N failed", counts. One that ends without that line, or that
# failed although nothing did, counts as one that failed.
tally() {
  local good bad last
  attempt "$@"
  last=$(tail -n 1 "$work/log")
  if [[ $last =~ ^([0-9]+)' passed, '([0-9]+)' failed'$ ]]; then
    good=${BASH_REMATCH[1]} bad=${BASH_REMATCH[2]}
    passed=$((passed + good)) failed=$((failed + bad))
    if ((status != 0 && bad == 0)); then failed=$((failed + 1)); fi
  else
    failed=$((failed + 1))
  fi
}

# beside COMMAND...: run it while the rungs that follow run, which `tally TITLE its_end` then counts. For one that waits
# for most of its time.
beside() {
  rm -f "$work/beside-status"
  (
    code=0
    setpriv --pdeathsig TERM "$@" </dev/null >"$work/beside" 2>&1 || code=$?
    printf '%d\n' "$code" >"$work/beside-status"
  ) &
  beside=$!
}

its_end() {
  tail --pid="$beside" -f /dev/null  # no child of the shell that asks
  cat "$work/beside"
  return "$(<"$work/beside-status")"
}

# By Clang, which warns about other things than GCC, and takes half the time to build this. Looking whether an object is
# what it should be takes two descriptors, which some cases take away.
sanitized_tests() {
  CXX=clang++ build "$work/clang" -Dbuildtype=debug -Doptimization=1 -Dwerror=true \
    -Db_sanitize=address,undefined -Db_lundef=false -Dcpp_args=-fno-sanitize=vptr
  run_tests "$work/clang" --timeout-multiplier 4 --no-suite bare
}

formatted() {
  find "$root/src" "$root/tests" "$root/bench" -name '*.[ch]pp' -print0 | xargs -0 clang-format --dry-run --Werror
}

# Each file that it looks at it names, with what it was started with: too much to find in it what is wrong.
tidy() {
  run-clang-tidy -quiet -j "$(nproc)" -p "$work/clang" "^$root/(src|tests)/" >"$work/tidy" 2>&1 || {
    grep --text --after-context 4 ': error: ' <(sed 's/\x1b\[[0-9;]*m//g' "$work/tidy") || tail -n 50 "$work/tidy"
    return 1
  }
}

# What neither compiler sees. It has every path through our own headers; those of others it does without.
cppcheck_is_content() {
  cppcheck --enable=warning,performance,portability --error-exitcode=1 --quiet -j "$(nproc)" --language=c++ --std=c++20 \
    --library=googletest -I "$root/src" "$root/src" "$root/tests/unit"
}

# scripts_in LANGUAGE: the files of the repository whose first line names it.
scripts_in() {
  # shellcheck disable=SC2016 # these are awk's
  find "$root" \( -name .git -o -name node_modules -o -path "$root/build*" -o -path "$root/cockpit/dist" \) -prune -o \
    -type f -print0 |
    xargs -0 awk -v language="$1" 'FNR == 1 { if (/^#!/ && $0 ~ language) print FILENAME; nextfile }'
}

scripts_are_clean() {
  local bash python
  mapfile -t bash < <(scripts_in bash)
  mapfile -t python < <(scripts_in python3)
  printf '%s\n' "${bash[@]}" "${python[@]}"
  shellcheck "${bash[@]}" "$root/scripts/lib.sh" "$root"/.ci/*.sh "$root"/completions/*.bash
  /usr/bin/python3 -W error - "${python[@]}" <<'PYTHON'
import sys
for name in sys.argv[1:]:
    with open(name, encoding="utf-8") as script:
        compile(script.read(), name, "exec")
PYTHON
}

xml_is_valid() {
  xmllint --noout --nonet "$root"/dbus/*.xml "$root"/dbus/*.conf "$root"/polkit/*.policy
  xmllint --noout --nonet --dtdvalid /usr/share/polkit-1/policyconfig-1.dtd "$root"/polkit/*.policy
}

systemd_accepts() {
  local tree=$work/tree complaints
  local units=(vmac-mldfilter{,-restore,-metrics}.service vmac-mldfilter-metrics.timer)
  dpkg-deb --extract "$work"/package/vmac-mldfilter_*.deb "$tree"
  systemd-sysusers --root="$tree" --dry-run vmac-mldfilter.conf
  install -D /bin/sh "$tree/bin/sh"  # for ExecReload=
  cp -a /lib/systemd/system/*.target "$tree/lib/systemd/system/"  # what units start after
  # What they find wrong is in what they say, not always in their exit status.
  complaints=$(
    journalctl --root="$tree" --update-catalog 2>&1 || echo 'bad catalog'
    systemd-analyze verify --man=no --root="$tree" "${units[@]}" 2>&1 || echo 'bad unit'
  )
  printf '%s\n' "$complaints"
  [[ -z $complaints ]]
}
