"""What an agent's session began and what left it: named when the town ends, and never ended."""

import os
import subprocess

from tests.living import alive
from tests.town.prompt import Prompt


def test_what_left_a_session_is_named_and_runs_on(tmp_path):
    """A daemon of an agent, by its number and who began it; nothing of another town."""
    prompt = Prompt(tmp_path)
    prompt.done("install", "gt")
    prompt.at /= "gt"
    env = {"PATH": os.environ["PATH"], "GT_SESSION_ID": "ses-1", "GT_ROLE": "api/polecats/rust"}
    argv = ["sleep", "600"]
    with (
        subprocess.Popen(argv, env={**env, "GT_ROOT": str(prompt.at)}) as ours,
        subprocess.Popen(argv, env={**env, "GT_ROOT": str(tmp_path)}) as others,
    ):
        data = prompt.done("down")
        text = prompt.gt("down").text
        assert alive(ours.pid)
        ours.kill()
        others.kill()
    assert (data["left"], [one["pid"] for one in data["strays"]]) == ([], [ours.pid])
    assert f"runs on {ours.pid}, begun by api/polecats/rust, which it has left: sleep 600" in text
