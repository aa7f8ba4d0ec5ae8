#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# maps - "memleak-bpf maps": the region that grows and why, on programs that grow by one mechanism
# each; sums against the kernel and smem; what it may not see, and what is not there.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

ROUNDS=10
declare -A EXPECTED=(
	[brk]="heap grew .* brk heap"
	[arena]="malloc arena \(arena 1\) grew .* other threads"
	[leader]="malloc arena \(arena 1\) grew .* other threads"
	[threshold]="anonymous \(malloc\) grew .* mmap threshold"
	[mmap]="anonymous grew .* anonymous mmap"
	[shared]="shared anonymous grew .* shared mmap"
	[memfd]="memfd \(cache of pages\) grew"
	[file]="file \(.*\) grew .* mapped file"
	[sysv]="sysv shm \(key 0x09998877\) grew .* not detached"
	[threads]="stack \(living threads\) grew .* do not end"
	[unjoined]="stack \(ended threads\) grew .* pthread_join"
	[none]="nothing grew"
)

new_case growth
declare -A GROWING=()
for mechanism in "${!EXPECTED[@]}"; do
	READY_FILE=$CASE/ready.$mechanism "$PROG/grow" "$mechanism" >"$CASE/output" 2>&1 </dev/null &
	GROWING[$mechanism]=$!
	PIDS+=($!)
	disown $!
done
for mechanism in "${!EXPECTED[@]}"; do
	await 10 test -e "$CASE/ready.$mechanism"
done
# Side by side, each ten times while it grows: all must be right.
for mechanism in "${!EXPECTED[@]}"; do
	(
		for ((round = 0; round < ROUNDS; round++)); do
			"$TOOL" maps "${GROWING[$mechanism]}" 0.2 3 2>&1 | sed -n 2p
		done >"$CASE/$mechanism"
	) &
	WAIT+=($!)
done
wait "${WAIT[@]}"
for mechanism in "${!EXPECTED[@]}"; do
	right=$(grep -cE "^${EXPECTED[$mechanism]}" "$CASE/$mechanism")
	if [ "$right" = $ROUNDS ]; then
		pass "growth-$mechanism" "named $right times of $ROUNDS"
	else
		fail "growth-$mechanism" "named $right times of $ROUNDS: $(grep -vE -m1 \
			"^${EXPECTED[$mechanism]}" "$CASE/$mechanism")"
	fi
done
touch "$CASE/quit"

# --- sums ---

new_case sums
start_target "$PROG/grow" brk 20
sleep 0.4 # it grows for a tenth of a second
sums()
{
	"$TOOL" maps -a --record "$CASE/recording" "$TARGET" >"$CASE/report" &&
		$PYTHON tests/maps_sums.py "$CASE/report" "/proc/$TARGET/smaps_rollup" "$CASE/recording"
}
if out=$(sums 2>&1); then
	pass sums-kernel "Rss, Pss and USS are the kernel's own"
else
	fail sums-kernel "$out"
fi
if ! command -v smem >/dev/null; then
	skip sums-smem "smem is not installed"
else
	uss=$(awk '/^Private_(Clean|Dirty):/ {sum += $2} END {print sum}' "$CASE/recording")
	other=$(smem -H -c 'pid uss' -P "grow" 2>/dev/null | awk -v pid="$TARGET" '$1 == pid {print $2}')
	if awk -v a="$uss" -v b="$other" 'BEGIN {d = a - b; exit !(b && d * d < b * b / 1e4)}'; then
		pass sums-smem "USS $uss KiB, smem's $other KiB"
	else
		fail sums-smem "USS $uss KiB, smem says $other KiB"
	fi
fi
# What has stopped growing is not growing.
if "$TOOL" maps "$TARGET" 0.05 3 | sed -n 2p | grep -q "^nothing grew"; then
	pass growth-over "what has stopped growing does not grow"
else
	fail growth-over "it has stopped growing, but is said to grow"
fi

# --- the course of it ---

new_case course
for course in "growing steadily:4000" "grew and stopped:40"; do
	rm -f "$CASE/ready"
	start_target "$PROG/grow" brk "${course#*:}"
	"$TOOL" maps --record "$CASE/recording" "$TARGET" 0.08 12 >"$CASE/report" 2>&1
	"$TOOL" maps --growth --from "$CASE/recording" >"$CASE/again" 2>&1
	if grep -q "^heap, sample by sample: .* ${course%:*}$" "$CASE/report" && cmp -s "$CASE/report" "$CASE/again"; then
		pass "course-${course#*:}" "${course%:*}, also when read again"
	else
		fail "course-${course#*:}" "$(sed -n 2,3p "$CASE/report"; diff "$CASE/report" "$CASE/again" | head -n 2)"
	fi
	kill "$TARGET"
done

# --- recordings ---

new_case recordings
start_target "$PROG/grow" brk 20
sleep 0.3
"$TOOL" maps -a --record "$CASE/recording" "$TARGET" >"$CASE/report"

"$TOOL" maps -a --from "$CASE/recording" >"$CASE/again" 2>&1
if diff "$CASE/report" "$CASE/again" >"$CASE/diff"; then
	pass recording "read again, it says the same"
else
	fail recording "$(head -n 3 "$CASE/diff" | tr '\n' ';')"
fi
cp "/proc/$TARGET/smaps" "$CASE/smaps"
if "$TOOL" maps --from "$CASE/smaps" | grep -q '^heap .* 1 .*MiB'; then
	pass copy "a copy of smaps"
else
	fail copy "$("$TOOL" maps --from "$CASE/smaps" 2>&1 | head -n 3)"
fi

# --- pictures ---

"$TOOL" maps --svg "$CASE/p.svg" --html "$CASE/p.html" "$TARGET" 0.05 2 >/dev/null
if ! command -v xmllint >/dev/null; then
	skip pictures "xmllint is not installed"
elif xmllint --noout "$CASE/p.svg" "$CASE/p.html" 2>"$CASE/log" && grep -q '<rect class="h' "$CASE/p.html"; then
	pass pictures "SVG and HTML are well-formed"
else
	fail_case pictures "not well-formed"
fi
end_target

# --- hostile names ---

new_case names
mkdir -p "$CASE/d"
hostile=$CASE/d/$'<b>"&\n\033[31m (deleted)'
cp "$PROG/grow" "$hostile"
WAIT=1 "$hostile" none >/dev/null 2>&1 </dev/null &
TARGET=$!
PIDS+=("$TARGET")
disown "$TARGET"
await 10 test -e "$CASE/ready"
"$TOOL" maps -a --html "$CASE/p.html" --svg "$CASE/p.svg" "$TARGET" >"$CASE/report" 2>&1
if grep -q $'\033' "$CASE/report" "$CASE/p.html" "$CASE/p.svg"; then
	fail names "an escape sequence got through"
elif ! grep -qF '(deleted)' "$CASE/report" || grep -qF '(deleted) (deleted)' "$CASE/report"; then
	fail names "a name that ends with (deleted) is not kept: $(grep -m1 grow "$CASE/report")"
elif command -v xmllint >/dev/null && ! xmllint --noout "$CASE/p.svg" "$CASE/p.html" 2>"$CASE/log"; then
	fail_case names "a name breaks the page"
else
	pass names "control characters, markup, newlines and (deleted) in a name"
fi
touch "$CASE/quit"

# --- who may look, and at whom ---

new_case rights
start_target "$PROG/grow" brk 1
as_nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
cp "$TOOL" "$CASE/tool"
chmod 755 "$CASE/tool"
if ! command -v setpriv >/dev/null; then
	skip rights "setpriv is not installed"
else
	out=$("${as_nobody[@]}" "$CASE/tool" maps "$TARGET" 2>&1)
	if [ $? = 1 ] && [[ $out == *"somebody else's"* ]] && [ "$(wc -l <<<"$out")" = 1 ]; then
		pass rights-others "one line says that root is needed"
	else
		fail rights-others "$out"
	fi
	# shellcheck disable=SC2016 # for the other shell
	out=$("${as_nobody[@]}" sh -c 'sleep 5 & sleep 0.2; "$0" maps $!; kill $!' "$CASE/tool" 2>&1)
	if [[ $out == sleep*USS* ]]; then
		pass rights-own "one's own processes need no root"
	else
		fail rights-own "$(head -n 2 <<<"$out")"
	fi
fi
end_target
out=$("$TOOL" maps 4194304 2>&1)
if [ $? = 1 ] && [[ $out == *"no process 4194304"* ]]; then
	pass rights-nobody "a process that is not there"
else
	fail rights-nobody "$out"
fi
out=$("$TOOL" maps 2 2>&1)
if [ $? = 1 ] && [[ $out == *"kernel thread"* ]]; then
	pass rights-kernel "a kernel thread"
else
	fail rights-kernel "$out"
fi
for wrong in "" "0" "-1" "12x" "1 0" "1 nan" "1 0x1" "1 1 1" "1 1 2 3" "--bogus 1" "-T x 1" "--from" "1 --from x"; do
	# shellcheck disable=SC2086 # words are meant
	out=$("$TOOL" maps $wrong 2>&1)
	if [ $? != 2 ] || [ "$(wc -l <<<"$out")" != 1 ]; then
		fail options "maps $wrong: $out"
		wrong=
		break
	fi
done
[ -z "$wrong" ] || pass options "wrong ones are told in a line each"
# It ends while it is looked at: what is known until then.
new_case vanishes
start_target "$PROG/grow" brk
("$TOOL" maps "$TARGET" 0.1 50 >"$CASE/report" 2>"$CASE/log") &
looking=$!
sleep 0.35
kill -KILL "$TARGET"
if wait "$looking" && grep -q "has ended" "$CASE/log" && grep -q "^heap grew" "$CASE/report"; then
	pass vanishes "a process that ends meanwhile"
else
	fail_case vanishes "$(head -n 2 "$CASE/report")"
fi

finish
