# shellcheck shell=bash
# Shared by scripts/bootstrap and its parts: where things live, progress lines, and long steps with
# a log.

turbo_cache="${XDG_CACHE_HOME:-$HOME/.cache}/turbo"
downloads="$turbo_cache/downloads"
logs="$turbo_cache/logs"
started=$SECONDS

# One progress line, with the time since bootstrap started.
say() {
  printf 'bootstrap [%3ds] %s\n' "$((SECONDS - started))" "$*" >&2
}

# Ends with one sentence that says what to do.
die() {
  printf 'bootstrap: error: %s\n' "$*" >&2
  exit 1
}

have() {
  command -v "$1" >/dev/null 2>&1
}

# step NAME DESCRIPTION ADVICE COMMAND...: runs COMMAND with its output in a log, says every half
# minute that it is still at it, and upon failure shows the end of the log and ADVICE.
step() {
  local name=$1 description=$2 advice=$3
  shift 3
  mkdir -p "$logs"
  local log="$logs/$name.log" begun=$SECONDS ticker status=0
  say "$description (log: $log)"
  (
    while sleep 30 >/dev/null 2>&1 9>&- && kill -0 $$ 2>/dev/null; do
      say "  still: $description ($((SECONDS - begun)) s)"
    done
  ) </dev/null >/dev/null 9>&- &
  ticker=$!
  # Not behind `||` or `if`, so that `set -e` holds inside COMMAND.
  set +e
  (
    set -euo pipefail
    "$@"
  ) >"$log" 2>&1 </dev/null 9>&-
  status=$?
  set -e
  kill "$ticker" 2>/dev/null || true
  wait "$ticker" 2>/dev/null || true
  if ((status != 0)); then
    printf -- '---- the end of %s ----\n' "$log" >&2
    tail -n 30 "$log" >&2
    printf -- '----\n' >&2
    die "\"$description\" failed (exit $status). $advice"
  fi
  say "  done in $((SECONDS - begun)) s"
}

# checksum FILE SHA256: whether FILE has that digest.
checksum() {
  [[ -f $1 ]] && echo "$2  $1" | sha256sum --check --status
}

# Runs its arguments as root.
as_root() {
  if ((EUID == 0)); then
    "$@"
  else
    sudo "$@"
  fi
}
