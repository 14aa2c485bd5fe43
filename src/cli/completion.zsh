
# Propose values: what they are called stands last, before it what _arguments wants compadd to be told.
_tcpsight_value()
{
	local kind=${@[-1]} list=_tcpsight_list_${@[-1]}
	local -a found options
	options=("${@[1,-2]}")
	case $kind in
	-) _message 'a word' ;;
	files) _files "$options[@]" ;;
	directories) _files "$options[@]" -/ ;;
	cgroups) if [[ -n $PREFIX ]]; then _files "$options[@]" -/; else compadd -S / -- /sys/fs/cgroup; fi ;;
	maps) if [[ -n $PREFIX ]]; then _files "$options[@]"; else compadd -S / -- /sys/fs/bpf; fi ;;
	namespaces) found=(/run/netns/*(N:t)); compadd "$options[@]" -a found ;;
	pids) _pids "$options[@]" ;;
	interfaces) found=(any /sys/class/net/*(N:t)); compadd "$options[@]" -a found ;;
	users) _users "$options[@]" ;;
	units) found=(/sys/fs/cgroup/system.slice/*.service(N:t)); compadd "$options[@]" -a found ;;
	programs) _command_names -e ;;
	*) found=("${(@P)list}"); _describe -t "$kind" "$kind" found "$options[@]" ;;
	esac
}

# A list with commas.
_tcpsight_commas()
{
	_sequence _tcpsight_value_of_list "${@[-1]}"
}

# _sequence puts what it was given first, and options of compadd behind it.
_tcpsight_value_of_list()
{
	_tcpsight_value "${@[2,-1]}" "$1"
}

_tcpsight()
{
	local command=${_tcpsight_seeds[$service]-}
	if [[ -z $command ]]; then
		if ((CURRENT == 2)); then
			_tcpsight_value commands
			[[ $PREFIX == -* ]] && compadd -- --help --version
			return
		fi
		shift words
		((CURRENT--))
		command=$words[1]
		if [[ $command == help && $CURRENT == 2 && $PREFIX != -* ]]; then
			_tcpsight_value commands
			return
		fi
	fi
	(($+functions[_tcpsight_$command])) || return
	_tcpsight_$command
}

if [[ $funcstack[1] == _tcpsight ]]; then
	_tcpsight "$@"
elif (($+functions[compdef])); then
	compdef _tcpsight tcpsight tcptop tcplife tcpsubnet tcpipstat tcpeek tcpeekstat
fi
