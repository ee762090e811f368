# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Trees of a Debian release, made once and cached in /var/cache/vmac-mldfilter; to be sourced after scripts/lib.sh.

: "${root:?}"
tree_cache=/var/cache/vmac-mldfilter

# make_tree RELEASE SECTION...: a tree of this release with the packages of these sections of scripts/packages, whose
# path it leaves in $tree. Nobody may write to it: put an overlay above. The list of packages is the key: another list,
# another tree, which replaces the former one of the same release and sections.
make_tree() {
  local release=$1 lock
  shift
  install_packages tree
  mkdir -p "$tree_cache"
  exec {lock}>"$tree_cache/lock"
  flock "$lock"  # somebody else may be making the same one
  make_tree_alone "$release" "$@"
  exec {lock}>&-
}

make_tree_alone() {
  local release=$1 purpose packages making
  shift
  purpose=$(IFS=+ && printf '%s' "$release.$*")
  packages=$(packages_of "$@" | paste -sd,)
  tree=$tree_cache/$purpose.$(sha256sum <<<"$packages" | cut -c1-12)
  [[ ! -d $tree ]] || return 0
  rm -rf --one-file-system "$tree_cache/$purpose".* "$tree_cache"/making.*
  making=$(mktemp -d "$tree_cache/making.XXXXXX")
  quietly "Making a tree of $release for $*" \
    mmdebstrap --variant=minbase --include="$packages" "$release" "$making/tree"
  mv "$making/tree" "$tree"
  rmdir "$making"
}

# mount_tree TREE DIRECTORY: a copy of the tree in DIRECTORY/root that can be written to, with /proc and so on; for
# chroot, in mount and process namespaces of one's own. What changes goes to memory: it is gone when that ends, and an
# overlay cannot write to another overlay.
mount_tree() {
  local new=$2/root
  mount -t tmpfs -o mode=0755 tree "$2"
  mkdir "$2"/{upper,work,root}
  mount -t overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" overlay "$new"
  mount -t proc proc "$new/proc"
  mount --rbind /sys "$new/sys"
  mount --rbind /dev "$new/dev"
  mount -t tmpfs -o mode=0755 run "$new/run"
}
