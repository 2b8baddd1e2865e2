"""A member of a real node's board who says what no honest program would.

Everything goes over a real socket, signed as a request should be; what is wrong is what it carries.
"""

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from federation.invite import read as read_token
from federation.letters import Parcel, decode_parcel, encode_parcel
from federation.peers import Peer
from federation.transport.client import Client
from stamps import canonical
from stamps.identity import DeviceKey
from stamps.record import RECORD_DOMAIN, Entry, sign, to_line
from tests.transport.nodes import Node, as_peer
from town.node import clock

L = 2**252 + 27742317777372353535851937790883648493  # the order of Ed25519's group
SECOND = 1_000_000


@dataclass
class Mallory:
    """An account with one device, known to the node by an invite."""

    node: Node
    wasteland: str
    key: DeviceKey
    paper: DeviceKey
    account: str
    log: Entry
    client: Client
    now: int = field(default_factory=lambda: clock.now() - 3_600 * SECOND)

    @property
    def peer(self) -> Peer:
        """The node as Mallory calls it."""
        return as_peer(self.node)

    def tick(self) -> int:
        """A later moment."""
        self.now += SECOND
        return self.now

    # --- records

    def fields(self, **changes: Any) -> dict[str, Any]:
        """The fields of a good note at the start of Mallory's chain, with changes."""
        return {
            "v": 1, "scope": self.wasteland, "author": self.account, "device": self.key.device,
            "seq": 0, "prev": "", "at": self.tick(), "kind": "note.add", "about": self.wasteland,
            "after": [], "body": {"tag": "note", "text": "go"},
        } | changes  # fmt: skip

    def note(self, **changes: Any) -> Entry:
        """A note, signed well, at any place."""
        place = {
            "key": self.key, "scope": self.wasteland, "author": self.account, "seq": 0, "prev": "",
            "at": self.tick(), "kind": "note.add", "about": self.wasteland,
            "body": {"tag": "note", "text": "go"},
        } | changes  # fmt: skip
        return sign(**place)

    def line(self, raw: bytes, *, domain: bytes = RECORD_DOMAIN) -> bytes:
        """Any bytes as a line, with a signature that is good for them."""
        return spelled(self.key.sign(domain + raw), raw)

    def raw(self, old: str = "", new: str = "", **changes: Any) -> bytes:
        """A note's canonical bytes, one piece of its text exchanged, as a line."""
        raw = canonical.encode(self.fields(**changes))
        if old:
            assert old.encode() in raw
            raw = raw.replace(old.encode(), new.encode("utf-8", "surrogatepass"))
        return self.line(raw)

    # --- talking

    async def says(self, *lines: bytes) -> Parcel:
        """The node's answer to these lines."""
        body = encode_parcel(Parcel(root=bytes(32), lines=lines))
        return decode_parcel(await self.asks("records", body))

    async def asks(self, what: str, body: bytes) -> bytes:
        """The node's answer to any body."""
        return await self.client.call(self.peer, "POST", f"/v1/w/{self.wasteland}/{what}", body)


def spelled(signature: bytes, raw: bytes) -> bytes:
    """A line of this signature and these bytes."""
    return base64.urlsafe_b64encode(signature).rstrip(b"=") + b" " + raw + b"\n"


def high_s(entry: Entry) -> bytes:
    """The entry's line with S + L in its signature (H12)."""
    r, s = entry.signature[:32], int.from_bytes(entry.signature[32:], "little")
    return spelled(r + (s + L).to_bytes(32, "little"), entry.record.raw)


async def let_in(node: Node) -> Mallory:
    """Mallory redeemed an invite of the node."""
    key = DeviceKey.from_seed(b"mallory".ljust(32, b"."))
    paper = DeviceKey.from_seed(b"mallory".ljust(32, b"!"))
    body = {
        "handle": "mallory", "type": "agent", "rotation": [paper.device], "device": key.device,
    }  # fmt: skip
    log = sign(
        key=key, scope="account", author="", seq=0, prev="", at=clock.now() - 7_200 * SECOND,
        kind="rig.register", body=body,
    )  # fmt: skip
    token = read_token((await node.use(lambda market: market.invite())).data["invite"])
    client = Client(key=lambda: key, now=clock.now, new_secret=clock.new_secret)
    said = {
        "secret": token.secret.hex(), "handle": "mallory", "addresses": [],
        "lines": [to_line(log).decode()],
    }  # fmt: skip
    path = f"/v1/w/{token.wasteland}/redeem"
    await client.call(as_peer(node), "POST", path, json.dumps(said).encode())
    return Mallory(node, token.wasteland, key, paper, str(log.record.id), log, client)
