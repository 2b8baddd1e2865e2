"""What people are called, and who is meant by what was typed. It asks the ledger alone."""

import re

from ledger.journal import Journal
from ledger.rows import holder_name, worker_name
from ledger.story import Attempt, Grant
from stamps.identity import AccountId
from town.market.errors import NotFoundError

AGENT_NAME = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?")


def agent_word(said: str) -> str:
    """The name of an agent; one that is no name (records 1.4) is not repeated.

    A bid's `by` is a stranger's text, and it would stand where programs expect a name.
    """
    return said if said == "the operator" or AGENT_NAME.fullmatch(said) else "an agent"


def name_of(journal: Journal, account: str) -> str:
    """The admitted handle, else the wished one with the start of its account, else that alone."""
    admitted = journal.admitted().get(account)
    if admitted is not None:
        return admitted
    log = journal.log_of(account)
    wished = str(log.path[0].body["handle"]) if log is not None else "somebody"
    return f"{wished}~{account[:8]}"


def holder_words(journal: Journal, grant: Grant) -> str:
    """Who holds a grant, with the agent that asked for it where one was named."""
    if grant.holder is None:
        return holder_name(journal.state, grant) or "somebody"
    name = name_of(journal, grant.holder)
    bid = journal.state.record(grant.bid) if grant.bid is not None else None
    agent = str(bid.body.get("by", "")) if bid is not None else ""
    return f"{name}/{agent_word(agent)}" if agent else name


def worker_words(journal: Journal, attempt: Attempt) -> str:
    """Who did what was handed in; a neighbour without a key as rows say it (records 5.2)."""
    if attempt.on_behalf is not None:
        return worker_name(journal.state, attempt)
    return name_of(journal, attempt.worker)


def account_called(journal: Journal, said: str) -> AccountId:
    """The account of a name, or of the start of an account id. Raises NotFoundError."""
    plain = said.strip().lower()
    found = journal.account_named(plain) or journal.account_named(plain.partition("~")[2])
    if found is None:
        found = _wished(journal, plain)
    if found is None:
        raise NotFoundError("town", said)
    return AccountId(found)


def _wished(journal: Journal, handle: str) -> str | None:
    """The one account, admitted or not, whose genesis wishes for this handle."""
    found = []
    for account in journal.store.accounts():
        log = journal.log_of(account)
        if log is not None and log.path[0].body["handle"] == handle:
            found.append(account)
    return found[0] if len(found) == 1 else None
