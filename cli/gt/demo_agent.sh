#!/bin/sh
# A worker without a model: it reads what `gt prime` tells it, and does each line of the description
# that it knows. It is a complete agent: it needs nothing but a shell, git and gt.
set -u
told=$(gt prime --hook) || exit 1
attempt=$(printf '%s\n' "$told" | sed -n 's/.*, attempt \([0-9]*\),.*/\1/p')
case $told in *"MERGE REJECTION"*) rejected=yes ;; *) rejected=no ;; esac

lines=$(printf '%s\n' "$told" | sed -n '/^### description/,/^###/p')
while read -r word rest; do
  case $word in
    write) printf '%s\n' "${rest#* }" > "${rest%% *}" ;;
    commit) git add -A && git commit -q -m "$rest" ;;
    sleep) sleep "$rest" ;;
    die-once) [ "${attempt:-1}" -gt 1 ] || kill -9 $$ ;;
    break-once) if [ "$rejected" = yes ]; then rm -f BROKEN; else echo broken > BROKEN; fi ;;
  esac
done <<END
$lines
END
gt done
