"""Model cards: what a model file is, what goes in and comes out, and the hash its bytes must have."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from visiqc.errors import IntegrityError, NotFound, Unavailable

CARD_FILE = "card.yaml"
_STRICT = ConfigDict(extra="forbid")

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class InputContract:
    """The graph's input.

    Attributes:
        name: Its name in the graph.
        layout: Axis order, such as `N,3,H,W`; N, H and W are free.
        dtype: Number format.
        colour: Channel order of photos; empty for feature maps.
        mean: Subtracted from each 8-bit value v: the graph is fed (v - mean) / scale.
        scale: Divides after `mean` was subtracted.
        smallest: Smallest H and W the graph was tested with.
    """

    __pydantic_config__ = _STRICT

    name: str
    layout: str
    dtype: str = "float32"
    colour: str = ""
    mean: float = 0.0
    scale: float = 1.0
    smallest: int = 1


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OutputContract:
    """One output of the graph.

    Attributes:
        name: Its name in the graph.
        channels: Length of axis 1.
        stride: Input pixels per cell; None where the output is a vector.
    """

    __pydantic_config__ = _STRICT

    name: str
    channels: int
    stride: int | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the weights came from and what may be done with them."""

    __pydantic_config__ = _STRICT

    origin: str
    package: str
    version: str
    file: str
    sha256: Digest
    licence: str
    training_data: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DataSetRecord:
    """A data set a model was trained on.

    Attributes:
        name: What it is called.
        digest: SHA-256 over the content of every file that was used.
        licence: Its name.
        shippable: Whether weights trained on it may be given away for any use.
        skus: The products that were learned from, whichever others it shows; None in cards from before they were kept.
        held_out: Its products that nothing was learned from: the model was measured on them. None likewise.
        seed: Of a rendered set, the seed its designs were drawn from; None where that is not known, and of photos of
            real pieces.
    """

    __pydantic_config__ = _STRICT

    name: str
    digest: Digest
    licence: str
    shippable: bool
    skus: tuple[str, ...] | None = None
    held_out: tuple[str, ...] | None = None
    seed: int | None = None

    def shares_designs(self, seed: int | None) -> bool:
        """Whether a product here is the design of that SKU in a set of this seed: not where both seeds are known, and
        differ, for then it was drawn anew.
        """
        return self.seed is None or seed is None or self.seed == seed


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRecord:
    """How a model was trained here.

    Attributes:
        recipe: The recipe with every key, as YAML.
        data: What it was trained on.
        minutes: How long it took, resumed runs added up.
        machine: What it ran on, in words.
        epochs: Passes over the data.
        commit: Of the code; empty where there was no checkout.
    """

    __pydantic_config__ = _STRICT

    recipe: str
    data: tuple[DataSetRecord, ...]
    minutes: float
    machine: str
    epochs: int
    commit: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """The card beside a model file. A model whose bytes do not have `sha256` is refused.

    Attributes:
        name: The model's task and the folder it lies in, such as `trunk`.
        version: Its version and sub-folder, such as `lite0-1`.
        sha256: Digest of `file`.
        trunk_sha256: Digest of the trunk whose maps it takes; None where it takes photos.
        multiply_adds: Work per input cell: times H and W of the input gives that of one run.
        weights: How they are stored.
        parity: Largest error against torch at export, by input, relative to the largest value; of trained heads also
            the largest difference of a score over the sample photos.
        exported_with: Versions of the packages that wrote the file.
        training: How it was trained here; None for weights taken as they are. `source` is then the pretrained part.
        metrics: What was measured, by data set and figure, such as `renders/guided/auroc`.
        codes: Defect models: the type classes in the order of the output `types`; the last is `unknown`.
        shippable: Whether every data set it was trained on allows to give the weights away.
    """

    __pydantic_config__ = _STRICT

    name: FileName
    version: FileName
    task: str
    file: FileName
    sha256: Digest
    bytes: int
    opset: int
    trunk_sha256: Digest | None = None
    input: InputContract
    outputs: tuple[OutputContract, ...]
    source: Source
    multiply_adds: float
    weights: str
    parity: dict[str, float]
    exported_with: dict[str, str]
    training: TrainingRecord | None = None
    metrics: dict[str, float] = dataclasses.field(default_factory=dict)
    codes: tuple[str, ...] = ()
    shippable: bool = True

    @property
    def title(self) -> str:
        """Name and version, as messages say them."""
        return f"{self.name} {self.version}"


@dataclasses.dataclass(frozen=True, slots=True)
class VerifiedModel:
    """A model's bytes with the card they were held against."""

    card: ModelCard
    content: bytes


def write_card(card: ModelCard, folder: Path) -> None:
    """Write `card.yaml` into `folder`."""
    text = card_text(card)
    (folder / CARD_FILE).write_text(text, encoding="utf-8", newline="\n")


def card_text(card: ModelCard) -> str:
    """The card as YAML; what a card need not have and has not is left out, as in cards of earlier releases."""
    values = _CARD.dump_python(card, mode="json")
    for name, nothing in _OPTIONAL.items():
        if values[name] == nothing:
            del values[name]
    for record in values.get("training", {}).get("data", ()):
        for key in ("skus", "held_out"):
            if (skus := record.pop(key)) is not None:
                record[key] = _InARow(skus)
        if record["seed"] is None:
            del record["seed"]
    return yaml.dump(values, Dumper=_CardDumper, sort_keys=False, width=120, allow_unicode=True)


class _InARow(list[str]):
    """A list that is written in a row: one of hundreds of lines would hide the rest of the card."""


class _CardDumper(yaml.SafeDumper):
    """Writes cards."""


_CardDumper.add_representer(
    _InARow, lambda dumper, row: dumper.represent_sequence("tag:yaml.org,2002:seq", row, flow_style=True)
)


def named_in(file: Path) -> tuple[str, str]:
    """Task and version that a card names, wherever it stands; errors as `read_card`."""
    card = _parsed(file, "in hand")
    return card.name, card.version


def read_card(folder: Path) -> ModelCard:
    """The card of the model in `folder`.

    Raises:
        NotFound: There is no card.
        IntegrityError: The card cannot be read, or speaks of another model than its folder.
    """
    title = f"{folder.parent.name} {folder.name}"
    card = _parsed(folder / CARD_FILE, title)
    if card.title != title:
        raise IntegrityError(f"the card in the folder of model {title} is that of {card.title}; {_ADVICE}")
    return card


def _parsed(file: Path, title: str) -> ModelCard:
    try:
        return _CARD.validate_python(yaml.safe_load(_read(file, title)))
    except (yaml.YAMLError, UnicodeDecodeError) as err:
        raise IntegrityError(f"the card of model {title} is not readable YAML; {_ADVICE}") from err
    except ValidationError as err:
        first = err.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the card"
        raise IntegrityError(f"the card of model {title} is wrong at {place}: {first['msg']}; {_ADVICE}") from err


def verified_model(folder: Path) -> VerifiedModel:
    """Card and bytes of the model in `folder`; the file is read once, and what was hashed is what is returned.

    Raises:
        NotFound: Card or model file is missing.
        IntegrityError: The bytes are not those the card was written for, or the card is broken.
        Unavailable: The file cannot be read.
    """
    card = read_card(folder)
    content = _read(folder / card.file, card.title)
    found = hashlib.sha256(content).hexdigest()
    if found != card.sha256:
        raise IntegrityError(
            f"model {card.title} was changed: its card says SHA-256 {card.sha256[:12]}…, "
            f"the file of {len(content)} bytes has {found[:12]}…; {_ADVICE}"
        )
    return VerifiedModel(card, content)


_CARD: TypeAdapter[ModelCard] = TypeAdapter(ModelCard)
_OPTIONAL: dict[str, Any] = {"training": None, "metrics": {}, "codes": [], "shippable": True}
_ADVICE = "install VisiQC again, or export or promote the model again"


def _read(path: Path, title: str) -> Any:
    try:
        return path.read_bytes()
    except FileNotFoundError as err:
        raise NotFound(f"model {title} has no {path.name}; {_ADVICE}") from err
    except OSError as err:
        raise Unavailable(f"{path.name} of model {title} cannot be read: {err.strerror}") from err
