from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar

from town.node.writer import Writer

WHO: ContextVar[str] = ContextVar("WHO", default="nobody")


def test_work_in_the_ledgers_thread_knows_who_asked_for_it():
    """Ten agents of one town that claim through one node are ten agents, not one."""
    writer = Writer(after=lambda: None)

    def asked(name: str) -> str:
        WHO.set(name)
        return writer.run(WHO.get)

    names = [f"agent-{number}" for number in range(10)]
    with ThreadPoolExecutor(10) as threads:
        assert list(threads.map(asked, names)) == names
    assert writer.run(WHO.get) == "nobody"
    writer.close()
