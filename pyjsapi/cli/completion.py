"""``pyjsapi completion``: scripts for shells, made from what the command takes."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Mapping
from typing import Final

_BASH: Final = """\
_pyjsapi() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} words=
    if [[ $COMP_CWORD -eq 1 ]]; then
        words={verbs}
    else
        case ${{COMP_WORDS[1]}} in
{cases}
        esac
    fi
    COMPREPLY=($(compgen -W "$words" -- "$current"))
    # Names of files, unless it begins like an option; for what a script takes too.
    [[ $current == -* ]] || COMPREPLY+=($(compgen -f -- "$current"))
}}
complete -o filenames -F _pyjsapi pyjsapi
"""
_ZSH: Final = "autoload -U +X bashcompinit && bashcompinit\n"


def complete(options: argparse.Namespace) -> int:
    """``pyjsapi completion SHELL``: print the script."""
    from pyjsapi.cli.main import parser_of

    return print_completion(options.shell, parser_of()[1])


def print_completion(shell: str, verbs: Mapping[str, argparse.ArgumentParser]) -> int:
    """Print the script for ``bash``, ``zsh`` or ``fish``."""
    print({"bash": bash, "fish": fish, "zsh": zsh}[shell](verbs), end="")
    return 0


def bash(verbs: Mapping[str, argparse.ArgumentParser]) -> str:
    """A function for bash's ``complete``."""
    cases = [
        f"            {name}) words={shlex.quote(' '.join(_words(parser)))} ;;"
        for name, parser in verbs.items()
    ]
    return _BASH.format(verbs=shlex.quote(" ".join(verbs)), cases="\n".join(cases))


def zsh(verbs: Mapping[str, argparse.ArgumentParser]) -> str:
    """The same: zsh can use it."""
    return _ZSH + bash(verbs)


def fish(verbs: Mapping[str, argparse.ArgumentParser]) -> str:
    """Commands of fish, with the texts of ``--help``."""
    known = shlex.quote(" ".join(verbs))
    lines = []
    for name, parser in verbs.items():
        told = shlex.quote(parser.description or "")
        first = f"not __fish_seen_subcommand_from {known[1:-1]}"
        lines.append(f"complete -c pyjsapi -n {shlex.quote(first)} -a {name} -d {told}")
        condition = shlex.quote(f"__fish_seen_subcommand_from {name}")
        for action in parser._actions:
            for option in action.option_strings:
                kind = "-l" if option.startswith("--") else "-s"
                lines.append(
                    f"complete -c pyjsapi -n {condition} {kind} {option.lstrip('-')} "
                    f"-d {shlex.quote(_told(action))}"
                )
            if action.choices and not action.option_strings:
                words = shlex.quote(" ".join(map(str, action.choices)))
                lines.append(f"complete -c pyjsapi -f -n {condition} -a {words}")
    return "\n".join(lines) + "\n"


def _words(parser: argparse.ArgumentParser) -> list[str]:
    options = [option for action in parser._actions for option in action.option_strings]
    choices = [
        str(choice)
        for action in parser._actions
        if not action.option_strings
        for choice in action.choices or ()
    ]
    return [*options, *choices]


def _told(action: argparse.Action) -> str:
    return (action.help or "").replace("%(default)s", str(action.default))
