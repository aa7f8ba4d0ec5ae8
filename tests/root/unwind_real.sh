#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# unwind_real - stacks of programs as distributions build them, and of our own in C++ and Rust, all
# without frame pointers: nearly all reach the outermost frame, and each is the one that gdb's unwinder
# finds, frame by frame.
#
# A program does the same work each time, addresses included: without randomisation of addresses and
# hashes. For gdb it runs with a free() that does nothing (libunwind_keep.so), so that the report
# has every stack, not only those of what is left in the end.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

export HOME=$WORK PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1 GIT_CONFIG_NOSYSTEM=1
COMPARED=0
DRIVER=

if ! command -v gdb >/dev/null; then
	no_gdb="gdb is not installed"
elif ! gdb -batch -nx -ex 'python print(6 * 7)' 2>&1 | grep -q '^42$'; then
	no_gdb="gdb has no Python"
elif ! setarch -R true 2>/dev/null; then
	no_gdb="no leave to switch off the randomisation of addresses"
else
	no_gdb=
fi

printf '#!/bin/sh\nexec setarch -R "%s" "$@"\n' "$TOOL" >"$WORK/tool"
chmod +x "$WORK/tool"

# What a server needs meanwhile.
drive()
{
	[ -z "$DRIVER" ] || $DRIVER &
	PIDS+=($!)
}

# complete NAME COMMAND...: of all stacks, not only of those in the report
complete()
{
	local name=$1 figures whole cut why

	shift
	drive
	run_tool -T 1 -- "$@"
	figures=$(grep -o 'stacks complete .*' "$CASE/report" | tail -n 1)
	whole=$(sed -n 's/stacks complete \([0-9]*\), cut.*/\1/p' <<<"$figures")
	cut=$(sed -n 's/.*, cut \([0-9]*\).*/\1/p' <<<"$figures")
	why=$(sed -n 's/.*, cut [0-9]*//p' <<<"$figures")
	if [ "$TOOL_STATUS" != 0 ] || [ -z "$whole" ] || [ -z "$cut" ]; then
		fail_case "$name-complete" "exit status $TOOL_STATUS, no figures: $(tail -n 1 "$CASE/report")"
	elif [ $((whole + cut)) -lt 300 ]; then
		fail_case "$name-complete" "only $whole + $cut stacks"
	elif [ $((cut * 1000)) -gt $(((whole + cut) * 5)) ]; then
		fail_case "$name-complete" "$cut of $((whole + cut)) stacks are cut$why, more than 0.5 %"
	else
		pass "$name-complete" "$(awk "BEGIN { printf \"%.2f\", 100 * $whole / ($whole + $cut) }") % of\
 $((whole + cut)) stacks reach the outermost frame$why"
	fi
}

# under_gdb [VARIABLE=VALUE]: the program of $CASE/run
under_gdb()
{
	drive
	env GDB_STACKS="$CASE/stacks" "$@" timeout -k 5 100 gdb -q -nx -batch -iex 'set auto-load off' \
		-x tests/gdb_stacks.py --args bash "$CASE/run" >>"$CASE/gdb" 2>&1 </dev/null
}

# equal NAME COMMAND...: all its stacks are as gdb has them
equal()
{
	local name=$1 allocator out

	shift
	allocator=$(ldd "$(command -v "$1")" 2>/dev/null | grep -Eo '^\s*lib(je|tc|mi)malloc[^ ]*' | head -n 1)
	allocator=${allocator//[[:space:]]/}
	{
		printf 'LD_PRELOAD=%q exec' "$PROG/libunwind_keep.so"
		printf ' %q' "$@"
	} >"$CASE/run"
	drive
	TOOL=$WORK/tool run_tool -O "${allocator:-libc.so.6}" -T 0 -- bash "$CASE/run"
	under_gdb GDB_REPORT="$CASE/report"
	if ! out=$($PYTHON tests/gdb_stacks.py "$CASE/report" "$CASE/stacks"); then
		# Not as deterministic as thought? Once more, now with all stacks.
		under_gdb
		out=$($PYTHON tests/gdb_stacks.py "$CASE/report" "$CASE/stacks") || {
			tail -n 3 "$CASE/gdb" | sed 's/^/	gdb: /'
			fail_case "$name-equal" "$out"
			return
		}
	fi
	COMPARED=$((COMPARED + ${out%% *}))
	pass "$name-equal" "$out"
}

# program NAME COMMAND...
program()
{
	local name=$1

	shift
	if ! command -v "$1" >/dev/null; then
		skip "$name" "not installed, or not built here"
		return
	fi
	[ "$CASE" = "$WORK/$name" ] || new_case "$name"
	complete "$name" "$@"
	[ -n "$no_gdb" ] || equal "$name" "$@"
}

program cxx "$PROG/unwind_cxx" 2
program rust "$PROG/unwind_rust" 5

program python "$PYTHON" -S -c '
import json, re, collections
words = ["word%d" % (i * 7919 % 300) for i in range(100)]
text = json.dumps({w: [w] * 5 for w in words}, indent=1)
data = json.loads(text)
count = collections.Counter(re.findall(r"[a-z]+(\d)", text))
class Node:
    def __init__(self, depth):
        self.next = Node(depth - 1) if depth else None
        self.data = bytearray(1000)
kept = [Node(10), sorted(data, key=lambda w: w[::-1]), list(map(bytes, range(600, 700)))]
try:
    int("x" * 600)
except ValueError as error:
    kept.append(str(error))
'

program sqlite3 sqlite3 -batch :memory: '
create table t(a integer primary key, b text, c real);
with recursive n(x) as (select 1 union all select x + 1 from n where x < 200)
	insert into t select x, hex(zeroblob(x)), x / 3.0 from n;
create index i on t(b, c);
create trigger g after update on t begin insert into t(b) values (new.b); end;
update t set c = 1 where a % 50 = 0;
select count(*), group_concat(substr(b, 1, 2)) from t where c > 5 group by a % 7 order by b desc;
select json_group_array(json_array(a, b)) from t x where exists
	(select 1 from t where a = x.a + 1 and length(b) > 9);
explain query plan select * from t join t u using (b);
alter table t rename to v;'

if command -v git >/dev/null; then
	new_case git
	git init -q "$CASE/repo"
	for n in 1 2 3 4; do
		seq "$n" 400 | sed "s/7/$n/" >"$CASE/repo/numbers"
		seq $((n * 100)) >"$CASE/repo/file$n"
		git -C "$CASE/repo" add .
		git -C "$CASE/repo" -c user.name=n -c user.email=e commit -q -m "number $n" \
			--date '2020-01-01T00:00:00Z'
	done
fi
program git git -C "$WORK/git/repo" log -p --stat --graph --decorate

# shellcheck disable=SC2016 # for that bash to expand
program bash bash -c '
f() { local y=$1 z; z=${y//1/2}; [ "$y" -gt 0 ] && f $((y - 1)); return 0; }
declare -A map
for i in {1..30}; do
	a[$i]=$((i * 2)); map[key$i]="${a[$i]} x"
done
f 3; echo "${a[@]}" "${!map[@]}"
case $i in 3*) printf "%s %d\n" "${i%0}" 1 ;; esac
[[ abc =~ a(b)c ]] && echo "${BASH_REMATCH[1]}" <<<here
set -- *; shopt -s extglob; echo ${1/@(a|b)/c}
mapfile -t lines <<<"$(echo a; echo b)"; echo "${lines[@]@Q}"'

program cc1 "$(gcc -print-prog-name=cc1)" -quiet -O1 -imultiarch "$(gcc -print-multiarch)" \
	-DNAME=first tests/prog/plug.c -o "$WORK/plug.s"

if command -v redis-server >/dev/null; then
	new_case redis
	mkdir "$CASE/appendonlydir"
	echo 'file appendonly.aof.1.incr.aof seq 1 type i' >"$CASE/appendonlydir/appendonly.aof.manifest"
	# What it does is read from its log: the last command ends it.
	$PYTHON - >"$CASE/appendonlydir/appendonly.aof.1.incr.aof" <<-'END'
		commands = ["SELECT 0"]
		for i in range(12):
		    commands += f"""SET k{i} {'v' * (i * 3 + 1)}|RPUSH l{i % 3} {'x' * (i * 40 + 1)} b
		        |HSET h f{i} {'y' * (i * 9 + 1)}|ZADD z {i} m{i}|SADD s a{i}|APPEND k1 {i}
		        |SETBIT bits {i * 100} 1|PFADD p e{i}|XADD st {i + 1}-1 f v""".split("|")
		commands += """MULTI|INCR n|EXEC|ZUNIONSTORE zz 1 z|GEOADD g 1 2 a|RENAME k1 k2
		    |EXPIRE k3 1000|XGROUP CREATE st gr 0|COPY h h2|SHUTDOWN NOSAVE NOW""".split("|")
		script = "for i=1,20 do redis.call('set','e'..i,'x') end return cjson.encode({1,2})"
		for words in [["EVAL", script, "0"]] + [c.split() for c in commands]:
		    print(f"*{len(words)}\r\n" + "".join(f"${len(w)}\r\n{w}\r\n" for w in words), end="")
	END
fi
program redis redis-server --port 0 --unixsocket "$WORK/redis/socket" --save '' --appendonly yes \
	--dir "$WORK/redis"

# shellcheck disable=SC2317 # it is the driver
ask_nginx()
{
	await 20 test -S "$CASE/nginx.sock" || return
	curl -sf -m 20 --compressed --unix-socket "$CASE/nginx.sock" http://localhost/page.html
	curl -s -m 20 --unix-socket "$CASE/nginx.sock" -d data http://localhost/absent
	await 5 test -s "$CASE/nginx.pid" && kill -QUIT "$(cat "$CASE/nginx.pid")"
} >/dev/null

if command -v nginx curl >/dev/null; then
	new_case nginx
	seq 1000 >"$CASE/page.html"
	# shellcheck disable=SC2016 # nginx's own variables
	write_nginx_conf "$CASE" 'master_process off;' "access_log $CASE/access.log;" '
		location ~ ^/(a|b).*[.]php$ { return 200 "$request_uri"; }
		rewrite ^/old/(.*)$ /$1 permanent;'
	DRIVER=ask_nginx
	program nginx "$(command -v nginx)" -c "$CASE/nginx.conf" -p "$CASE"
	DRIVER=
else
	skip nginx "nginx or curl is not installed"
fi

# Signal frames, a coroutine, unusual frames: named right in unwind.sh; here gdb's word on it.
if [ -z "$no_gdb" ]; then
	new_case cases
	equal cases "$PROG/unwind_cases"
	new_case signal
	equal signal "$PROG/unwind_signal" repeatable
fi

if [ -n "$no_gdb" ]; then
	skip equal "$no_gdb"
elif [ "$COMPARED" -lt 200 ]; then
	fail equal "only $COMPARED stacks compared"
else
	pass equal "$COMPARED stacks of all programs compared with gdb's"
fi

finish
