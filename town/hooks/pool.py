"""The names of workers: a pool a theme, the first free one in order, numbers when all are taken.

Pure. A rig's theme follows from its name unless its settings choose one; names are unique in the
town, so that one word names one worker.
"""

from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

from town.workspace.layout import RESERVED, checked_person

POOL_MAX: Final = 50
CUSTOM_MAX: Final = 2_000
MAD_MAX: Final = (
    *("furiosa", "nux", "slit", "rictus", "dementus", "capable", "toast", "cheedo", "splendid"),
    *("valkyrie", "keeper", "ace", "max", "morsov", "corpus", "buzzard", "doof", "joe", "angharad"),
    *("scrooloose", "scrotus", "octoboss", "jack", "praetorian", "smeg", "mary", "valley", "gale"),
    *("glory", "chumbucket", "stank", "griffa", "jeet", "gutgash", "pinkeye", "hope", "pappagallo"),
    *("humungus", "wez", "toecutter", "goose", "auntie", "blaster", "blackfinger", "savannah"),
    *("jedediah", "pigkiller", "ironbar", "collector", "scooter"),
)
MINERALS: Final = (
    *("quartz", "feldspar", "mica", "olivine", "pyrite", "galena", "gypsum", "calcite", "beryl"),
    *("topaz", "garnet", "zircon", "talc", "halite", "barite", "cinnabar", "malachite", "azurite"),
    *("hematite", "magnetite", "goethite", "rutile", "corundum", "spinel", "fluorite", "apatite"),
    *("dolomite", "siderite", "kyanite", "epidote", "jadeite", "opal", "onyx", "agate", "jasper"),
    *("obsidian", "basalt", "granite", "gneiss", "schist", "slate", "marble", "flint", "chert"),
    *("pumice", "diorite", "gabbro", "dunite", "tuff", "amber"),
)
WASTELAND: Final = (
    *("rust", "dust", "ash", "ember", "cinder", "scrap", "bolt", "rivet", "girder", "chrome"),
    *("diesel", "octane", "piston", "gasket", "throttle", "clutch", "axle", "strut", "cobalt"),
    *("copper", "solder", "flux", "sprocket", "ratchet", "anvil", "bellows", "crucible", "slag"),
    *("dune", "mesa", "gulch", "arroyo", "canyon", "mirage", "oasis", "cactus", "sagebrush"),
    *("tumbleweed", "vulture", "coyote", "scorpion", "rattler", "gecko", "raven", "bunker"),
    *("beacon", "geiger", "lantern", "canteen", "nomad"),
)
THEMES: Final[Mapping[str, Sequence[str]]] = {
    "mad-max": MAD_MAX,
    "minerals": MINERALS,
    "wasteland": WASTELAND,
}


def theme_of(rig: str, settings: Mapping[str, Any]) -> str:
    """The rig's theme: as its settings say, else one that follows from its name."""
    said = str((settings.get("namepool") or {}).get("theme") or "")
    if said in THEMES:
        return said
    return sorted(THEMES)[sha256(rig.encode()).digest()[0] % len(THEMES)]


def names_of(rig: str, settings: Mapping[str, Any]) -> list[str]:
    """The names of the rig's pool, in order. Raises BadNameError for one that nobody may have."""
    pool = settings.get("namepool") or {}
    own = [str(name) for name in pool.get("names") or ()]
    chosen = own[:CUSTOM_MAX] or list(THEMES[theme_of(rig, settings)])
    names = [checked_person(name) for name in chosen if name.lower() not in RESERVED]
    most = pool.get("max")
    return names[:most] if isinstance(most, int) and most > 0 else names


def next_name(names: Sequence[str], taken: Collection[str]) -> str:
    """The first name that nobody has; a number when all are taken."""
    free = next((name for name in names if name not in taken), "")
    number = POOL_MAX + 1
    while not free:
        free = "" if str(number) in taken else str(number)
        number += 1
    return free
