# SPDX-License-Identifier: GPL-2.0-or-later
# The help of one command, of which options begin as in "  -p, --pid PID   a running process", as lines of
# the table that generate tells of.

function kind_of(value)
{
	if (value == "" || value ~ /^\[=/)
		return "none"
	if (value ~ /\|/ || value == "FORMAT")
		return "words"
	if (value == "PID")
		return "pid"
	if (value ~ /^(FILE|OUT|OLD|NEW|OBJECT)$/)
		return "file"
	if (value == "DIR")
		return "dir"
	if (value ~ /^USER/)
		return "user"
	if (value ~ /COMMAND/)
		return "program"
	return "text"
}

# Its first clause.
function first_clause(s)
{
	sub(/ *[;(].*/, "", s)
	return s == "" ? "-" : s
}

# An option is complete when the next one begins.
function finish(	kind)
{
	if (names == "")
		return
	kind = kind_of(value)
	# What FORMAT stands for are the options that come next and take a file: each of them is one.
	if (value == "FORMAT") {
		format_names = names
		format_text = first_clause(text)
	} else {
		if (format_names != "" && kind == "file")
			formats = formats " " long
		else
			finish_formats()
		if (kind == "words")
			gsub(/\|/, " ", value)
		print command "\t" names "\t" kind "\t" (kind == "none" ? "-" : value) "\t" first_clause(text)
	}
	names = ""
}

function finish_formats()
{
	if (format_names != "")
		print command "\t" format_names "\twords\t" substr(formats, 2) "\t" format_text
	format_names = formats = ""
}

# "Usage: memleak-bpf diff [OPTIONS] OLD NEW": what is in brackets is a number.
/^Usage: / && command != "-" {
	sub(/ --[a-z-]+ [A-Z]+/, "")
	n = split($0, word, / +/)
	for (i = 4; i <= n; i++)
		if (word[i] ~ /^[A-Z]+$/)
			print command "\t" ++arguments "\t" kind_of(word[i]) "\t" word[i] "\t-"
	next
}

# What a command is for is said by the first sentence of its help.
/^[A-Z]/ && command != "-" && !described {
	described = 1
	sub(/ *[.:;(].*/, "")
	print "-\t" command "\tcommand\t-\t" $0
	next
}

/^ +(-[[:alnum:]], )?--[[:alnum:]]/ {
	finish()
	text = $0
	sub(/^ +/, "", text)
	names = ""
	if (text ~ /^-[[:alnum:]], /) {
		names = substr(text, 1, 2) ","
		text = substr(text, 5)
	}
	match(text, /^--[[:alnum:]-]+/)
	long = substr(text, 3, RLENGTH - 2)
	names = names "--" long
	text = substr(text, RLENGTH + 1)
	value = ""
	# "[=BYTES]", or one blank and then "FILE", "USER[:GROUP]", "'COMMAND'" or "this|that"
	if (match(text, /^(\[=[A-Z]+\]| '?\[?[A-Z][A-Z:[\]]*'?( |$)| [a-z]+(\|[a-z]+)+)/)) {
		value = substr(text, 1, RLENGTH)
		text = substr(text, RLENGTH + 1)
		gsub(/[ ']/, "", value)
	}
	sub(/^ +/, "", text)
	next
}

# The explanation goes on.
/^                +[^ ]/ && names != "" {
	sub(/^ +/, "")
	text = text " " $0
	next
}

{
	finish()
	finish_formats()
}

END {
	finish()
	finish_formats()
}
