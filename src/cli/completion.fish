
# Is the command $argv[1]; without one: is there none yet?
function __tcpsight_is
	set -l words (commandline -opc)
	if test (count $argv) = 0
		test (count $words) = 1
	else
		test (count $words) -gt 1; and test $words[2] = $argv[1]
	end
end

# A list with commas, of what the command $argv[1] prints.
function __tcpsight_commas
	set -l before (string match -r '^(?:--?[^=]+=)?(.*,)?' -- (commandline -ct))[2]
	for line in (eval $argv[1])
		set -l word (string split \t -- $line)[1]
		string match -q -- "*,$word,*" ",$before"; or printf '%s%s\n' "$before" $line
	end
end

function __tcpsight_names
	for path in $argv
		test -e $path; and string replace -r '.*/' '' -- $path
	end
end

function __tcpsight_list_directories
	__fish_complete_directories (commandline -ct) ''
end

function __tcpsight_list_cgroups
	set -l token (string replace -r '^--?[^=]+=' '' -- (commandline -ct))
	test -n "$token"; or set token /sys/fs/cgroup/
	__fish_complete_directories $token ''
end

function __tcpsight_list_namespaces
	__tcpsight_names /run/netns/*
end

function __tcpsight_list_pids
	__fish_complete_pids
end

function __tcpsight_list_interfaces
	echo any
	__tcpsight_names /sys/class/net/*
end

function __tcpsight_list_users
	__fish_complete_users
end

function __tcpsight_list_units
	__tcpsight_names /sys/fs/cgroup/system.slice/*.service
end

function __tcpsight_list_programs
	__fish_complete_command
end

complete -c tcpsight -f
complete -c tcpsight -n '__tcpsight_is' -s h -l help -d 'the commands'
complete -c tcpsight -n '__tcpsight_is' -l version -d 'version, licence, build, libraries'
complete -c tcpsight -n '__tcpsight_is help' -a '(__tcpsight_list_commands)'
