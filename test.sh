#!/usr/bin/env bash
# Builds everything once, checks the format, and runs every test. Needs the .NET SDK and bash, nothing else.
# Ends with the line 'N passed, N failed, N skipped'; the exit code is not 0 when anything at all was wrong.
#
#   ./test.sh                      everything
#   AGENTGRID_CRASH_ROUNDS=50 ./test.sh   more rounds of killing the server
#   AGENTGRID_KILL_ROUNDS=10              more rounds of killing and freezing each process of a cluster
#   AGENTGRID_FUZZ_CASES=100000           more hostile requests, plans and configurations
#   AGENTGRID_FLIP_CASES=5000             more damaged journals
#   AGENTGRID_OVERLOAD_SECONDS=60         overload for longer
#   AGENTGRID_CONSOLE_RUNS=100000         more runs in the console's list
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1

configuration=Release
solution=Orleans.AgentGrid.sln
tests=(Core Agents Embedded ClientApi Cli Console)
# These need Orleans and a Redis client, which not every registry has: where they cannot be restored, they are left out,
# aloud, and never counted as passed.
cluster_tests=(RunLog Cluster)

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1 MSBUILDDISABLENODEREUSE=1
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
passed=0 failed=0 skipped=0 wrong=0
left_out=()

say() { printf '\n== %s\n' "$*"; }

# Runs the tests of one built project and adds up what its summary says.
run_tests() {
  local name=$1 dll=$2 log="$scratch/$1.log" code counts
  say "$name"
  timeout 900 dotnet exec "$dll" -noLogo -noColor 2>&1 | tee "$log"
  code=${PIPESTATUS[0]}
  # AgentGrid.Core.Tests  Total: 210, Errors: 0, Failed: 0, Skipped: 0, Not Run: 0, Time: 1.5s
  counts=$(sed -nE \
    's/.*Total: ([0-9]+), Errors: ([0-9]+), Failed: ([0-9]+), Skipped: ([0-9]+),.*/\1 \2 \3 \4/p' "$log" | tail -n 1)
  if [[ -z $counts ]]; then
    echo "$name: ended with code $code and without a summary (124: it took more than 15 minutes)"
    failed=$((failed + 1))
    return
  fi
  local total errors bad ignored
  read -r total errors bad ignored <<<"$counts"
  passed=$((passed + total - bad - ignored))
  failed=$((failed + bad + errors))
  skipped=$((skipped + ignored))
  # What a test says of itself when the machine lacks something, such as a browser.
  while IFS= read -r line; do
    left_out+=("$line")
  done < <(grep -oE 'left out: .*' "$log" | sort -u)
  if [[ $total -eq 0 ]]; then
    echo "$name: no tests were found"
    wrong=1
  fi
  [[ $code -eq 0 ]] || wrong=1
}

say "restore and build ($configuration)"
# An environment variable, so that every tool sees it as the property of that name.
export Cluster=true
if ! dotnet restore "$solution" 2>&1 | tee "$scratch/restore.log"; then
  # NU1101 to NU1103, NU1603: a package, or a version of it, is not in any source. Nothing else is forgiven.
  missing=$(grep -oE "error NU110[123]: Unable to find [a-z ]*package [A-Za-z.]+" "$scratch/restore.log" |
    sed -E 's/.* package ([A-Za-z.]+)/\1/' | sort -u | paste -sd ' ')
  if [[ -z $missing ]] || grep -E 'error' "$scratch/restore.log" | grep -qvE 'error NU(110[123]|1603)'; then
    echo 'The restore failed; nothing was tested.'
    exit 1
  fi
  Cluster=false
  left_out+=("left out: cluster tests (cannot restore ${missing%% *}$([[ $missing == *' '* ]] && echo ' and others'))")
  dotnet restore "$solution" || exit 1
else
  tests+=("${cluster_tests[@]}")
fi
if ! dotnet build "$solution" -c "$configuration" --no-restore; then
  echo 'The build failed; nothing was tested.'
  exit 1
fi

say 'format'
if ! dotnet format "$solution" --verify-no-changes --no-restore; then
  echo "Format differences: run 'dotnet format $solution'."
  wrong=1
fi

for part in "${tests[@]}"; do
  name="AgentGrid.$part.Tests"
  run_tests "$name" "tests/$name/bin/$configuration/net10.0/$name.dll"
done

echo
for line in ${left_out[@]+"${left_out[@]}"}; do
  echo "$line"
done
echo "$passed passed, $failed failed, $skipped skipped"
[[ $failed -eq 0 && $wrong -eq 0 ]]
