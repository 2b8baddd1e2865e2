"""Checks of the rigs: their folders, repositories, worktrees and agents."""

from collections.abc import Iterator
from pathlib import Path

from ledger.private.store import Change, Dropped, Seen
from ledger.workspace.rows import CREW, POLECAT, REFINERY, WITNESS, Agent, Rig, Worktree
from town.doctor.check import Check, Finding, Patient, of_lines
from town.leases.right import Rights
from town.market.words import instant
from town.refinery.lease import at_work, refinery_of
from town.rigs import folder as folders
from town.rigs.remotes import ORIGIN
from town.workspace.files import BadFileError, put_aside, read_json
from town.workspace.git import GitError
from town.workspace.layout import RigFolder

RIGS = "rigs"
MEND = "gt doctor --fix"
FACTS = ("name", "default_branch")


def _folders(patient: Patient) -> Finding:
    lines = (line for rig in patient.rigs() for line in _folder_lines(patient, rig))
    return of_lines(lines, good="all there", bad="things are missing or wrong", hint=MEND)


def _folder_lines(patient: Patient, rig: Rig) -> Iterator[str]:
    place = patient.workspace.rig(rig.name)
    missing = [path for path in place.folders if not path.is_dir()]
    yield from (f"{path.relative_to(patient.workspace.root)}/ is missing" for path in missing)
    if place.path.is_dir() and not _says(place, rig):
        yield f"{rig.name}/config.json does not say what the database says"


def _says(place: RigFolder, rig: Rig) -> bool:
    """Whether the rig's file names it as its row does."""
    try:
        told = read_json(place.config)
    except BadFileError:
        return False
    beads = told.get("beads")
    prefix = beads.get("prefix") if isinstance(beads, dict) else None
    return prefix == rig.prefix and all(told.get(name) == getattr(rig, name) for name in FACTS)


def _mend_folders(patient: Patient) -> None:
    for rig in patient.rigs():
        place = patient.workspace.rig(rig.name)
        if not place.repository.is_dir():
            continue  # a rig without its repository is not made whole by empty folders
        for path in place.folders:
            path.mkdir(parents=True, exist_ok=True)
        if not _says(place, rig):
            if place.config.exists():
                put_aside(place.config)
            folders.write_facts(place, rig, created_at=instant(rig.added_at))


def _repositories(patient: Patient) -> Finding:
    lines = (line for rig in patient.rigs() for line in _repository_lines(patient, rig))
    hint = f"{MEND}; a repository that is gone: gt rig remove, then gt rig add"
    return of_lines(lines, good="bare, on their branches", bad="repositories are wrong", hint=hint)


def _repository_lines(patient: Patient, rig: Rig) -> Iterator[str]:
    place = patient.workspace.rig(rig.name).repository
    if not place.is_dir() or not _bare(patient, place):
        yield f"{rig.name}/.repo.git is no bare repository"
        return
    head = _asked(patient, place, "symbolic-ref", "-q", "HEAD")
    if head != f"refs/heads/{rig.default_branch}":
        yield f"{rig.name}/.repo.git stands on {head or 'no branch'}, not on {rig.default_branch}"
    if _asked(patient, place, "config", "--get", f"remote.{ORIGIN}.url") != rig.git_url:
        yield f"{rig.name}/.repo.git has another origin than the rig"


def _bare(patient: Patient, place: Path) -> bool:
    """Whether the folder itself is a repository without a worktree."""
    here = _asked(patient, place, "rev-parse", "--is-bare-repository", "--absolute-git-dir")
    return here == f"true\n{place.resolve()}"


def _asked(patient: Patient, place: Path, *argv: str) -> str:
    """What git says; empty where it fails."""
    try:
        return patient.git.run(*argv, at=place).strip()
    except GitError:
        return ""


def _mend_repositories(patient: Patient) -> None:
    for rig in patient.rigs():
        place = patient.workspace.rig(rig.name).repository
        if place.is_dir() and _bare(patient, place):
            head = f"refs/heads/{rig.default_branch}"
            patient.git.run("symbolic-ref", "HEAD", head, at=place)
            patient.git.run("config", f"remote.{ORIGIN}.url", rig.git_url, at=place)


def _trees(patient: Patient) -> list[tuple[Rig, Worktree, Agent | None]]:
    rigs = {rig.name: rig for rig in patient.rigs()}
    agents = {agent.id: agent for agent in patient.turn(lambda store: store.find(Agent))}
    return [
        (rigs[tree.rig], tree, agents.get(tree.agent))
        for tree in patient.turn(lambda store: store.find(Worktree))
        if tree.rig in rigs
    ]


def _worktrees(patient: Patient) -> Finding:
    lines = (
        line for _, tree, agent in _trees(patient) if (line := _tree_line(patient, tree, agent))
    )
    hint = f"{MEND}; what a person or an agent works in is left as it is"
    return of_lines(lines, good="there, on their branches", bad="worktrees are wrong", hint=hint)


def _tree_line(patient: Patient, tree: Worktree, agent: Agent | None) -> str:
    place = patient.workspace.root / tree.path
    if not (place / ".git").exists():
        return f"{tree.path} is no worktree"
    if agent is not None and agent.role in (CREW, POLECAT):
        return ""  # whoever works there may be on any branch
    if not tree.branch or _is_merging(patient, tree.rig):
        return ""
    branch = _asked(patient, place, "branch", "--show-current")
    if branch == tree.branch or _is_merging(patient, tree.rig):  # it has begun to since
        return ""
    return f"{tree.path} is on {branch or 'no branch'}"


def _rights(patient: Patient) -> Rights:
    rigs = patient.base.rigs
    return Rights(patient.base.store, rigs.ports, rigs.makers)


def _is_merging(patient: Patient, rig: str) -> bool:
    """Whether the rig's refinery is at work in its worktree at this moment."""
    rights = _rights(patient)
    return patient.turn(lambda _: rights.holder(refinery_of(rig))) is not None


def _mend_worktrees(patient: Patient) -> None:
    for rig, tree, agent in _trees(patient):
        if not _tree_line(patient, tree, agent):
            continue
        if agent is not None and agent.role == REFINERY:
            with at_work(_rights(patient), rig.name):  # no merge is disturbed, and none begins
                _mend_worktree(patient, rig, tree)
        elif agent is None or agent.role != CREW:
            _mend_worktree(patient, rig, tree)


def _mend_worktree(patient: Patient, rig: Rig, tree: Worktree) -> None:
    place = patient.workspace.root / tree.path
    if (place / ".git").exists():
        _back_on_branch(patient, place, tree)
    else:
        _add_again(patient, rig, tree)


def _back_on_branch(patient: Patient, place: Path, tree: Worktree) -> None:
    if not patient.git.standing(place).changed:
        patient.git.run("checkout", "-q", tree.branch, at=place)


def _add_again(patient: Patient, rig: Rig, tree: Worktree) -> None:
    """The worktree is there again, with everything of it that was committed."""
    place = patient.workspace.root / tree.path
    rig_folder = patient.workspace.rig(rig.name)
    repository = rig_folder.repository
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        return  # somebody's files lie there
    patient.git.run("worktree", "prune", at=repository)
    start = f"{ORIGIN}/{rig.default_branch}"
    how: tuple[str, ...] = ("--detach",)
    if tree.branch:
        there = ("rev-parse", "-q", "--verify", f"refs/heads/{tree.branch}")
        known = patient.git.tells(*there, at=repository)
        how, start = ((), tree.branch) if known else (("-b", tree.branch), start)
    folders.worktree(rig_folder, place, how, patient.git, start=start, folders=rig.folders)


def _unfinished(patient: Patient) -> Finding:
    lines = (f"{one.path}, begun as a {one.kind}" for one in patient.base.rigs.dead())
    return of_lines(
        lines, good="none", bad="folders were left by a command that died", hint=MEND,
        status="warning",
    )  # fmt: skip


def _mend_unfinished(patient: Patient) -> None:
    patient.base.rigs.clear_dead()


def _agents(patient: Patient) -> Finding:
    lines = (f"{agent.id} is missing" for agent in _missing_agents(patient))
    strays = (f"{agent.id} is of no rig" for agent in _strays(patient))
    return of_lines((*lines, *strays), good="all known", bad="agents are wrong", hint=MEND)


def _missing_agents(patient: Patient) -> list[Agent]:
    rigs = patient.rigs()
    known = {agent.id for agent in patient.turn(lambda store: store.find(Agent))}
    wanted = [
        Agent(
            id=f"{rig.name}/{role}", role=role, rig=rig.name, name=role, state="idle",
            created_at=patient.now,
        )
        for rig in rigs
        for role in (WITNESS, REFINERY)
    ]  # fmt: skip
    return [agent for agent in wanted if agent.id not in known]


def _strays(patient: Patient) -> list[Agent]:
    known = {rig.name for rig in patient.turn(lambda store: store.find(Rig))}
    agents = patient.turn(lambda store: store.find(Agent))
    found = [agent for agent in agents if agent.rig and agent.rig not in known]
    return [agent for agent in found if not patient.rig or agent.rig == patient.rig]


def _mend_agents(patient: Patient) -> None:
    missing, strays = _missing_agents(patient), _strays(patient)
    free = [agent for agent in strays if not agent.hook_bead]
    change = Change(
        puts=tuple(missing),
        drops=tuple(Dropped(kind=Agent, key=agent.key) for agent in free),
        seen=(
            *(Seen(kind=Agent, key=agent.key, row=None) for agent in missing),
            *(Seen(kind=Agent, key=agent.key, row=agent) for agent in free),
        ),
    )
    patient.base.rigs.act("gt doctor --fix", lambda: (None, change))


CHECKS = (
    Check(
        name="rig-folders", what="each rig's folders and its config.json", category=RIGS,
        look=_folders, mend=_mend_folders,
    ),
    Check(
        name="rig-repositories", what="each rig's bare repository", category=RIGS,
        look=_repositories, mend=_mend_repositories,
    ),
    Check(
        name="rig-worktrees", what="worktrees are there, on the right branch", category=RIGS,
        look=_worktrees, mend=_mend_worktrees,
    ),
    Check(
        name="unfinished", what="no folder is half made", category=RIGS,
        look=_unfinished, mend=_mend_unfinished,
    ),
    Check(
        name="agents", what="each rig has its agents, each agent its rig", category=RIGS,
        look=_agents, mend=_mend_agents,
    ),
)  # fmt: skip
