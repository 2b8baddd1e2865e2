"""A hook of git that keeps integration branches from reaching main by the side door.

It guards against mistakes, not against intent: whoever may push may also leave it out.
"""

from pathlib import Path
from typing import Final

LANDING: Final = "GT_INTEGRATION_LAND"
MARK: Final = "# written by gt: integration branches land with gt mq integration land"
SCRIPT: Final = """#!/bin/sh
{mark}
[ "${landing}" = 1 ] && exit 0
while read -r _ new ref old; do
    [ "$ref" = "refs/heads/{branch}" ] || continue
    case "$new" in *[!0]*) ;; *) continue ;; esac
    case "$old" in *[!0]*) ;; *) old="" ;; esac
    for tip in $(git for-each-ref --format='%(objectname)' refs/remotes/origin/integration/); do
        git merge-base --is-ancestor "$tip" "$new" || continue
        [ -n "$old" ] && git merge-base --is-ancestor "$tip" "$old" && continue
        echo "this push would bring an integration branch into {branch}" >&2
        echo "land it instead: gt mq integration land EPIC" >&2
        exit 1
    done
done
exit 0
"""


def install(repository: Path, branch: str) -> bool:
    """Whether the hook is there; a hook that is somebody's own stays, and ours is not."""
    place = repository / "hooks" / "pre-push"
    text = SCRIPT.format(mark=MARK, landing=LANDING, branch=branch)
    if place.exists() and MARK not in place.read_text("utf-8", "replace"):
        return False
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, "utf-8")
    place.chmod(0o755)
    return True
