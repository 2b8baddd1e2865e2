"""`wl grant takeback accept reject close`: what somebody does who posted work."""

from typing import Annotated, Any

import typer

from cli.answers import ItemArgument, answer, many_of
from cli.context import UsageError, whole_number
from cli.tree import Telling, example, new_module

app = new_module()
Grade = Annotated[int, typer.Option(min=1, max=5)]
# What the work touched: our words and the predecessor's.
REACH = {"small": "leaf", "wide": "branch", "core": "root"}


@app.command(cls=Telling)
@example("wl grant w-3fa9 --to ash")
def grant(
    ctx: typer.Context,
    item: ItemArgument,
    *,
    to: Annotated[str, typer.Option("--to", help="Who of those that asked.")] = "",
) -> int:
    """Give an item to one who asked for it."""
    return answer(ctx, lambda town: town.market.grant(item, to=to))


@app.command(cls=Telling)
@example('wl takeback w-3fa9 --reason "no progress for 9 h"')
def takeback(
    ctx: typer.Context,
    item: ItemArgument,
    *,
    reason: Annotated[str, typer.Option("--reason", help="Why; the holder reads it.")],
    holder: Annotated[str, typer.Option("--from", help="Whose, if several hold it.")] = "",
) -> int:
    """Take an item back from whoever holds it; it is open again."""
    return answer(ctx, lambda town: town.market.takeback(item, reason=reason, holder=holder))


def stamp_of(
    *,
    quality: int,
    reliability: int,
    dims: list[str] | None,
    reach: str,
    skills: list[str] | None,
    message: str,
    confidence: int,
) -> dict[str, Any]:
    """The stamp that these words describe, as records 6 has it."""
    scores = {"quality": quality}
    if reliability:
        scores["reliability"] = reliability
    for said in dims or ():
        name, _, digits = said.partition("=")
        grade = whole_number(digits.strip())
        if grade is None:
            raise UsageError(f"{said!r} is no NAME=GRADE with a grade from 1 to 5")
        scores[name.strip()] = grade
    stamp: dict[str, Any] = {"dims": scores}
    if reach:
        stamp["severity"] = REACH.get(reach, reach)
    if skills:
        stamp["skills"] = list(many_of(skills))
    if message:
        stamp["message"] = message
    if confidence >= 0:
        stamp["confidence"] = confidence
    return stamp


Quality = Annotated[int, typer.Option("--quality", min=1, max=5, help="How good, 1 to 5.")]
Reliability = Annotated[
    int, typer.Option("--reliability", min=0, max=5, help="As good as promised, 1 to 5.")
]
Dims = Annotated[list[str] | None, typer.Option("--dim", help="More, as creativity=4; repeat.")]
Reach = Annotated[
    str, typer.Option("--reach", "--severity", help="What it touched: small, wide, core.")
]
Skills = Annotated[
    list[str] | None, typer.Option("--skill", "--skills", help="A skill it showed; repeat.")
]
Message = Annotated[
    str, typer.Option("-m", "--message", "--note", help="A line that stands on the stamp.")
]
Confidence = Annotated[
    int, typer.Option("--confidence", min=-1, max=100, help="How sure you are, in percent.")
]


@app.command(cls=Telling)
@example(
    "wl accept w-3fa9 --quality 5",
    'wl accept w-3fa9 --quality 4 --reliability 5 --skill python -m "clean fix"',
)
def accept(
    ctx: typer.Context,
    item: ItemArgument,
    *,
    quality: Quality,
    reliability: Reliability = 0,
    dims: Dims = None,
    reach: Reach = "",
    skills: Skills = None,
    message: Message = "",
    confidence: Confidence = -1,
    attempt: Annotated[int, typer.Option("--attempt", help="Which hand-in, if several.")] = 0,
) -> int:
    """Accept what was handed in and stamp the work; this completes the item."""
    stamp = stamp_of(
        quality=quality,
        reliability=reliability,
        dims=dims,
        reach=reach,
        skills=skills,
        message=message,
        confidence=confidence,
    )
    return answer(ctx, lambda town: town.market.accept(item, stamp, attempt=attempt))


@app.command(cls=Telling)
@example('wl reject w-3fa9 --reason "the race test still fails on 3.12"')
def reject(
    ctx: typer.Context,
    item: ItemArgument,
    *,
    reason: Annotated[str, typer.Option("--reason", help="What is missing.")],
    attempt: Annotated[int, typer.Option("--attempt", help="Which hand-in, if several.")] = 0,
) -> int:
    """Send what was handed in back, with the reason; the time starts anew."""
    return answer(ctx, lambda town: town.market.reject(item, reason=reason, attempt=attempt))


@app.command(cls=Telling)
@example('wl close w-3fa9 --reason "duplicate of w-77c0"')
def close(
    ctx: typer.Context,
    item: ItemArgument,
    *,
    reason: Annotated[str, typer.Option("--reason", help="Why.")] = "",
) -> int:
    """Finish an item without a stamp."""
    return answer(ctx, lambda town: town.market.close(item, reason=reason))
