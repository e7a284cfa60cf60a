# shellcheck shell=bash
# Sourced by the scripts: stands in the root of the checkout and knows where scripts/bootstrap put
# the toolchain.

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
# shellcheck disable=SC2034 # for those that source this
repository=$PWD
turbo_cache="${XDG_CACHE_HOME:-$HOME/.cache}/turbo"
toolchain="$turbo_cache/toolchain.env"
if [[ ! -r $toolchain ]]; then
  echo "$0: run scripts/bootstrap first" >&2
  exit 1
fi
# shellcheck disable=SC1090 # written by scripts/bootstrap
source "$toolchain"

# The sources that git tracks or would track, of the given patterns, as they are in the working
# tree.
sources() {
  local file
  git ls-files --cached --others --exclude-standard -- "$@" | sort -u | while read -r file; do
    if [[ -f $file ]]; then echo "$file"; fi
  done
}

# llvm_tool NAME: clang-tidy or clang-format of the version that scripts/bootstrap installs, or a
# newer one.
llvm_tool() {
  local version
  for version in 16 17 18 19 20 21; do
    if command -v "$1-$version"; then return; fi
  done
  echo "$0: no $1 here: run scripts/bootstrap lint" >&2
  return 1
}
