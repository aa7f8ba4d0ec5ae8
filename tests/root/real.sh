#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# real - programs no one here wrote: attached while they work, detached, still working; the names in
# the report are those that nm has for the addresses.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

LOADS=()

# in_background COMMAND...: until stop_load
in_background()
{
	"$@" >/dev/null 2>&1 </dev/null &
	LOADS+=($!)
	PIDS+=($!)
}

stop_load()
{
	kill -KILL "${LOADS[@]}" 2>/dev/null
	wait "${LOADS[@]}" 2>/dev/null
	LOADS=()
}

# traced NAME PID PATTERN N: two reports of PID under load. Names are right, at least N of them, and
# one matches PATTERN. Debian's programs have no frame pointers.
traced()
{
	local name=$1 pid=$2 pattern=$3 least=$4 frames

	cat "/proc/$pid/maps" >"$CASE/maps"
	run_tool -p "$pid" -o 0 -T 50 1 2
	if [ "$TOOL_STATUS" != 0 ]; then
		fail_case "$name" "exit status $TOOL_STATUS"
		return
	fi
	holds "$name-report" "two reports that balance, of a program that works" \
		'len(reports) == 2 and last.account["seen"] > 100 and all(r.account["seen"] ==
		r.account["freed"] + r.account["outstanding"] + r.account["lost"] for r in reports)'
	if ! frames=$($PYTHON tests/report.py symbols "$CASE/report" "$CASE/maps"); then
		fail_case "$name-symbols" "${frames//$'\n'/; }"
	elif [ "$frames" -lt "$least" ]; then
		fail_case "$name-symbols" "only $frames names could be compared"
	elif ! grep -Eq "0x[0-9a-f]{16} $pattern" "$CASE/report"; then
		fail_case "$name-symbols" "no function like '$pattern'"
	else
		pass "$name-symbols" "$frames names as nm has them"
	fi
}

# alive NAME COMMAND...: after the trace the program answers
alive()
{
	local name=$1

	shift
	if "$@" >"$CASE/answer" 2>&1; then
		pass "$name-goes-on" "it answers after the trace"
	else
		fail_case "$name-goes-on" "it does not answer: $(head -c 200 "$CASE/answer")"
	fi
}

redis()
{
	redis-cli -s "$CASE/redis.sock" "$@"
}

# shellcheck disable=SC2317 # called by alive
redis_answers()
{
	redis set k v && [ "$(redis get k)" = v ]
}

if command -v redis-server redis-benchmark redis-cli >/dev/null; then
	new_case redis
	redis-server --port 0 --unixsocket "$CASE/redis.sock" --save '' --appendonly no \
		--dir "$CASE" >"$CASE/output" 2>&1 &
	TARGET=$!
	PIDS+=("$TARGET")
	if await 10 test -S "$CASE/redis.sock"; then
		in_background redis-benchmark -s "$CASE/redis.sock" -t set,lpush -r 100000 -n 100000000 -c 10
		sleep 0.3
		traced redis "$TARGET" 'z(try)?[mc]alloc[a-z_]*' 8
		stop_load
		alive redis redis_answers
		redis shutdown nosave >/dev/null 2>&1
	else
		fail_case redis "does not start"
	fi
else
	skip redis "not installed"
fi

new_case python
cat >"$CASE/work.py" <<-'END'
	import os, sys
	kept, i = [], 0
	while not os.path.exists(os.environ["QUIT_FILE"]):
	    i += 1
	    text = "x" * (i % 1000 + 100)
	    words = {n: [n] for n in range(10)}
	    if i % 100 == 0:
	        kept.append(text + "y")
	        with open(os.environ["READY_FILE"], "w") as file:
	            file.write(str(i))
END
PYTHONMALLOC=malloc $PYTHON "$CASE/work.py" >"$CASE/output" 2>&1 &
TARGET=$!
PIDS+=("$TARGET")
if await 10 test -s "$CASE/ready"; then
	traced python "$TARGET" '_?Py[A-Za-z_]*' 10
	rm "$CASE/ready"
	alive python await 5 test -s "$CASE/ready"
	end_target
	[ "$TARGET_STATUS" = 0 ] || fail_case python "ended with $TARGET_STATUS"
else
	fail_case python "does not start"
fi

if command -v sqlite3 >/dev/null; then
	new_case sqlite
	mkfifo "$CASE/sql"
	sqlite3 :memory: <"$CASE/sql" >"$CASE/output" 2>&1 &
	TARGET=$!
	PIDS+=("$TARGET")
	exec 9>"$CASE/sql"
	echo 'create table t(a integer primary key, b text);' >&9
	(
		trap 'exit 0' PIPE
		while :; do
			echo "insert into t(b) values (hex(randomblob(200)));
				select count(*) from (select a from t order by b desc limit 10) where a < 0;"
		done >&9
	) 2>/dev/null &
	LOADS+=($!)
	PIDS+=($!)
	sleep 0.3
	traced sqlite "$TARGET" 'sqlite3_[a-z0-9_]*' 5
	stop_load
	echo "
	;select 'still ' || 'here';" >&9
	alive sqlite await 10 grep -q 'still here' "$CASE/output"
	exec 9>&-
	await 5 gone "$TARGET"
else
	skip sqlite "not installed"
fi

if command -v nginx curl >/dev/null; then
	new_case nginx
	mkdir "$CASE/www"
	head -c 2000000 /dev/urandom | base64 >"$CASE/www/page.html"
	write_nginx_conf "$CASE/www" 'worker_processes 1;' 'access_log off;' ''
	nginx -c "$CASE/nginx.conf" -p "$CASE" >"$CASE/output" 2>&1 &
	TARGET=$!
	PIDS+=("$TARGET")
	fetch=(curl -sf --compressed --unix-socket "$CASE/nginx.sock" http://localhost/page.html -o "$CASE/page")
	if await 10 test -S "$CASE/nginx.sock" && await 5 "${fetch[@]}"; then
		worker=$(cat "/proc/$TARGET/task/$TARGET/children")
		worker=${worker%% *}
		# Slow readers, so that connections are open; fast ones, so that much happens.
		for _ in 1 2 3; do
			in_background "${fetch[@]}" --limit-rate 20k -o /dev/null
		done
		in_background bash -c 'while :; do "$@"; done' load "${fetch[@]}"
		sleep 0.3
		traced nginx "$worker" 'ngx_[a-z_]*' 5
		stop_load
		alive nginx "${fetch[@]}"
		gone "$worker" && fail_case nginx "the worker ended"
		kill -QUIT "$TARGET"
		await 5 gone "$TARGET"
	else
		fail_case nginx "does not start: $(head -c 300 "$CASE/output" "$CASE/error.log" 2>/dev/null)"
	fi
else
	skip nginx "nginx or curl is not installed"
fi

finish
