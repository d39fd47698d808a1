"""Reading policy files: strict models, and errors that name the file, the key and what was probably meant."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import Any, Self, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from gateway.policy.failure import PolicyInvalid

Model = TypeVar("Model", bound=BaseModel)


class Strict(BaseModel):
    """A frozen value read from a policy file; a key that the model does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, str_min_length=1)


class Text(Strict):
    """A text for people, in Vietnamese and English; both must be there."""

    vi: str
    en: str

    @model_validator(mode="after")
    def _one_line(self) -> Self:
        if "\n" in self.vi or "\n" in self.en:
            raise ValueError("a text is one line")
        return self

    def wire(self) -> dict[str, str]:
        """Return it as JSON shows it."""
        return {"vi": self.vi, "en": self.en}


def read_document(path: Path, model: type[Model]) -> Model:
    """Read a TOML file into `model`. Raises PolicyInvalid naming each wrong key as `file:key`."""
    name = f"{path.parent.name}/{path.name}"
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as trouble:
        raise PolicyInvalid([f"`{name}` cannot be read: {trouble}"]) from trouble
    try:
        return model.model_validate(document)
    except ValidationError as trouble:
        raise PolicyInvalid(list(_complaints(name, model, document, trouble))) from trouble


def _complaints(name: str, model: type[BaseModel], document: Any, trouble: ValidationError) -> Iterator[str]:
    for error in trouble.errors(include_url=False, include_input=False):
        where = f"`{name}:{_key(error['loc'])}`"
        if error["type"] == "extra_forbidden":
            yield f"{where} is not a known key{did_you_mean(str(error['loc'][-1]), _known_keys(model, error['loc']))}"
        elif error["type"] == "missing":
            yield f"{where} is missing"
        else:
            yield f"{where}: {error['msg'][0].lower()}{error['msg'][1:]}"


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """Return `, nearest is …` with the known word closest to `word`, or nothing when none is close."""
    near = get_close_matches(word, known, n=1, cutoff=0.5)
    return f", nearest is `{near[0]}`" if near else ""


def _key(location: tuple[int | str, ...]) -> str:
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".")


def _known_keys(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    current: type[BaseModel] | None = model
    for part in location[:-1]:
        if current is None:
            return []
        if isinstance(part, str) and part in current.model_fields:
            current = _model_inside(current.model_fields[part].annotation)
    return list(current.model_fields) if current is not None else []


def _model_inside(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    origin = get_origin(annotation)
    if origin in {tuple, list, dict, Union, UnionType, Mapping}:
        for argument in get_args(annotation):
            found = _model_inside(argument)
            if found is not None:
                return found
    return None
