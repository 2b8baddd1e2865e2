#!/bin/sh
# An agent for tests. It asks `gt prime --hook` what it is to do, and does what the bead's args say,
# a word a line or parted by `;`:
#
#   write FILE TEXT     the file has this text          escalate WHY     cannot go on, and ends
#   commit MESSAGE      everything is committed         handoff [TEXT]   hands on to a new session
#   sleep SECONDS       waits                           mail WHO [TEXT]  writes a letter
#   say TEXT            prints it                       run COMMAND      runs a command of the shell
#   die9 [ATTEMPT]      kill -9, of its whole group     hang [ATTEMPT]   does nothing any more
#   exit CODE [ATTEMPT] ends                            limit            tells of a limit of its model
#   done [STATUS]       hands its work in, and ends
#
# With an ATTEMPT only the session of that number does it. AGENT_JOURNAL names a file to which each
# session adds a line when it begins: pid, session, bead, attempt. With AGENT_SCRIPT nobody is asked.
set -u
[ -n "${AGENT_JOURNAL:-}" ] &&
    printf '%s %s %s %s\n' "$$" "${GT_SESSION_ID:--}" "${GT_BEAD:--}" "${GT_ATTEMPT:-0}" >>"$AGENT_JOURNAL"

told=$(gt prime --hook)
printf '%s\n' "$told"
script=${AGENT_SCRIPT:-$(printf '%s\n' "$told" | sed -n '/^### what was asked for$/,/^### /{/^### /d;p;}')}

mine() { # whether this is the session that is meant
    [ -z "${1:-}" ] || [ "$1" = "${GT_ATTEMPT:-1}" ]
}

step() {
    word=$1
    shift
    case $word in
    write)
        file=$1
        shift
        case $file in */*) mkdir -p "${file%/*}" ;; esac
        printf '%s\n' "$*" >"$file"
        ;;
    commit) git add -A && git commit -q -m "$*" ;;
    sleep) sleep "$1" ;;
    say) printf '%s\n' "$*" ;;
    run) sh -c "$*" ;;
    die9) if mine "${1:-}"; then kill -9 0; fi ;;
    hang) if mine "${1:-}"; then exec sleep 1000000; fi ;;
    exit) if mine "${2:-}"; then exit "$1"; fi ;;
    limit) printf '%s\n' "You've reached your usage limit. Your limit will reset later." ;;
    escalate)
        gt done --status ESCALATED -m "$*"
        exit $?
        ;;
    handoff)
        gt handoff -m "${*:-go on}"
        exit $?
        ;;
    mail)
        who=$1
        shift
        gt mail send "$who" -s "From $GT_ROLE" -m "${*:-hello}"
        ;;
    done)
        if [ -n "${1:-}" ]; then gt done --status "$1"; else gt done; fi
        exit $?
        ;;
    *) printf 'agent.sh knows no %s\n' "$word" >&2 && exit 64 ;;
    esac
}

printf '%s\n' "$script" | tr ';' '\n' >"${TMPDIR:-/tmp}/agent-$$"
exec 3<"${TMPDIR:-/tmp}/agent-$$"
rm -f "${TMPDIR:-/tmp}/agent-$$"
while read -r line <&3; do
    # shellcheck disable=SC2086  # a line is words
    [ -z "$line" ] || { set -f; step $line; set +f; } || exit $?
done
