# SPDX-License-Identifier: Apache-2.0
"""All settings of an experiment, read from experiment.yaml."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from lessgad.cohort.selection import Entity
from lessgad.cohort.split import SplitSettings, Subset
from lessgad.dose.simulation import SimulationSettings
from lessgad.dose_fraction import different_doses
from lessgad.errors import SettingsError
from lessgad.evaluation.answer_settings import AnswerSettings
from lessgad.evaluation.settings import EvaluationSettings
from lessgad.experiment.cluster_settings import ClusterSettings
from lessgad.experiment.unique_keys import DuplicateKeyError, UniqueKeyLoader
from lessgad.field.presets import FieldSettings
from lessgad.preparation.scan_checks import OrientationUnknown
from lessgad.preparation.settings import PreparationSettings
from lessgad.restoration.settings import RestorationSettings
from lessgad.segmentation.settings import SegmentationSettings
from lessgad.settings import Settings
from lessgad.training.settings import FINE_TUNING, TrainingSettings

Labels = Annotated[tuple[Annotated[int, Field(gt=0)], ...], Field(min_length=1)]
BUILT_IN_METHODS = (
    "unrestored",
    "subtract_and_scale",
    "denoise",
    "denoise_and_scale",
    "gaussian_and_scale",
    "restored",
    "repeat",
    "repeat_exchanged",
    "standard",
    "low",
)
UNKNOWN_KEY = ("extra_forbidden", "invalid_key")


class CohortSettings(Settings):
    """Location of the images and meaning of their labels.

    Attributes:
        path: The BIDS folder; relative paths count from the experiment's folder.
        derivative: The folder in ``derivatives/`` with the masks; needed where several hold masks.
        regions: Label values of each region; the tumor is their union.
        not_tumor: Other labels of the masks, which do not count as tumor. Labels that a dseg.tsv names need no mention.
            A mask with any further label is refused.
        select: Which of several images of one kind is meant, by the entities of its name: ``{acq: mprage, run: 1}``;
            null: the one without.
        orientation_unknown: `refuse`: a study with an image whose header does not say how it lies in space (sform and
            qform codes 0) is left out; `trust`: its first axis is taken to run to the left, its second to the front.
    """

    path: Path
    derivative: str | None = None
    select: dict[Entity, str | int | None] = Field(default_factory=dict)
    orientation_unknown: OrientationUnknown = "refuse"
    regions: dict[str, Labels] = Field(default_factory=dict)
    not_tumor: tuple[Annotated[int, Field(gt=0)], ...] = ()


class ExperimentSettings(Settings):
    """Everything that an experiment is told.

    Attributes:
        cohort: Location of the images and meaning of their labels.
        split: Shares of the patients.
        preparation: Settings of registration, calibration and normalization.
        simulation: Settings of the low-dose simulation.
        low_dose: `simulated`: restored and judged from simulated low doses; `measured`: from scans of the cohort that
            were really made at a lower dose. Models are trained on simulated ones either way; their intervals, and the
            baselines, are tuned on scans where three validation patients or more have them.
        doses: Fractions of the standard dose to restore and judge.
        field: The network.
        training: How it learns.
        restoration: How volumes are restored.
        segmentation: The network that outlines the tumor in every image; None leaves that out.
        evaluation: Statistics, and what counts as progression.
        answer: Endpoints and margins of the dose answer.
        subsets: Which subsets are restored and judged.
        external: Other methods' images, name → folder.
        n_workers: Studies at a time; None takes as many as there are cores, at most 8 (each needs about 2 GB).
        cluster: The jobs that ``lessgad run --cluster`` asks for; None where it is not used.
    """

    cohort: CohortSettings
    split: SplitSettings = SplitSettings()
    preparation: PreparationSettings = PreparationSettings()
    simulation: SimulationSettings = SimulationSettings()
    low_dose: Literal["simulated", "measured"] = "simulated"
    doses: tuple[float, ...] = Field(default=tuple(i / 10 for i in range(10)), min_length=1)
    field: FieldSettings = FieldSettings(preset="kernel")
    training: TrainingSettings = FINE_TUNING
    restoration: RestorationSettings = RestorationSettings()
    segmentation: SegmentationSettings | None = None
    evaluation: EvaluationSettings = EvaluationSettings()
    answer: AnswerSettings = AnswerSettings()
    subsets: tuple[Subset, ...] = ("validation", "test")
    external: dict[str, Path] = Field(default_factory=dict)
    n_workers: int | None = Field(default=None, ge=1)
    cluster: ClusterSettings | None = None

    @field_validator("doses")
    @classmethod
    def _fractions_once(cls, doses: tuple[float, ...]) -> tuple[float, ...]:
        return different_doses(doses)

    @model_validator(mode="after")
    def _one_model_is_told_the_dose(self) -> ExperimentSettings:
        if self.training.models == "conditioned" and not self.field.told_the_dose:
            raise ValueError(
                "training.models: conditioned makes one model for all doses, and this field is not told the "
                "dose; set models: per_dose, or field.told_the_dose: true"
            )
        return self

    @model_validator(mode="after")
    def _true_zero(self) -> ExperimentSettings:
        needs_zero = self.simulation.model == "signal_equation" or self.simulation.adds_noise
        if needs_zero and self.preparation.calibration == "peaks":
            raise ValueError(
                "preparation.calibration: peaks moves the zero of intensity, and the simulation needs a true "
                "zero; set calibration: smooth, or simulation: {model: linear, noise: none}"
            )
        return self

    @model_validator(mode="after")
    def _pretrained_is_a_kernel_field(self) -> ExperimentSettings:
        if self.training.models == "pretrained" and self.field.preset != "kernel":
            raise ValueError(
                "training.models: pretrained needs field.preset: kernel, the preset of the model that ships "
                f"with lessgad, and the preset is {self.field.preset}"
            )
        return self

    @field_validator("external")
    @classmethod
    def _names_of_their_own(cls, external: dict[str, Path]) -> dict[str, Path]:
        taken = sorted(set(external) & set(BUILT_IN_METHODS))
        if taken:
            raise ValueError(f"{taken[0]} is the name of a built-in method; give the external method another name")
        return external


def load_settings(path: Path) -> ExperimentSettings:
    """Read experiment.yaml.

    Args:
        path: The file to read.

    Returns:
        The settings.

    Raises:
        SettingsError: Missing, not YAML, an unknown key (with the nearest valid one), or an impossible value.
    """
    if not path.is_file():
        raise SettingsError(
            "The folder holds no experiment.yaml", path=path.parent, remedy="Make an experiment with `lessgad init`"
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The file cannot be read ({error})", path=path) from error
    return parse_settings(text, path)


def parse_settings(text: str, path: Path) -> ExperimentSettings:
    """Parse and check the text of an experiment.yaml.

    Args:
        text: Text of the file.
        path: File that the text comes from, for errors.

    Returns:
        The settings.

    Raises:
        SettingsError: Not YAML, an unknown key (with the nearest valid one), or an impossible value.
    """
    try:
        content = yaml.load(text, UniqueKeyLoader)  # noqa: S506  a safe loader
    except DuplicateKeyError as error:
        place = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise SettingsError(
            f"The setting {error.problem} is there twice, again in line {place}",
            path=path,
            remedy="Remove one of the two",
        ) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # 2020-13-45 is a ValueError
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        where = f" (line {line + 1})" if line is not None else ""
        raise SettingsError(f"The file is not valid YAML{where}", path=path) from error
    if not isinstance(content, dict):
        raise SettingsError(
            f"The file {'is empty' if content is None else 'holds a ' + type(content).__name__}; it must "
            "hold settings by name",
            path=path,
        )
    given = {key: value for key, value in content.items() if value is not None}  # a group with nothing under it
    try:
        return ExperimentSettings.model_validate(given)
    except ValidationError as error:
        raise _first_problem(error, path) from error


def _first_problem(error: ValidationError, path: Path) -> SettingsError:
    problems = [(_keys_of(problem["loc"]), problem) for problem in error.errors()]
    first = problems[0][0]
    deeper = sorted((p for p in problems if p[0][: len(first)] == first), key=lambda p: -len(p[0]))
    keys, problem = next((p for p in problems if p[1]["type"] in UNKNOWN_KEY), deeper[0])
    key = ".".join(str(part) for part in keys)
    if problem["type"] in UNKNOWN_KEY:
        known = _keys_beside(keys)
        nearest = difflib.get_close_matches(str(keys[-1]), known, n=1, cutoff=0.5)
        remedy = f"Did you mean {nearest[0]}?" if nearest else f"Known here: {', '.join(sorted(known))}"
        return SettingsError(f"lessgad does not know the key {key}", path=path, remedy=remedy)
    if problem["type"] == "missing":
        return SettingsError(f"The key {key} is missing", path=path)
    if problem["type"] == "model_type":
        return SettingsError(f"{key} is {problem['input']!r}; it must hold settings by name", path=path)
    message = str(problem["msg"]).removeprefix("Value error, ")
    if not key:
        return SettingsError(f"These settings do not go together: {message}", path=path)
    return SettingsError(f"{key} cannot be {problem['input']!r}: {message}", path=path)


def _keys_of(location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Name the place of a problem, without the kinds of value that pydantic tried there."""
    kinds = {kind.__name__ for kind in Settings.__subclasses__()}
    return tuple(part for part in location if part not in kinds and not str(part).startswith("literal["))


def _keys_beside(location: tuple[int | str, ...]) -> list[str]:
    """Names that are valid where an unknown key stands."""
    model: Any = ExperimentSettings
    for part in location[:-1]:
        if isinstance(part, int):  # a place in a list
            continue
        annotation = model.model_fields[str(part)].annotation
        candidates = (annotation, *get_args(annotation))
        model = next(c for c in candidates if isinstance(c, type) and issubclass(c, Settings))
    return list(model.model_fields)
