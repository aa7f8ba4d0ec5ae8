#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# profile - what --profile counts is exact, and what heaptrack says of the same programs.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

# judge NAME ARGUMENTS OF PROFILE.PY...
judge()
{
	local name=$1 out

	shift
	if out=$($PYTHON tests/profile.py "$@"); then
		pass "$name" "$out"
	else
		fail_case "$name" "${out//$'\n'/; }"
	fi
}

# counted NAME ARGUMENTS OF PROFILED...: from its first instruction to its end
counted()
{
	local name=$1

	shift
	new_case "$name"
	run_tool --profile ${TOOL_ARGS[@]+"${TOOL_ARGS[@]}"} --json "$CASE/json" -- "$PROG/profiled" "$@"
	judge "$name" check "$CASE/json" "$CASE/truth"
}

counted started
counted threads threads
counted exec exec
TOOL_ARGS=(--probes pair)
counted pair threads
# no room for stacks: their counts are kept by entry point
TOOL_ARGS=(--max-stacks 1)
new_case no-stacks
run_tool --profile --max-stacks 1 --json "$CASE/json" -- "$PROG/profiled"
TOOL_ARGS=()
: >"$CASE/truth"
judge no-stacks check "$CASE/json" "$CASE/truth"

# The target runs before and after.
new_case attached
if start_target "$PROG/profiled" && start_tool --profile -o 0 --json "$CASE/json" -p "$TARGET" 1000; then
	touch "$CASE/go"
	await "$LIMIT" work_done_or_gone
	stop_tool INT
	judge attached check "$CASE/json" "$CASE/truth"
	end_target
else
	fail_case attached "the tool does not trace"
fi

# same_as_heaptrack NAME PROGRAM...: with the library loaded that heaptrack brings along
same_as_heaptrack()
{
	local name=$1 libstdcxx

	shift
	for program in heaptrack zstd "$1"; do
		command -v "$program" >/dev/null && continue
		skip "$name" "no $program"
		return
	done
	libstdcxx=$(ldconfig -p | awk '$1 == "libstdc++.so.6" && /x86-64|AArch64/ { print $NF; exit }')
	new_case "$name"
	if ! heaptrack -o "$CASE/heaptrack" "$@" >"$CASE/output" 2>&1; then
		fail_case "$name" "heaptrack: $(tail -n 1 "$CASE/output")"
		return
	fi
	LD_PRELOAD=$libstdcxx run_tool --profile --max-depth 32 --json "$CASE/json" -- "$@"
	judge "$name" heaptrack "$CASE/json" "$CASE/heaptrack.zst"
}

cat >"$WORK/t.sql" <<'END'
create table t(a integer primary key, b text, c real);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 10000)
	insert into t select i, 'row ' || i || ' ' || (i * 7919 % 10007), i * 1.5 from n;
create index tb on t(b);
select count(*), sum(c) from t where b like 'row 1%';
select b from t order by c desc limit 5;
END
cat >"$WORK/t.py" <<'END'
d = {"key%d" % i: [i, str(i) * 3, {"a": i, "b": [1.5 * i] * 4}] for i in range(3000)}
t = sorted(d, key=lambda k: d[k][1])
x = [bytearray(1000) for _ in range(500)]
del x
print(t[0])
END
same_as_heaptrack heaptrack-sqlite3 sqlite3 :memory: ".read $WORK/t.sql"
export PYTHONHASHSEED=0 PYTHONMALLOC=malloc PYTHONDONTWRITEBYTECODE=1
same_as_heaptrack heaptrack-python3 /usr/bin/python3 -S "$WORK/t.py"

finish
