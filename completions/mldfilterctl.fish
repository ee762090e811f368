# SPDX-License-Identifier: GPL-2.0-or-later
# mldfilterctl(1) completion for fish

# The words before the cursor that are no options and no values of options, without the program's name.
function __mldfilterctl_words
    set -l skip no
    for word in (commandline -opc)[2..]
        if test $skip = yes
            set skip no
            continue
        end
        switch $word
            case -H --host --color --timeout --action --parent --messages --interval --count --output
                set skip yes
            case '-*'
            case '*'
                printf '%s\n' $word
        end
    end
end

# __mldfilterctl_is COMMAND...: whether it is one of these; without, whether there is none yet.
function __mldfilterctl_is
    set -l words (__mldfilterctl_words)
    if test (count $argv) -eq 0
        test (count $words) -eq 0
    else
        contains -- "$words[1]" $argv
    end
end

# Whether the command has no interface yet.
function __mldfilterctl_first
    test (count (__mldfilterctl_words)) -lt 2
end

# Whether another host was named, about which nothing is known here.
function __mldfilterctl_remote
    string match -qr -- '^(-H|--host(=|$))' (commandline -opc)
end

# Those under management, without those that are there already. Asking does not start the service.
function __mldfilterctl_managed
    __mldfilterctl_remote; and return
    set -l used (__mldfilterctl_words)[2..]
    for line in (command mldfilterctl list --no-legend --color=never --timeout=2 </dev/null 2>/dev/null)
        set -l name (string split -m 1 ' ' -- $line)[1]
        test -n "$name"; and not contains -- $name $used; and printf '%s\n' $name
    end
end

# Those of the system. The one entry that is no interface belongs to the bonding driver.
function __mldfilterctl_links
    __mldfilterctl_remote; and return
    path basename -- /sys/class/net/* | string match -v bonding_masters
end

# The messages, each after those that are there already: igmp,mld-listener-done.
function __mldfilterctl_messages
    set -l all mld-listener-report mld-listener-done mld2-listener-report nd-router-solicit igmp
    set -l before (string replace -r '^--messages=' '' -- (commandline -ct) | string match -r '^.*,')
    for message in $all
        contains -- $message (string split , -- "$before"); or printf '%s\n' "$before$message"
    end
end

# NAME[:OPTION=VALUE]… of the command set.
function __mldfilterctl_entries
    set -l word (commandline -ct)
    set -l last (string match -r '[^:]*$' -- $word)
    set -l before (string match -r '^.*:' -- $word)
    if test -z "$before"
        __mldfilterctl_links
        return
    end
    switch "$last"
        case 'action=*'
            printf '%s\n' "$before"action={relocate,drop,allow}
        case 'parent=*'
            for name in (__mldfilterctl_links)
                printf '%s\n' "$before"parent=$name
            end
        case 'runtime=*'
            printf '%s\n' "$before"runtime={yes,no}
        case 'messages=*'
            set -l list (string match -r '^messages=.*,' -- $last; or echo messages=)
            for message in mld-listener-report mld-listener-done mld2-listener-report nd-router-solicit igmp
                contains -- $message (string split , -- (string replace messages= '' -- $list))
                or printf '%s\n' "$before$list$message"
            end
        case '*'
            for option in action parent messages runtime
                string match -q -- "*:$option=*" $before; or printf '%s\n' "$before$option="
            end
    end
end

complete -c mldfilterctl -f

complete -c mldfilterctl -n __mldfilterctl_is -a status -d 'Show how well this host is protected'
complete -c mldfilterctl -n __mldfilterctl_is -a list -d 'List interfaces under management'
complete -c mldfilterctl -n __mldfilterctl_is -a add -d 'Put an interface under management, or change its options'
complete -c mldfilterctl -n __mldfilterctl_is -a remove -d 'Take an interface out of management'
complete -c mldfilterctl -n __mldfilterctl_is -a set -d 'Replace all interfaces that were added'
complete -c mldfilterctl -n __mldfilterctl_is -a counters -d 'Show what was kept from leaving'
complete -c mldfilterctl -n __mldfilterctl_is -a watch -d 'Show counters and rates, live'
complete -c mldfilterctl -n __mldfilterctl_is -a audit -d 'Find out what is not as it should be'
complete -c mldfilterctl -n __mldfilterctl_is -a monitor -d 'Show events as they come'
complete -c mldfilterctl -n __mldfilterctl_is -a reset -d 'Count from zero again'
complete -c mldfilterctl -n __mldfilterctl_is -a reload -d 'Read the configuration again'
complete -c mldfilterctl -n __mldfilterctl_is -a clear -d 'Take the rules of a stopped service out of the kernel'
complete -c mldfilterctl -n __mldfilterctl_is -a ruleset -d 'Show the rules as the kernel has them'
complete -c mldfilterctl -n __mldfilterctl_is -a metrics -d 'Print metrics for Prometheus'

complete -c mldfilterctl -s h -l help -d 'Show help'
complete -c mldfilterctl -l version -d 'Show the version'
complete -c mldfilterctl -s H -l host -x -a '(__fish_complete_user_at_hosts)' -d 'Operate on another host, over ssh'
complete -c mldfilterctl -l json -d 'Print JSON'
complete -c mldfilterctl -l no-legend -d 'Print no headings and notes'
complete -c mldfilterctl -l no-ask-password -d 'Do not ask for a password'
complete -c mldfilterctl -l color -x -a 'auto always never' -d 'Colour the output'
complete -c mldfilterctl -l timeout -x -d 'Wait so many seconds for an answer'
complete -c mldfilterctl -s q -l quiet -d 'Print nothing but what was asked for'

complete -c mldfilterctl -n '__mldfilterctl_is list counters watch audit reset' -a '(__mldfilterctl_managed)' \
    -d 'Under management'
complete -c mldfilterctl -n '__mldfilterctl_is remove; and __mldfilterctl_first' -a '(__mldfilterctl_managed)' \
    -d 'Under management'
complete -c mldfilterctl -n '__mldfilterctl_is add; and __mldfilterctl_first' -a '(__mldfilterctl_links)' \
    -d 'Interface'
complete -c mldfilterctl -n '__mldfilterctl_is set' -a '(__mldfilterctl_entries)'

complete -c mldfilterctl -n '__mldfilterctl_is add' -l action -x -a 'relocate drop allow' \
    -d 'What becomes of its messages'
complete -c mldfilterctl -n '__mldfilterctl_is add' -l parent -x -a '(__mldfilterctl_links)' \
    -d 'The device to relocate to'
complete -c mldfilterctl -n '__mldfilterctl_is add' -l messages -x -a '(__mldfilterctl_messages)' \
    -d 'Handle only these'
complete -c mldfilterctl -n '__mldfilterctl_is add' -l runtime -d 'Do not keep it over a reboot'
complete -c mldfilterctl -n '__mldfilterctl_is add' -l permanent -d 'Keep it over a reboot'
complete -c mldfilterctl -n '__mldfilterctl_is set' -l none -d 'No interface at all'
complete -c mldfilterctl -n '__mldfilterctl_is counters' -l guard -d 'Only those of the guard'
complete -c mldfilterctl -n '__mldfilterctl_is watch' -l interval -x -d 'Look so often, in seconds'
complete -c mldfilterctl -n '__mldfilterctl_is watch' -l count -x -d 'End after so many times'
complete -c mldfilterctl -n '__mldfilterctl_is audit' -l all -d 'What is as it should be, too'
complete -c mldfilterctl -n '__mldfilterctl_is monitor' -l count -x -d 'End after so many events'
complete -c mldfilterctl -n '__mldfilterctl_is metrics' -l output -r -F -d 'Replace this file'
