#compdef memleak-bpf
# SPDX-License-Identifier: GPL-2.0-or-later
# zsh completion for memleak-bpf; tools/completion/generate tells what the table is.

_memleak-bpf_pids() {
	local dir line expl
	local -a pids lines

	for dir in /proc/<1->(/N); do
		# Those of the kernel have no command line.
		line=${(pj: :)${(0)"$(cat $dir/cmdline 2>/dev/null)"}}
		[[ -n $line ]] || continue
		pids+=(${dir:t})
		lines+=("${dir:t} ${${line//[^[:print:]]/?}[1,60]}")
	done
	_wanted processes expl process compadd -l -d lines -a pids
}

_memleak-bpf() {
	local table='@TABLE@'
	local command=- dashes line name text action value
	local -a fields specs subcommands
	local -A actions=(pid _memleak-bpf_pids file _files dir '_files -/' user _users program
		'_command_names -e' text ' ')

	for line in ${(f)table}; do
		fields=("${(@ps:\t:)line}")
		[[ $fields[3] != command ]] || subcommands+=("$fields[2]:$fields[5]")
	done
	if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
		_describe command subcommands
		return
	fi
	if (( ${subcommands[(I)$words[2]:*]} )); then
		command=$words[2]
		# _arguments shall not take it for an argument.
		shift words
		(( CURRENT-- ))
	else
		# Behind "--" stands another command.
		dashes=${words[(i)--]}
		if (( dashes < CURRENT )); then
			shift $dashes words
			(( CURRENT -= dashes ))
			_normal
			return
		fi
	fi

	for line in ${(f)table}; do
		fields=("${(@ps:\t:)line}")
		[[ $fields[1] == $command && $fields[3] != command ]] || continue
		action=$actions[$fields[3]]
		[[ $fields[3] != words ]] || action="($fields[4])"
		if [[ $fields[2] != -* ]]; then
			specs+=("$fields[2]:${(L)fields[4]}:$action")
			continue
		fi
		value=${fields[4]//:/\\:}
		text=${${fields[5]//:/\\:}//]/\\]}
		for name in ${(s:,:)fields[2]}; do
			if [[ $fields[3] == none ]]; then
				specs+=("*${name}[$text]")
			elif [[ $name == --* ]]; then
				specs+=("*${name}=[$text]:$value:$action")
			else
				specs+=("*${name}+[$text]:$value:$action")
			fi
		done
	done
	_arguments -s -S : $specs
}

_memleak-bpf "$@"
