# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for memleak-bpf; tools/completion/generate tells what the table is.

_memleak_bpf_table='@TABLE@'

# Processes whose numbers begin so. Those of the kernel have no command line and are left out.
_memleak_bpf_pids()
{
	local pid line words

	for pid in /proc/"$1"*; do
		pid=${pid#/proc/}
		[[ $pid =~ ^[0-9]+$ ]] || continue
		words=()
		mapfile -d '' -n 60 words 2>/dev/null <"/proc/$pid/cmdline"
		[[ ${#words[@]} -gt 0 ]] || continue
		line=${words[*]}
		line=${line//[^[:print:]]/?}
		COMPREPLY+=("$pid (${line:0:60})")
	done
	# The command is for those who choose: only when all are listed.
	[[ ${#COMPREPLY[@]} -gt 1 && ${COMP_TYPE-} == 63 ]] || COMPREPLY=("${COMPREPLY[@]%% *}")
}

# _memleak_bpf_values KIND VALUES WORD
_memleak_bpf_values()
{
	local how

	case $1 in
	words) how=(-W "$2") ;;
	file) how=(-f) ;;
	dir) how=(-d) ;;
	user) how=(-u) ;;
	program) how=(-c) ;;
	pid)
		_memleak_bpf_pids "$3"
		return
		;;
	*) return ;;
	esac
	mapfile -t COMPREPLY < <(compgen "${how[@]}" -- "$3")
	# bash calls this inside of a completion, tests may not
	[[ $1 != file && $1 != dir ]] || compopt -o filenames 2>/dev/null
}

# What stands behind "--" is completed as if it stood alone.
_memleak_bpf_program()
{
	if declare -F _comp_command_offset >/dev/null; then
		_comp_command_offset "$1"
	elif declare -F _command_offset >/dev/null; then
		_command_offset "$1"
	elif [[ $COMP_CWORD == "$1" ]]; then
		_memleak_bpf_values program - "${COMP_WORDS[COMP_CWORD]}"
	else
		_memleak_bpf_values file - "${COMP_WORDS[COMP_CWORD]}"
	fi
}

_memleak_bpf()
{
	local command=- cur=${COMP_WORDS[COMP_CWORD]} last='' names kind values name i=1 arguments=0
	local -A commands=() kinds=() words=()

	COMPREPLY=()
	while IFS=$'\t' read -r name names kind values _; do
		[[ $name-$kind != --command ]] || commands[$names]=$name
	done <<<"$_memleak_bpf_table"
	if [[ $COMP_CWORD -gt 1 && -n ${commands[${COMP_WORDS[1]:--}]-} ]]; then
		command=${COMP_WORDS[1]}
		i=2
	fi
	while IFS=$'\t' read -r name names kind values _; do
		[[ $name == "$command" && $kind != command ]] || continue
		for name in ${names//,/ }; do
			kinds[$name]=$kind words[$name]=$values
		done
	done <<<"$_memleak_bpf_table"

	# last: an option whose value is yet to come. bash makes three words of --format=json.
	for (( ; i < COMP_CWORD; i++)); do
		name=${COMP_WORDS[i]}
		if [[ $name == = ]]; then
			continue
		elif [[ -n $last ]]; then
			last=
		elif [[ $name == -- && $command == - ]]; then
			_memleak_bpf_program $((i + 1))
			return
		elif [[ $name == -?* ]]; then
			[[ ${kinds[$name]-none} == none ]] || last=$name
		else
			arguments=$((arguments + 1))
		fi
	done
	[[ $cur != = ]] || cur=

	if [[ -n $last ]]; then
		_memleak_bpf_values "${kinds[$last]}" "${words[$last]}" "$cur"
	elif [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "${!kinds[*]}" -- "$cur" | grep '^-' | sort)
	elif [[ $COMP_CWORD == 1 ]]; then
		_memleak_bpf_values words "${!commands[*]}" "$cur"
	else
		name=$((arguments + 1))
		_memleak_bpf_values "${kinds[$name]-text}" "${words[$name]-}" "$cur"
	fi
}

complete -F _memleak_bpf memleak-bpf
