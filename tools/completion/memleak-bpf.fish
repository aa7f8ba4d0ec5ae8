# SPDX-License-Identifier: GPL-2.0-or-later
# fish completion for memleak-bpf; tools/completion/generate tells what the table is.

set -g __memleak_bpf_table '@TABLE@'

# The rows of a command.
function __memleak_bpf_rows --argument-names command
    string split \n -- $__memleak_bpf_table | string match -- $command\t'*'
end

# What the cursor is at: prints the command and the number of the argument, or "program", behind "--".
function __memleak_bpf_place
    set -l words (commandline -opc)[2..]
    set -l command -
    set -l argument 1
    set -l taking
    if set -q words[1]; and __memleak_bpf_rows - | string match -q -- -\t$words[1]\tcommand\t'*'
        set command $words[1]
        set -e words[1]
    end
    for row in (__memleak_bpf_rows $command)
        set -l fields (string split \t -- $row)
        contains -- $fields[3] none command; or set -a taking (string split , -- $fields[2])
    end
    set -l value_comes 0
    for word in $words
        if test $value_comes = 1
            set value_comes 0
        else if test $command$word = ---
            echo program
            return
        else if string match -q -- '-?*' $word
            contains -- $word $taking; and set value_comes 1
        else
            set argument (math $argument + 1)
        end
    end
    echo $command $argument
end

# Is it at this command, or at this argument of it?
function __memleak_bpf_at --argument-names command argument
    set -l place (string split ' ' -- (__memleak_bpf_place))
    test "$place[1]" = "$command"; and test -z "$argument" -o "$place[2]" = "$argument"
end

# Processes but those of the kernel, which have no command line.
function __memleak_bpf_pids
    for dir in /proc/*
        string match -qr '^/proc/[0-9]+$' -- $dir; or continue
        set -l line (string join ' ' -- (cat $dir/cmdline 2>/dev/null | string split0) | string collect)
        test -n "$line"; or continue
        printf '%s\t%s\n' (string replace /proc/ '' -- $dir) (string replace -ra '[^[:print:]]' '?' -- $line | string sub -l 60)
    end
end

# What stands behind "--", as if it stood alone.
function __memleak_bpf_program
    set -l words (commandline -opc)
    set -l dashes (contains -i -- -- $words)
    set -l rest (string escape -- $words[(math $dashes + 1)..])
    complete -C "$rest "(commandline -ct)
end

complete -c memleak-bpf -f
complete -c memleak-bpf -n '__memleak_bpf_at program' -a '(__memleak_bpf_program)'
for row in (string split \n -- $__memleak_bpf_table)
    set -l fields (string split \t -- $row)
    set -l at "__memleak_bpf_at $fields[1]"
    set -l what
    switch $fields[3]
        case words
            set what -x -a "$fields[4]"
        case pid
            set what -x -a '(__memleak_bpf_pids)'
        case file
            set what -r -F
        case dir
            set what -x -a '(__fish_complete_directories)'
        case user
            set what -x -a '(__fish_complete_users)'
        case program
            set what -x -a '(__fish_complete_command)'
        case text
            set what -x
        case command
            complete -c memleak-bpf -n 'test (count (commandline -opc)) = 1' -a $fields[2] -d $fields[5]
            continue
    end
    switch $fields[2]
        case '--*'
            complete -c memleak-bpf -n $at -l (string sub -s 3 -- $fields[2]) -d $fields[5] $what
        case '-*'
            set -l names (string split , -- $fields[2])
            complete -c memleak-bpf -n $at -s (string sub -s 2 -- $names[1]) -l (string sub -s 3 -- $names[2]) -d $fields[5] $what
        case '*'
            test $fields[3] = file; and set what -F
            complete -c memleak-bpf -n "$at $fields[2]" $what
    end
end
