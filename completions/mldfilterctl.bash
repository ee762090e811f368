# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# mldfilterctl(1) completion for bash, with bash-completion

# Names of interfaces are whatever somebody called them, "$(reboot)" too: they are never expanded, so no compgen -W.
_mldfilterctl_offer() {
    local word
    for word; do
        # It would quote the comma, too.
        [[ $word != *[!a-zA-Z0-9_.,:=-]* ]] || printf -v word %q "$word"
        [[ $word != "$cur"* ]] || COMPREPLY+=("$word")
    done
}

# Those under management. Asking does not start the service; of another host nothing is asked, it might want a password.
_mldfilterctl_managed() {
    local name rest
    [[ $remote ]] || while read -r name rest; do
        [[ ! $name || ${used[$name]-} ]] || names+=("$name")
    done < <(command mldfilterctl list --no-legend --color=never --timeout=2 </dev/null 2>/dev/null)
}

# Those of the system, which are not those of another host.
_mldfilterctl_links() {
    local path
    [[ $remote ]] || for path in /sys/class/net/*; do
        path=${path##*/}
        # The one entry that is no interface belongs to the bonding driver.
        [[ $path == bonding_masters || ${used[$path]-} ]] || names+=("$path")
    done
}

# One more message in a list like igmp,mld-listener-done.
_mldfilterctl_messages() {
    local before=$1 list=$2 message
    [[ $list != *,* ]] || before+=${list%,*},
    for message in mld-listener-report mld-listener-done mld2-listener-report nd-router-solicit igmp; do
        [[ ,${list%"${list##*,}"} == *",$message,"* ]] || _mldfilterctl_offer "$before$message"
    done
    compopt -o nospace
}

# The value of an option: of --OPTION VALUE, --OPTION=VALUE (with "--OPTION=" before) and NAME:OPTION=VALUE.
_mldfilterctl_value() {
    local option=$1 before=$2 list=$3 names=() name
    case $option in
        action) names=(relocate drop allow) ;;
        color) names=(auto always never) ;;
        runtime) names=(yes no) ;;
        parent) _mldfilterctl_links ;;
        messages) _mldfilterctl_messages "$before" "$list" ;;
        output) compopt -o default ;;
        host)
            if declare -F _comp_compgen_known_hosts >/dev/null; then
                _comp_compgen_known_hosts -a -p "$before" -- "$list"
            elif declare -F _known_hosts_real >/dev/null; then
                _known_hosts_real -a -p "$before" -- "$list"
            fi
            ;;
    esac
    for name in "${names[@]}"; do
        _mldfilterctl_offer "$before$name"
    done
}

# NAME[:OPTION=VALUE]… of the command set.
_mldfilterctl_entry() {
    local last=${cur##*:} option names=()
    if [[ $cur != *:* ]]; then
        _mldfilterctl_links
        _mldfilterctl_offer "${names[@]}"
        compopt -o nospace
    elif [[ $last == *=* ]]; then
        _mldfilterctl_value "${last%%=*}" "${cur%"${last#*=}"}" "${last#*=}"
    else
        for option in action parent messages runtime; do
            [[ $cur == *":$option="* ]] || _mldfilterctl_offer "${cur%"$last"}$option="
        done
        compopt -o nospace
    fi
}

_mldfilterctl() {
    local cur prev words cword
    _get_comp_words_by_ref -n := cur prev words cword || return
    COMPREPLY=()

    local takes_value='@(-H|--host|--color|--timeout|--action|--parent|--messages|--interval|--count|--output)'
    local command='' remote='' word i given=0 names=()
    local -A used=()
    for ((i = 1; i < cword; i++)); do
        word=${words[i]}
        # shellcheck disable=SC2254  # a pattern
        case $word in
            -H* | --host | --host=*) remote=yes ;;&
            $takes_value) ((i++)) ;;
            -*) ;;
            *)
                if [[ $command ]]; then
                    used[$word]=yes
                    ((++given))
                else
                    command=$word
                fi
                ;;
        esac
    done

    local options='-h --help --version -H --host --json --no-legend --no-ask-password --color --timeout -q --quiet'
    case $command in
        add) options+=' --action --parent --messages --runtime --permanent' ;;
        set) options+=' --none' ;;
        counters) options+=' --guard' ;;
        watch) options+=' --interval --count' ;;
        audit) options+=' --all' ;;
        monitor) options+=' --count' ;;
        metrics) options+=' --output' ;;
    esac

    # shellcheck disable=SC2053  # a pattern
    if [[ $prev == $takes_value ]]; then
        prev=${prev##*-}
        _mldfilterctl_value "${prev/#H/host}" '' "$cur"
    elif [[ $cur == --*=* ]]; then
        word=${cur#--}
        _mldfilterctl_value "${word%%=*}" "${cur%%=*}=" "${cur#*=}"
    elif [[ $cur == -* ]]; then
        # shellcheck disable=SC2086  # words
        _mldfilterctl_offer $options
    else
        case $command in
            '') _mldfilterctl_offer status list add remove set counters watch audit monitor reset reload clear ruleset \
                metrics ;;
            list | counters | watch | audit | reset) _mldfilterctl_managed ;;
            remove) ((given)) || _mldfilterctl_managed ;;
            add) ((given)) || _mldfilterctl_links ;;
            set) _mldfilterctl_entry ;;
        esac
        _mldfilterctl_offer "${names[@]}"
    fi

    # Readline replaces only what follows the last of these in the word.
    local break broken=
    for break in : =; do
        [[ $COMP_WORDBREAKS != *"$break"* ]] || broken+=$break
    done
    if [[ $broken && $cur == *["$broken"]* ]]; then
        local before=${cur%"${cur##*["$broken"]}"}
        COMPREPLY=("${COMPREPLY[@]#"$before"}")
    fi
}

complete -F _mldfilterctl mldfilterctl
