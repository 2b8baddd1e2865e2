"""The scripts of the runtimes whose hooks are programs: opencode, pi and omp.

Pure data. Each calls `gt` and hands on what it says; when `gt` fails the session goes on.
"""

from collections.abc import Mapping
from typing import Final

MARK: Final = "gt: this whole file is kept by gt hooks sync"

_CALL: Final = """\
import { execFile } from "node:child_process";

const gt = (...words) =>
  new Promise((done) => {
    const child = execFile("gt", words, { timeout: 30000 }, (error, out, err) =>
      done({ failed: error ? error.code : 0, out: String(out || ""), err: String(err || "") }),
    );
    child.stdin?.end();
  });
const guarded = (command) =>
  new Promise((done) => {
    const child = execFile("gt", ["tap", "guard"], { timeout: 30000 }, (error, out, err) =>
      done(error && error.code === 2 ? String(err).trim() || "not allowed here" : ""),
    );
    child.stdin?.end(JSON.stringify({ tool_input: { command } }));
  });
const role = process.env.GT_ROLE || "";
const autonomous = role !== "mayor" && !role.includes("/crew/");
const begun = async () => {
  const told = (await gt("prime", "--hook")).out;
  return autonomous ? told + (await gt("mail", "check", "--inject")).out : told;
};
"""

_OPENCODE: Final = """\
export const GasTown = async () => {
  let told = begun();
  let first = true;
  return {
    "experimental.chat.system.transform": async (_input, output) => {
      const text = (await told).trim();
      if (text) output.system.push(text);
    },
    "chat.message": async (_input, output) => {
      if (first) {
        first = false;
        return;
      }
      const text = (await gt("mail", "check", "--inject")).out.trim();
      if (text) output.parts.push({ type: "text", text, synthetic: true });
    },
    "experimental.session.compacting": async (_input, output) => {
      told = gt("prime", "--hook").then((said) => said.out);
      output.context.push((await told).trim());
    },
    "tool.execute.before": async (input, output) => {
      if (input.tool !== "bash") return;
      const why = await guarded(output.args.command);
      if (why) throw new Error(why);
    },
    event: async ({ event }) => {
      if (event.type === "session.idle") await gt("tap", "turn");
    },
  };
};
"""

_PI: Final = """\
export default function (pi) {
  let told = null;
  const message = (content) => ({ message: { customType: "gastown", content, display: false } });
  pi.on("session_start", async () => {
    told = begun();
  });
  pi.on("before_agent_start", async () => {
    const first = told;
    told = null;
    const said = first ? await first : (await gt("mail", "check", "--inject")).out;
    return said.trim() ? message(said.trim()) : undefined;
  });
  pi.on("session_compact", async () => {
    told = gt("prime", "--hook").then((said) => said.out);
  });
  pi.on("tool_call", async (event) => {
    if (event.toolName !== "bash") return undefined;
    const reason = await guarded(event.input.command);
    return reason ? { block: true, reason } : undefined;
  });
  pi.on("agent_end", async () => {
    await gt("tap", "turn");
  });
}
"""


def _whole(body: str, first: str = "") -> str:
    return f"{first}// {MARK}\n{_CALL}{body}"


SCRIPTS: Final[Mapping[str, str]] = {
    "opencode": _whole(_OPENCODE),
    "pi": _whole(_PI),
    "omp": _whole(_PI, first="// @ts-nocheck\n"),
}
