# shellcheck shell=bash
# Virtual environments with the tools that tests and lint use: one for the tools themselves, and one
# for each of the two interpreters, since some tests run under both.

requirements="$repository/tests/requirements.txt"

# venv_directory NAME PYTHON: named after what it is made from, so that a change makes a new one.
venv_directory() {
  local digest
  digest=$( (grep -v '^#' "$requirements" && echo "$2") | sha256sum)
  echo "$turbo_cache/$1-${digest:0:12}"
}

make_venv() {
  local directory=$1 python=$2 work
  rm -rf "$directory"
  work=$(mktemp "$turbo_cache/work.XXXXXX")
  # ruff and mypy judge the source; they need not run under every interpreter.
  if [[ $(basename "$directory") == tools-* ]]; then
    cat "$requirements" >"$work"
  else
    grep -vE '^(ruff|mypy)\b' "$requirements" >"$work"
  fi
  "$python" -m venv "$directory"
  "$directory/bin/python" -m pip install --disable-pip-version-check --no-input \
    --requirement "$work"
  rm "$work"
  touch "$directory/.complete"
}

# bootstrap_venv DIRECTORY PYTHON
bootstrap_venv() {
  [[ -e $1/.complete ]] && return 0
  step "$(basename "$1")" "making the virtualenv $(basename "$1")" \
    "Check that pip reaches its package index, then run scripts/bootstrap again." make_venv "$@"
}
