"""`gate06 parse card-qr`: reads the text of an identity card's QR code, the same code as a desk (design.md §15)."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

import typer
from pydantic import BaseModel, ConfigDict

from gateway.assurance.card_qr import parse_card
from gateway.cli.pure_check import run_check
from gateway.cli.verify_manifest import read_time
from gateway.vocabulary.working_days import VIETNAM

app = typer.Typer(help="Read texts that cards carry.", no_args_is_help=True)


@app.callback()
def _verbs() -> None:
    """Read texts that cards carry: with one verb only, typer would take it for the noun."""


class CardAsked(BaseModel):
    """The text as a scanner typed it."""

    model_config = ConfigDict(frozen=True)

    text: str


def check_card(asked: Mapping[str, Any], today: date) -> tuple[dict[str, Any], bool]:
    """Answer {number, old_number, full_name, birth_date, sex, address, issued_on, rest, warnings} for {text}."""
    card = parse_card(CardAsked.model_validate(asked).text, today)
    answer = {
        "number": card.number,
        "old_number": card.old_number,
        "full_name": card.full_name,
        "birth_date": None if card.birth_date is None else str(card.birth_date),
        "sex": card.sex,
        "address": card.address,
        "issued_on": None if card.issued_on is None else str(card.issued_on),
        "rest": list(card.rest),
        "warnings": list(card.warnings),
    }
    return answer, card.readable


@app.command("card-qr")
def card_qr(
    batch: Annotated[bool, typer.Option("--batch", help="Read JSON lines, answer one line for each.")] = False,
    at: Annotated[
        str | None, typer.Option("--at", help="The time to judge dates at, RFC 3339; now without it.")
    ] = None,
) -> None:
    """Read {text} from stdin: the parts of the code; 0 a card, 1 none (the warnings say why), 2 not asked rightly."""
    today = read_time(at).astimezone(VIETNAM).date()
    run_check(lambda asked: check_card(asked, today), batch=batch)
