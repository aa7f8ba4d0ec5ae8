#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# gate - exit statuses of traces that are judged, of programs with known leaks.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

# judged NAME STATUS PATTERN ARGUMENTS...: a trace that ends with STATUS, and says PATTERN
judged()
{
	local name=$1 wanted=$2 pattern=$3

	shift 3
	new_case "$name"
	run_tool "$@"
	if [ "$TOOL_STATUS" != "$wanted" ]; then
		fail_case "$name" "exit status $TOOL_STATUS, should be $wanted: $(head -n 1 "$CASE/report")"
	elif ! cat "$CASE/report" "$CASE/log" | grep -qE "$pattern"; then
		fail_case "$name" "does not say '$pattern': $(head -n 1 "$CASE/report")"
	else
		pass "$name" "exit status $wanted: $pattern"
	fi
}

# sizes leaks 4 * 100,000, 20 * 1,000 and 1,000 * 10 bytes, by functions of these names.
printf 'leak:few_large\nleak:middle\nleak:many_small\nleak:nowhere\n' >"$WORK/leaks.supp"
judged fails 23 '^.{11}FAIL: leaks >= 1024: .* \(definitely or indirectly lost\); worst: few_large \(sizes.c:[0-9]+\), 400,000 bytes$' \
	--fail-on 'leaks >= 1024' --save "$WORK/sizes.rec" -- "$PROG/sizes"
judged suppressed 23 'suppressions: 1,024 blocks, 430,000 bytes of 3 stacks suppressed by 3 entries$' \
	--fail-on 'allocs > 0' --suppressions "$WORK/leaks.supp" -T 1 -- "$PROG/sizes"
if grep -q 'not used: leak:nowhere' "$CASE/report"; then
	pass unused "an entry that suppresses nothing is named"
else
	fail_case unused "an entry that suppresses nothing is not named"
fi
judged baseline 23 'FAIL: allocs == 100% of baseline && growth == 0: ' --baseline "$WORK/sizes.rec" \
	--fail-on 'allocs == 100% of baseline && growth == 0' -- "$PROG/sizes"
judged other 2 'the baseline is of another program, sizes, not of true' --baseline "$WORK/sizes.rec" --fail-on 'growth > 0' -- true
judged own-fails 23 'without the gate the exit status were 3' --fail-on 'allocs > 0' -- sh -c 'exit 3'
judged losses 24 'UNSURE: bytes > 1T may hold: .* allocations were lost' --max-live 100 --fail-on 'bytes > 1T' -- "$PROG/live" 20000
judged usage 2 '^  leaked >$' --fail-on 'leaked >' -- touch "$WORK/ran"
judged missing 1 'cannot read .*/none: No such file' --suppressions "$WORK/none" -- touch "$WORK/ran"
if [ -e "$WORK/ran" ]; then
	fail early "the command was started all the same"
else
	pass early "said before anything is started"
fi
judged lost 23 'FAIL: leaked > 0: 1 stack leaks 320 bytes in 10 blocks \(definitely or indirectly lost\)' \
	--fail-on 'leaked > 0' -- "$PROG/reach" list_lost
judged kept 0 'PASS: leaked > 0 does not hold: nothing has leaked \(definitely or indirectly lost\)' \
	--fail-on 'leaked > 0' -- "$PROG/reach" list_kept
judged outstanding 23 'FAIL: leaked > 319: .* \(outstanding when the program ended\)' \
	--no-reach --fail-on 'leaked > 319' -- "$PROG/reach" list_kept
# shellcheck disable=SC2016 # $$ is the command's
judged killed 137 'UNSURE: leaked > 0 may hold: .*the program did not end by _exit' --fail-on 'leaked > 0' -- sh -c 'kill -KILL $$'
judged kernel 23 'FAIL: allocs >= 0' -k -d 1 --fail-on 'allocs >= 0'

# The workflow in the README: the steps after the build, as they stand there.
new_case workflow
cp README.md "$CASE" && ln -s "$TOOL" "$CASE/memleak-bpf"
if ! $PYTHON -c 'import yaml' 2>/dev/null; then
	skip workflow "there is no python3-yaml"
elif ! $PYTHON - "$CASE/README.md" >"$CASE/steps" 2>"$CASE/log" <<'END'; then
import re, sys, yaml
with open(sys.argv[1], encoding="utf-8") as file:
    text = re.search(r"<!-- workflow -->\n```yaml\n(.*?)```", file.read(), re.S).group(1)
workflow = yaml.safe_load(text)
assert list(workflow["jobs"]) == ["leaks"] and True in workflow  # "on" is true in YAML 1.1
steps = workflow["jobs"]["leaks"]["steps"]
assert all(("uses" in s) != ("run" in s) for s in steps)
runs = [s["run"] for s in steps if "run" in s]
assert runs[0] == "sudo tools/install-deps && make -j2", runs[0]
print("set -e\nsudo() { \"$@\"; }")
print("\n".join(runs[1:]))
END
	fail_case workflow "cannot be read"
else
	(cd "$CASE" && bash steps) >"$CASE/report" 2>"$CASE/log"
	status=$?
	if [ $status = 23 ] && grep -qx '::error file=leaky.c,line=5,title=memleak-bpf (leak)::100 bytes in 1 block leaked .*main' "$CASE/report" &&
		grep -q '"uri":"leaky.c"},"region":{"startLine":5}' "$CASE/leaks.sarif" && [ -s "$CASE/leaks.html" ]; then
		pass workflow "the README's workflow fails at the line that leaks"
	else
		fail_case workflow "exit status $status: $(grep -a '^::' "$CASE/report" | tail -n 1)"
	fi
fi
finish
