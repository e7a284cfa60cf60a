# shellcheck shell=bash
# The interpreters that turbo's workers are linked to: one with the GIL (3.14) and one without
# (3.14t), found on the machine or built from one source with the same flags. Others that the user
# names come on top.

python_version=3.14.4
python_sha256=d923c51303e38e249136fc1bdf3568d56ecb03214efdef48516176d3d7faaef8
# Raise it when the flags below change: interpreters built by an older recipe are then built again.
python_recipe=2
python_minimum=3.13

python_build_packages=(
  libssl-dev libffi-dev zlib1g-dev libbz2-dev liblzma-dev libzstd-dev libsqlite3-dev uuid-dev
  libreadline-dev libncurses-dev libgdbm-dev
)

# probe_python COMMAND: prints "tag version gil|nogil executable" of an interpreter that can be
# embedded, or "refused" and the reason why it cannot. A virtualenv's interpreter stands for the one
# that it was made from.
probe_python() {
  timeout 20 "$1" -I - "$python_minimum" 2>/dev/null <<'PYTHON' || echo "refused it does not run"
import os, sys, sysconfig

def refuse(reason):
    print("refused", reason)
    sys.exit(0)

get = sysconfig.get_config_var
minimum = tuple(map(int, sys.argv[1].split(".")))
if sys.implementation.name != "cpython" or sys.version_info < minimum:
    refuse(f"it is {sys.implementation.name} {sys.version.split()[0]}; {sys.argv[1]} is needed")
if not os.path.exists(os.path.join(get("INCLUDEPY"), "Python.h")):
    refuse("it has no headers (Python.h)")
library = os.path.join(get("LIBDIR"), get("LDLIBRARY") or "")
if not get("Py_ENABLE_SHARED") or not os.path.exists(library):
    refuse("it has no shared libpython")
free_threaded = bool(get("Py_GIL_DISABLED"))
tag = sys.implementation.cache_tag + ("t" if free_threaded else "")
version = ".".join(map(str, sys.version_info[:3]))
executable = getattr(sys, "_base_executable", "") or sys.executable
print(tag, version, "nogil" if free_threaded else "gil", executable)
PYTHON
}

# consider COMMAND ORIGIN MODE: fills the empty role that this interpreter fits, or fails with
# `refusal` set. Roles are in the associative arrays `interpreters` (gil, nogil: an executable) and
# `origins`. What the user named (mode `named`) may be of another version than ours: it then goes to
# `extra_interpreters`.
consider() {
  local command=$1 origin=$2 mode=$3 answer tag version role executable
  answer=$(probe_python "$command")
  if [[ $answer != cpython-* ]]; then
    refusal="${answer#refused }"
    return 1
  fi
  IFS=' ' read -r tag version role executable <<<"$answer"
  if [[ $version == "${python_version%.*}".* ]]; then
    [[ -z ${interpreters[$role]:-} ]] || return 0
    interpreters["$role"]=$executable
    origins["$role"]="$version, $origin"
  elif [[ $mode == named && " ${extra_interpreters[*]} " != *" $executable "* ]]; then
    extra_interpreters+=("$executable")
    say "also for ${executable} ($tag), $origin"
  fi
}

# python_directory ROLE: where the build of that role lives.
python_directory() {
  local suffix=
  [[ $1 == gil ]] || suffix=t
  [[ -z ${TURBO_PYTHON_PGO:-} ]] || suffix+=-pgo
  echo "$turbo_cache/python/$python_version$suffix"
}

# Where the source is kept: the tarball that the checksum names, or one that the package archive
# offers and vouches for.
python_tarball="$downloads/Python-$python_version.tar.xz"
python_archive_tarball="$downloads/Python-${python_version%.*}-from-archive.tar.xz"

have_python_source() {
  checksum "$python_tarball" "$python_sha256" || [[ -e $python_archive_tarball ]]
}

# From python.org, else this version from the machine's package archive, else the archive's newest.
fetch_python_source() {
  local uri suite work
  mkdir -p "$downloads"
  echo "trying python.org"
  curl --fail --silent --show-error --location --connect-timeout 5 --retry 1 \
    --output "$python_tarball" \
    "https://www.python.org/ftp/python/$python_version/Python-$python_version.tar.xz" || true
  checksum "$python_tarball" "$python_sha256" && return 0
  uri=$(archive_uri)
  [[ -n $uri ]] || return 1
  echo "trying the package archive of this machine"
  /usr/lib/apt/apt-helper download-file \
    "$uri/pool/main/p/python3.14/python3.14_$python_version.orig.tar.xz" "$python_tarball" \
    "SHA256:$python_sha256" || true
  checksum "$python_tarball" "$python_sha256" && return 0
  suite=$(newest_suite "$uri")
  echo "trying python3.14 of $suite"
  private_apt_prepare "$suite"
  work=$(mktemp -d "$turbo_cache/work.XXXXXX")
  (cd "$work" && private_apt "$suite" apt-get source --download-only --tar-only python3.14)
  mv "$work"/python3.14_*.orig.tar.* "$python_archive_tarball"
  rm -r "$work"
}

build_python() {
  local role=$1 dest=$2 work options=()
  [[ $role == gil ]] || options+=(--disable-gil)
  # The tests are what profiles are taken from; else they only take time and space.
  if [[ -n ${TURBO_PYTHON_PGO:-} ]]; then
    options+=(--enable-optimizations --with-lto)
  else
    options+=(--disable-test-modules)
  fi
  work=$(mktemp -d "$turbo_cache/work.XXXXXX")
  if checksum "$python_tarball" "$python_sha256"; then
    tar -xf "$python_tarball" -C "$work" --strip-components=1
  else
    tar -xf "$python_archive_tarball" -C "$work" --strip-components=1
  fi
  cd "$work" || return
  # The path of libpython is written into the interpreter; a call inside libpython need not go
  # through the PLT.
  ./configure --prefix="$dest" --enable-shared --with-ensurepip=no "${options[@]}" \
    LDFLAGS="-Wl,-rpath,$dest/lib" CFLAGS_NODIST=-fno-semantic-interposition
  make -j"$(nproc)"
  make install DESTDIR="$work/stage"
  # Swapped in whole: a build that fails, or one that others use meanwhile, is never seen half done.
  mkdir -p "$(dirname "$dest")"
  [[ ! -e $dest ]] || mv "$dest" "$work/old"
  mv "$work/stage$dest" "$dest"
  "$dest/bin/python3" -m ensurepip --default-pip
  echo "$python_recipe" >"$dest/.turbo-recipe"
  cd /
  rm -rf "$work"
}

# built_python ROLE: the interpreter that an earlier run built, if it is of this recipe.
built_python() {
  local dest name="python${python_version%.*}"
  dest=$(python_directory "$1")
  [[ $1 == gil ]] || name+=t
  [[ $(cat "$dest/.turbo-recipe" 2>/dev/null) == "$python_recipe" ]] && echo "$dest/bin/$name"
}

bootstrap_python_from_source() {
  local role=$1 dest=$2 lacking how="without profile-guided optimisation, about 4 minutes"
  mapfile -t lacking < <(missing_packages "${python_build_packages[@]}")
  ((${#lacking[@]} == 0)) || apt_install "${lacking[@]}"
  have_python_source ||
    step python-source "fetching the source of Python $python_version" \
      "Put python.org's tarball at $python_tarball and run scripts/bootstrap again." \
      fetch_python_source
  [[ -z ${TURBO_PYTHON_PGO:-} ]] ||
    how="with profile-guided and link-time optimisation, up to an hour"
  step "python-$(basename "$dest")" "building Python $(basename "$dest") from source, $how" \
    "Look at the log, or name an interpreter of your own with TURBO_PYTHON, and run this again." \
    build_python "$role" "$dest"
}

# find_python ROLE NAME: NAME is python3.14 or python3.14t.
find_python() {
  local role=$1 name=$2 request=${2#python} path
  [[ -z ${interpreters[$role]:-} ]] || return 0
  if path=$(built_python "$role"); then
    consider "$path" "$(built_origin)" found && return 0
  fi
  if [[ -z ${TURBO_PYTHON_PGO:-} ]]; then
    if path=$(command -v "$name"); then
      consider "$path" "found on PATH" found || say "$path: $refusal"
      [[ -z ${interpreters[$role]:-} ]] || return 0
    fi
    if have uv; then
      if path=$(uv python find --no-project --no-python-downloads "$request" 2>/dev/null); then
        consider "$path" "found by uv" found || say "$path: $refusal"
        [[ -z ${interpreters[$role]:-} ]] || return 0
      fi
      say "asking uv for Python $request"
      if timeout 300 uv python install "$request" >"$logs/uv-$request.log" 2>&1 &&
        path=$(uv python find --no-project "$request" 2>/dev/null); then
        consider "$path" "installed by uv" found || say "$path: $refusal"
        [[ -z ${interpreters[$role]:-} ]] || return 0
      fi
    fi
  fi
  bootstrap_python_from_source "$role" "$(python_directory "$role")"
  consider "$(built_python "$role")" "$(built_origin)" found ||
    die "The interpreter just built is no use: $refusal. Remove $(python_directory "$role")."
}

built_origin() {
  if [[ -n ${TURBO_PYTHON_PGO:-} ]]; then
    echo "built from source with profile-guided and link-time optimisation"
  else
    echo "built from source without profile-guided optimisation"
  fi
}

# bootstrap_python: fills `interpreters`, `origins` and `extra_interpreters`.
bootstrap_python() {
  local refusal='' requested
  mkdir -p "$logs"
  if [[ -n ${TURBO_PYTHON:-} ]]; then
    requested=$(command -v "$TURBO_PYTHON") ||
      die "TURBO_PYTHON=$TURBO_PYTHON names no program; give a path."
    consider "$requested" "named by TURBO_PYTHON" named ||
      die "TURBO_PYTHON=$TURBO_PYTHON cannot be used: $refusal. Name another, or unset it."
  fi
  if [[ -n ${VIRTUAL_ENV:-} && -x ${VIRTUAL_ENV:-}/bin/python ]]; then
    consider "$VIRTUAL_ENV/bin/python" "of the active virtualenv" named ||
      say "the active virtualenv's interpreter is not used: $refusal"
  fi
  find_python nogil "python${python_version%.*}t"
  find_python gil "python${python_version%.*}"
}
