# shellcheck shell=bash
# The C++ libraries that an older system lacks: each is taken from the system when its package is
# new enough, else put into a prefix of the project's own, from a newer suite of the same archive.

# Raise it when a recipe below changes: a new prefix is then made.
deps_recipe=1
deps_prefix="$turbo_cache/deps-$deps_recipe"

# library:package:minimum version
deps_wanted=(
  llhttp:libllhttp-dev:9
  asio:libasio-dev:1.28
  cli11:libcli11-dev:2.4
  catch2:catch2:3.5
  yyjson:libyyjson-dev:0.9
)

# deps_lacking: the entries of deps_wanted that neither the prefix nor the system has.
deps_lacking() {
  local entry library package minimum
  for entry in "${deps_wanted[@]}"; do
    IFS=: read -r library package minimum <<<"$entry"
    [[ -e $deps_prefix/.have/$library ]] && continue
    at_least "$(package_version "$package")" "$minimum" || echo "$entry"
  done
}

# unpack_packages NAME...: binary packages of the newer suite that need nothing newer than this
# system's libc.
unpack_packages() {
  local work=$1 deb
  shift
  (cd "$work" && private_apt "$deps_suite" apt-get download "$@")
  for deb in "$work"/*.deb; do
    dpkg -x "$deb" "$work/root"
    rm "$deb"
  done
}

# fetch_source NAME DIRECTORY: the upstream tarball of a source package, unpacked into DIRECTORY.
fetch_source() {
  local work
  work=$(mktemp -d "$deps_work/source.XXXXXX")
  (cd "$work" && private_apt "$deps_suite" apt-get source --download-only --tar-only "$1")
  mkdir -p "$2"
  tar -xf "$work"/*.orig.tar.* -C "$2" --strip-components=1
}

install_llhttp() {
  unpack_packages "$deps_work" libllhttp-dev
  install -D -m 644 -t "$deps_prefix/include" "$deps_work"/root/usr/include/llhttp.h
  install -D -m 644 -t "$deps_prefix/lib" "$deps_work"/root/usr/lib/*/libllhttp.a
}

install_asio() {
  unpack_packages "$deps_work" libasio-dev
  mkdir -p "$deps_prefix/include"
  cp -R "$deps_work"/root/usr/include/{asio,asio.hpp} "$deps_prefix/include/"
}

install_cli11() {
  unpack_packages "$deps_work" libcli11-dev
  mkdir -p "$deps_prefix/include" "$deps_prefix/share/cmake"
  cp -R "$deps_work"/root/usr/include/CLI "$deps_prefix/include/"
  cp -R "$deps_work"/root/usr/share/cmake/CLI11 "$deps_prefix/share/cmake/"
}

# cmake_install SOURCE OPTION...: configures, builds and installs a CMake project into the prefix.
cmake_install() {
  local source=$1
  shift
  cmake -S "$source" -B "$source-build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_INSTALL_PREFIX="$deps_prefix" -DCMAKE_INSTALL_LIBDIR=lib \
    -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DBUILD_SHARED_LIBS=OFF "$@"
  cmake --build "$source-build"
  cmake --install "$source-build"
}

install_catch2() {
  fetch_source catch2 "$deps_work/catch2"
  cmake_install "$deps_work/catch2" -DCATCH_DEVELOPMENT_BUILD=OFF -DCMAKE_CXX_STANDARD=20 \
    -DCATCH_INSTALL_DOCS=OFF -DBUILD_TESTING=OFF
}

install_yyjson() {
  fetch_source yyjson "$deps_work/yyjson"
  cmake_install "$deps_work/yyjson" -DYYJSON_BUILD_TESTS=OFF -DCMAKE_POLICY_VERSION_MINIMUM=3.5
}

install_dep() {
  local library=$1
  deps_work=$(mktemp -d "$turbo_cache/work.XXXXXX")
  "install_$library"
  rm -rf "$deps_work"
  mkdir -p "$deps_prefix/.have"
  touch "$deps_prefix/.have/$library"
}

# bootstrap_deps: brings every library of deps_wanted, from the system where it can.
bootstrap_deps() {
  local entry library package minimum lacking from_apt=() from_newer=()
  mapfile -t lacking < <(deps_lacking)
  ((${#lacking[@]})) || return 0
  apt_update_once
  for entry in "${lacking[@]}"; do
    IFS=: read -r library package minimum <<<"$entry"
    if at_least "$(candidate_version "$package")" "$minimum"; then
      from_apt+=("$package")
    else
      from_newer+=("$library")
    fi
  done
  ((${#from_apt[@]} == 0)) || apt_install "${from_apt[@]}"
  ((${#from_newer[@]})) || return 0

  deps_suite=$(newer_suite "$(archive_uri)")
  step "apt-$deps_suite" "reading the package lists of $deps_suite, privately" \
    "Check that the network reaches this machine's package archive, then run this again." \
    private_apt_prepare "$deps_suite"
  for library in "${from_newer[@]}"; do
    step "deps-$library" "putting $library of $deps_suite into $deps_prefix" \
      "Look at the log; once the cause is gone, run this again: it goes on where it stopped." \
      install_dep "$library"
  done
}
