# shellcheck shell=bash
# Packages: what the machine's own apt installs, and a private apt root that reads a newer suite of
# the same archive without touching the system. No address of an archive is written here: it comes
# from the machine's apt.

# package_version NAME: the installed version, or nothing.
package_version() {
  local status_and_version
  status_and_version=$(dpkg-query -W -f '${db:Status-Status} ${Version}' "$1" 2>/dev/null) ||
    return 0
  if [[ $status_and_version == "installed "* ]]; then echo "${status_and_version#installed }"; fi
}

# at_least VERSION MINIMUM: Debian version comparison; an empty VERSION is never enough.
at_least() {
  local version=${1#*:}
  [[ -n $version ]] && dpkg --compare-versions "$version" ge "$2"
}

# missing_packages NAME...: those of NAME that are not installed, in one dpkg call.
missing_packages() {
  local installed name
  installed=" $(dpkg-query -W -f '${db:Status-Status}:${Package} ' "$@" 2>/dev/null || true)"
  for name in "$@"; do
    [[ $installed == *" installed:$name "* ]] || echo "$name"
  done
}

apt_update_once() {
  [[ -n ${apt_updated:-} ]] && return 0
  step apt-update "reading the package lists" \
    "Check the network and the machine's apt sources, then run scripts/bootstrap again." \
    as_root apt-get -o DPkg::Lock::Timeout=300 update
  apt_updated=1
}

# candidate_version NAME: what the machine's own apt would install, or nothing.
candidate_version() {
  apt-cache policy "$1" 2>/dev/null | sed -n 's/^ *Candidate: //p' | grep -v '(none)' || true
}

apt_install() {
  if ((EUID != 0)) && ! have sudo; then
    die "These packages are missing and this is not root, nor is there sudo. Install them: $*"
  fi
  apt_update_once
  step apt-install "installing ${#} packages: $*" \
    "Repair apt (try: apt-get -f install), then run scripts/bootstrap again." \
    as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@"
}

# The archive that this machine's apt reads, without a trailing slash.
archive_uri() {
  # shellcheck disable=SC2016 # apt expands $(REPO_URI), not the shell.
  apt-get indextargets --format '$(REPO_URI)' | sed 's,/*$,,' |
    grep -E '/(debian|ubuntu|ubuntu-ports)$' | sort -u | head -n 1
}

# newer_suite URI: the suite of this machine's archive that has what the system lacks.
newer_suite() {
  case $1 in
    */debian) echo trixie ;;
    *) echo resolute ;;
  esac
}

# newest_suite URI: the suite where what is newest arrives.
newest_suite() {
  case $1 in
    */debian) echo sid ;;
    *) newer_suite "$1" ;;
  esac
}

# private_apt SUITE COMMAND...: COMMAND is apt-get or apt-cache with its arguments, run in the
# working directory on a private apt root that knows only SUITE.
private_apt() {
  local suite=$1 tool=$2 root="$turbo_cache/apt/$1"
  shift 2
  "$tool" -o Dir::Etc::sourcelist="$root/sources.list" -o Dir::Etc::sourceparts=- \
    -o Dir::State::Lists="$root/lists" -o Dir::Cache="$root/cache" -o APT::Sandbox::User=root "$@"
}

# private_apt_prepare SUITE: makes the private root and reads its lists.
private_apt_prepare() {
  local suite=$1 root="$turbo_cache/apt/$1" uri key component
  uri=$(archive_uri)
  if [[ -z $uri ]]; then
    echo "no Debian or Ubuntu archive among this machine's apt sources"
    return 1
  fi
  case $uri in
    */debian) key=/usr/share/keyrings/debian-archive-keyring.gpg component=main ;;
    *) key=/usr/share/keyrings/ubuntu-archive-keyring.gpg component='main universe' ;;
  esac
  mkdir -p "$root/lists/partial" "$root/cache/archives/partial"
  printf '%s [signed-by='"$key"'] %s %s %s\n' deb "$uri" "$suite" "$component" \
    deb-src "$uri" "$suite" "$component" >"$root/sources.list"
  private_apt "$suite" apt-get -o Acquire::Languages=none \
    -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false \
    -o Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false update
}
