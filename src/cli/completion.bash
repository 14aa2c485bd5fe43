# What the user has typed so far of one word: $_tcpsight_cur. COMP_WORDS breaks words at = and :,
# which stand in values; bash wants only what follows the last of them.
_tcpsight_words()
{
	local cut=${_tcpsight_cur%"${_tcpsight_cur##*[=:]}"} i
	# shellcheck disable=SC2207 # none of the words has a blank
	COMPREPLY+=($(compgen -W "$1" -- "$_tcpsight_cur"))
	[[ $cut ]] || return 0
	for i in "${!COMPREPLY[@]}"; do COMPREPLY[i]=${COMPREPLY[i]#"$cut"}; done
}

# A list with commas: words that stand in it already are not proposed again.
_tcpsight_commas()
{
	local whole=$_tcpsight_cur before word words=
	before=${whole%"${whole##*,}"}
	for word in $1; do
		[[ ,$before == *,"$word",* ]] || words+="$before$word "
	done
	compopt -o nospace 2>/dev/null
	_tcpsight_words "$words"
}

# Files or folders ($1: -f, -d), below $2 if nothing is typed yet.
_tcpsight_paths()
{
	local word IFS=$'\n'
	compopt -o filenames 2>/dev/null
	for word in $(compgen "$1" -- "${_tcpsight_cur:-$2}"); do COMPREPLY+=("$word"); done
}

# The names of what is in a folder.
_tcpsight_names()
{
	local path words=
	for path in "$@"; do [[ -e $path ]] && words+="${path##*/} "; done
	echo "$words"
}

# Propose values: $1 "," if they are a list, $2 what they are, then words to choose from.
_tcpsight_value()
{
	local list=$1 kind=$2 words
	shift 2
	case $kind in
	files) _tcpsight_paths -f '' ; return ;;
	directories) _tcpsight_paths -d '' ; return ;;
	cgroups) _tcpsight_paths -d /sys/fs/cgroup/ ; return ;;
	maps) _tcpsight_paths -f /sys/fs/bpf/ ; return ;;
	programs) mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -c -- "$_tcpsight_cur") ; return ;;
	namespaces) words=$(_tcpsight_names /run/netns/*) ;;
	pids) words=$(_tcpsight_names /proc/[0-9]*) ;;
	interfaces) words="any $(_tcpsight_names /sys/class/net/*)" ;;
	users) words=$(compgen -u) ;;
	units) words=$(_tcpsight_names /sys/fs/cgroup/system.slice/*.service) ;;
	-) words=$* ;;
	*) kind=_tcpsight_list_$kind; words=${!kind} ;;
	esac
	if [[ $list ]]; then _tcpsight_commas "$words"; else _tcpsight_words "$words"; fi
}

_tcpsight()
{
	local -a typed=()
	local _tcpsight_cur='' i word last='' glue=1 command option called=${COMP_WORDS[0]##*/}
	COMPREPLY=()
	# Put together again what was broken at = and :, up to the cursor.
	for ((i = 1; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ $glue == 1 ]]; then typed+=("$word"); else typed[${#typed[@]} - 1]+=$word; fi
		glue=1
		# A lone mark, or what stands right behind one.
		[[ ${COMP_WORDS[i + 1]-} == [=:]* || $word == [=:] ]] && ((i < COMP_CWORD)) && glue=0
	done
	_tcpsight_cur=${typed[${#typed[@]} - 1]-}
	command=_tcpsight_of_${called//[^a-z]/}
	command=${!command-}
	if [[ ! $command ]]; then
		command=${typed[0]-}
		if ((${#typed[@]} < 2)); then
			_tcpsight_words "$_tcpsight_list_commands --help --version"
			return
		fi
		typed=("${typed[@]:1}")
	fi
	if [[ $command == help && ${#typed[@]} == 1 ]]; then _tcpsight_words "$_tcpsight_list_commands"; fi
	declare -F "_tcpsight_$command" >/dev/null || return
	((${#typed[@]} > 1)) && last=${typed[${#typed[@]} - 2]}
	if [[ $_tcpsight_cur == --*=* ]]; then
		option=${_tcpsight_cur%%=*}
		_tcpsight_cur=${_tcpsight_cur#*=}
		"_tcpsight_$command" "$option"
	elif [[ $last == -* ]] && "_tcpsight_$command" "$last"; then
		:
	elif [[ $_tcpsight_cur == -* ]]; then
		"_tcpsight_$command" options
	else
		"_tcpsight_$command" words
	fi
}

complete -F _tcpsight tcpsight tcptop tcplife tcpsubnet tcpipstat tcpeek tcpeekstat
