# SPDX-License-Identifier: Apache-2.0
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import lessgad
from lessgad.experiment.settings import ExperimentSettings, parse_settings
from lessgad.experiment.template import QUICK_DOSES, QUICK_SAMPLES, experiment_yaml
from lessgad.segmentation.settings import SegmentationSettings

DEFAULT = ExperimentSettings.model_validate({"cohort": {"path": "../cohort"}}).model_dump(mode="json")
characters = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\u2028\u2029\ufeff")
names = st.text(characters, min_size=1, max_size=12)


def template(**changes: Any) -> str:
    plain = {"cohort": "../cohort", "derivative": None, "regions": {}, "left_out": {}, "aligned": False, "quick": False}
    return experiment_yaml(**{**plain, **changes})


def read(text: str) -> ExperimentSettings:
    return parse_settings(text, Path("experiment.yaml"))


def leaves(content: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in content.items():
        name = f"{above}{key}"
        if name == "answer.endpoints":
            value = [{key: said for key, said in one.items() if said not in (None, "")} for one in value]
        flat |= leaves(value, f"{name}.") if isinstance(value, dict) and value else {name: value}
    return flat


def test_every_value_shown_is_the_default():
    shown, default = leaves(yaml.safe_load(template())), leaves(DEFAULT)
    assert {name: default[name] for name in shown} == shown
    assert len(shown) > 20
    assert read(template()).model_dump(mode="json") == DEFAULT


def test_every_setting_is_shown_but_for_the_shape_of_the_network():
    segmentation = SegmentationSettings()
    shown = leaves(yaml.safe_load(template(segmentation=segmentation)))
    known = leaves({**DEFAULT, "segmentation": segmentation.model_dump(mode="json")})
    hidden = {name for name in known if name not in shown}
    assert {name for name in hidden if not name.startswith("field.")} == set()
    assert {"field.channels", "field.n_blocks"} <= hidden
    assert "FieldSettings" in template()
    assert (Path(lessgad.__file__).parent / "field" / "presets.py").exists()


def test_every_group_is_shown():
    assert list(yaml.safe_load(template())) == list(ExperimentSettings.model_fields)


def test_what_is_not_the_default_says_so():
    text = template(quick=True, aligned=True)
    shown, default = leaves(yaml.safe_load(text)), leaves(DEFAULT)
    other = {name for name in shown if shown[name] != default[name]}
    assert other == {"doses", "training.n_samples", "preparation.alignment"}
    lines = {line.split(":")[0].strip(): line for line in text.splitlines()}
    for name in other:
        key = name.split(".")[-1]
        told = re.search(r"; default (.*)$", lines[key])
        assert told is not None, lines[key]
        assert yaml.safe_load(told[1]) == default[name]
    assert text.count("; default") == len(other)
    assert "; default" not in template()


def test_quick():
    quick = read(template(quick=True))
    assert quick.doses == QUICK_DOSES
    assert quick.training.n_samples == QUICK_SAMPLES < read(template()).training.n_samples
    assert quick.training.validate_every <= quick.training.n_samples


def test_aligned():
    assert read(template(aligned=True)).preparation.alignment == "aligned"


@pytest.mark.parametrize("aligned", [False, True])
@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("left_out", [{}, {"edema": (2,), "cochlea": (3, 5)}])
@pytest.mark.parametrize("regions", [{}, {"necrotic": (1,), "enhancing": (4, 6)}])
def test_every_combination_is_valid(aligned: bool, quick: bool, left_out: dict, regions: dict):
    text = template(aligned=aligned, quick=quick, left_out=left_out, regions=regions, derivative="expert")
    again = read(text)
    assert again.cohort.regions == regions
    assert again.cohort.derivative == "expert"
    assert again.cohort.path == Path("../cohort")
    for name, values in left_out.items():
        assert f"# {name}: {list(values)}" in text


def test_left_out_label_counts_once_its_comment_is_removed():
    text = template(regions={"core": (1,)}, left_out={"edema": (2,)}).replace("# edema", "edema")
    assert read(text).cohort.regions == {"core": (1,), "edema": (2,)}


@settings(deadline=None)
@given(names, names, names, names)
def test_any_name_is_spelled_so_that_it_comes_back(cohort: str, derivative: str, region: str, left_out: str):
    text = template(cohort=cohort, derivative=derivative, regions={region: (1,)}, left_out={left_out: (2,)})
    again = read(text).cohort
    assert (str(again.path), again.derivative, again.regions) == (str(Path(cohort)), derivative, {region: (1,)})


@pytest.mark.parametrize(
    "name", ["no", "yes", "null", "~", "12", "1e3", "a: b", "#x", "T1 - enhancing", "true", "2020-01-01", "'"]
)
def test_names_that_yaml_would_read_as_something_else(name: str):
    again = read(template(derivative=name, regions={name: (1,)})).cohort
    assert (again.derivative, again.regions) == (name, {name: (1,)})


def test_plain_names_are_not_quoted():
    assert "    extrameatal: [2]\n" in template(regions={"extrameatal": (2,)})


def test_each_line_with_a_value_is_explained():
    groups = {"training", "restoration", "evaluation", "field", "cohort", "preparation"}
    plain = {"validation", "test", "seed", "batch_size", "learning_rate", "train", "preset"}
    for line in template().splitlines():
        key, found, rest = line.partition(":")
        if found and not line.startswith("#") and key.strip() not in groups | plain:
            assert "#" in rest, line


def test_the_papers_settings_are_the_published_ones():
    """METHOD: ten models of one dose, 100·L1 + hinge + 10·feature matching + 10·mean(shift²), no noise, linear."""
    paper = read(template(paper=True))
    assert paper.field.preset == "paper"
    assert (paper.field.inputs, paper.field.output, paper.field.told_the_dose) == (("low_dose",), "tanh", False)
    assert (paper.simulation.model, paper.simulation.noise) == ("linear", "none")
    assert paper.preparation.calibration == "peaks"
    assert paper.doses == tuple(i / 10 for i in range(10))
    training = paper.training
    assert (training.models, training.batch_size, training.patch_size) == ("per_dose", 8, (128, 160))
    assert training.n_samples == 200 * 500 * 8
    assert (training.vary_enhancement, training.vary_position, paper.field.n_neighbor_slices) == (0, 0, 0)
    published = {"l1": 100.0, "adversarial": 1.0, "feature_matching": 10.0, "shifts": 10.0}
    assert training.losses.model_dump(exclude={"interval"}) == published
    assert paper.field.interval is False
    assert (training.learning_rate, training.discriminator_learning_rate) == (1e-4, 4e-4)
    assert (training.betas, training.weight_decay, training.gradient_norm) == ((0.5, 0.999), 3e-5, None)
    assert paper.split.model_dump(exclude={"seed"}) == {"train": 0.64, "validation": 0.12, "test": 0.24}
    assert "The published method" in template(paper=True)
    assert "The published method" not in template()
