"""`gate06 config show|explain`: what holds, where it comes from, what a key means."""

import difflib
from typing import Annotated, Any

import typer

from gateway.cli.connection import Config, Json, Redis, Store, settings_of
from gateway.cli.exit_codes import Exit
from gateway.cli.output import say_json, talk
from gateway.settings import keys_of_tree

app = typer.Typer(help="Show and explain the configuration.", no_args_is_help=True)


@app.command()
def show(
    store: Store = None,
    redis: Redis = None,
    config: Config = None,
    *,
    origin: Annotated[bool, typer.Option("--origin", help="Say where each value came from.")] = False,
    as_json: Json = False,
) -> None:
    """Print every setting; secrets are masked."""
    settings = settings_of(store, redis, config)
    shown = _mask(settings.model_dump(mode="json"))
    if as_json:
        say_json({"schema": "gate06.config/1", "settings": shown, "origins": dict(settings.origins)})
        return
    for dotted, value in _flat(shown):
        known = [name for name in settings.origins if dotted == name or dotted.startswith(f"{name}.")]
        place = settings.origins[max(known, key=len)] if known else "default"
        typer.echo(f"{dotted} = {value}" + (f"   # {place}" if origin else ""))


@app.command()
def explain(key: Annotated[str, typer.Argument(help="A dotted key, such as prefill.deadline_ms.")]) -> None:
    """Say what a key means, its default, and its name in the environment."""
    known = {name: (meaning, default) for name, meaning, default in keys_of_tree()}
    if key not in known:
        close = difflib.get_close_matches(key, known, 1, 0.4)
        talk(f"unknown key `{key}`" + (f", did you mean `{close[0]}`?" if close else ""))
        raise typer.Exit(Exit.NOT_FOUND)
    meaning, default = known[key]
    typer.echo(f"{key}: {meaning}\ndefault: {default or '-'}\nenvironment: GATE06_{key.upper().replace('.', '__')}")


def _mask(tree: Any, name: str = "") -> Any:
    if isinstance(tree, dict):
        return {key: _mask(value, key) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_mask(value, name) for value in tree]
    if isinstance(tree, str) and name in {"url", "redis"} and "@" in tree:
        scheme, _, rest = tree.partition("://")
        return f"{scheme}://***@{rest.rpartition('@')[2]}"
    secret = name.endswith(("secret", "secret_sha256", "private_key", "master_key", "api_key"))
    return "***" if secret and tree else tree


def _flat(tree: Any, at: str = "") -> list[tuple[str, Any]]:
    if isinstance(tree, dict) and tree:
        return [pair for key, value in tree.items() for pair in _flat(value, f"{at}.{key}" if at else key)]
    if isinstance(tree, list) and tree and isinstance(tree[0], dict):
        return [pair for n, value in enumerate(tree) for pair in _flat(value, f"{at}.{n}")]
    return [(at, tree)]
