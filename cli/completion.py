"""Completion scripts: the words of the command tree, written out for a shell.

The scripts name commands and options and call nothing, so that pressing Tab costs nothing.
"""

from typing import Any

SHELLS = ("bash", "zsh", "fish")
TOPICS = ("exits", "output")  # what `wl help` explains beside commands


def _words(command: Any, ctx: Any) -> tuple[list[str], list[str]]:
    names = list(command.list_commands(ctx)) if hasattr(command, "list_commands") else []
    options = [word for param in command.get_params(ctx) for word in param.opts if word[0] == "-"]
    return names, sorted(set(options))


def _table(root: Any) -> dict[str, list[str]]:
    """What may follow `wl`, `wl NAME` and `wl NAME NAME`."""
    names, options = _words(root.command, root)
    table = {"": [*names, *options]}
    for name in names:
        command = root.command.get_command(root, name)
        inner, options = _words(command, root)
        table[name] = [*inner, *options]
        for under in inner:
            table[f"{name} {under}"] = _words(command.get_command(root, under), root)[1]
    table["completion"] = [*SHELLS, *table["completion"]]
    table["help"] = [*names, *TOPICS, *table["help"]]
    return table


def script(shell: str, root: Any) -> str:
    """The script for this shell, from the tree as it is now."""
    table = _table(root)
    if shell == "fish":
        return _fish(table)
    cases = "\n".join(
        f'    "{path}") words="{" ".join(words)}" ;;' for path, words in table.items() if path
    )
    head = _ZSH if shell == "zsh" else ""
    return head + _BASH.replace("@cases@", cases).replace("@root@", " ".join(table[""]))


# A zsh that never started its completion system has no `compdef` for bashcompinit to stand on.
_ZSH = """autoload -Uz compinit bashcompinit
(( $+functions[compdef] )) || compinit -i
bashcompinit
"""

_BASH = """_wl() {
  local cur="${COMP_WORDS[COMP_CWORD]}" path="" word words=""
  for word in "${COMP_WORDS[@]:1:$((COMP_CWORD - 1))}"; do
    case "$word" in -*) ;; *) path="${path:+$path }$word" ;; esac
  done
  while [ -n "$path" ]; do
    case "$path" in
@cases@
    esac
    [ -n "$words" ] && break
    case "$path" in *" "*) path="${path% *}" ;; *) path="" ;; esac
  done
  COMPREPLY=($(compgen -W "${words:-@root@}" -- "$cur"))
}
complete -o default -F _wl wl
"""


def _fish(table: dict[str, list[str]]) -> str:
    lines = []
    first = " ".join(word for word in table[""] if not word.startswith("-"))
    for path, words in table.items():
        names = path.split()
        seen = [f"__fish_seen_subcommand_from {name}" for name in names]
        test = "; and ".join(seen) or f"not __fish_seen_subcommand_from {first}"
        plain = " ".join(word for word in words if not word.startswith("-"))
        if plain:
            lines.append(f"complete -c wl -f -n '{test}' -a '{plain}'")
        lines += [
            f"complete -c wl -n '{test}' -l '{word[2:]}'" for word in words if word[:2] == "--"
        ]
    return "\n".join(lines) + "\n"
