# SPDX-License-Identifier: Apache-2.0
import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from lessgad.errors import SettingsError
from lessgad.experiment.settings import BUILT_IN_METHODS, ExperimentSettings, load_settings, parse_settings
from lessgad.settings import Settings

SMALLEST = {"cohort": {"path": "../cohort"}}


def parsed(**changes: Any) -> ExperimentSettings:
    return parse_settings(yaml.safe_dump({**SMALLEST, **changes}), Path("e/experiment.yaml"))


def refused(*words: str, **changes: Any) -> None:
    with pytest.raises(SettingsError) as caught:
        parsed(**changes)
    line = str(caught.value)
    assert line.startswith("e/experiment.yaml: ")
    assert "\n" not in line
    for word in words:
        assert word in line, line


def keys(model: type[Settings], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every key of experiment.yaml, with the groups that it stands in."""
    for name, field in model.model_fields.items():
        yield (*above, name)
        for kind in (field.annotation, *get_args(field.annotation)):
            if isinstance(kind, type) and issubclass(kind, Settings):
                yield from keys(kind, (*above, name))


KEYS = sorted(keys(ExperimentSettings))


def with_key(path: tuple[str, ...], key: str, value: object = 1) -> dict[str, Any]:
    content: dict[str, Any] = {"cohort": {"path": "../cohort"}}
    group = content
    for part in path:
        group = group.setdefault(part, {})
        if part == "endpoints":  # a list of groups
            content["answer"] = {"endpoints": [group]}
    group[key] = value
    return content


def likeness(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other).ratio()


def test_every_level_is_looked_at():
    assert ("training", "n_samples") in KEYS
    assert {path[0] for path in KEYS if len(path) == 2} == {
        *("cohort", "split", "preparation", "simulation", "field", "training", "restoration", "segmentation"),
        *("evaluation", "answer", "cluster"),
    }


@settings(deadline=None)
@given(st.sampled_from(KEYS), st.data())
def test_misspelt_key_names_the_nearest_valid_one(path: tuple[str, ...], data: st.DataObject):
    name, position = path[-1], data.draw(st.integers(0, len(path[-1]) - 1))
    misspelt = data.draw(
        st.sampled_from([name[:position] + name[position + 1 :], name[:position] + "x" + name[position:]])
    )
    known = {other[-1] for other in KEYS if other[:-1] == path[:-1]}
    others = sorted(known - {name})
    if misspelt in known or difflib.get_close_matches(misspelt, others, n=1, cutoff=likeness(misspelt, name)):
        return  # it is as near to another one
    where = ".".join((*path[:-1], misspelt)).replace("endpoints.", "endpoints.0.")
    refused(f"the key {where}. Did you mean {name}?", **with_key(path[:-1], misspelt))


@pytest.mark.parametrize("group", sorted({path[:-1] for path in KEYS}))
def test_key_like_no_other_gets_the_list(group: tuple[str, ...]):
    known = sorted(path[-1] for path in KEYS if path[:-1] == group)
    refused(f"Known here: {', '.join(known)}.", **with_key(group, "zzzzzz"))


@pytest.mark.parametrize("key", [1, True, None, 2.5])
def test_keys_that_are_no_words(key: object):
    text = yaml.safe_dump({**SMALLEST, key: 1})
    with pytest.raises(SettingsError, match="lessgad does not know the key"):
        parse_settings(text, Path("e/experiment.yaml"))


@pytest.mark.parametrize("path", [path for path in KEYS if len(path) == 1 and path[0] not in ("n_workers", "external")])
def test_group_that_is_no_group(path: tuple[str, ...]):
    refused(path[0], **{path[0]: "words"})


@pytest.mark.parametrize(
    ("doses", "words"),
    [
        ([0, 30], "Did you mean 0.3?"),
        ([-0.1], "must lie between 0 and 1"),
        ([], "doses"),
        ([0.1, 0.2, 0.1], "a dose is named twice"),
        (["much"], "doses"),
        ([float("nan")], "doses"),
        ([float("inf")], "doses"),
        (0.1, "doses"),
    ],
)
def test_impossible_doses(doses: object, words: str):
    refused("doses", words, doses=doses)


def test_doses_are_sorted():
    assert parsed(doses=[0.5, 0, 0.125]).doses == (0.0, 0.125, 0.5)


@pytest.mark.parametrize("name", BUILT_IN_METHODS)
def test_names_of_built_in_methods_are_taken(name: str):
    refused(f"{name} is the name of a built-in method", external={name: "folder"})


@pytest.mark.parametrize("labels", [[], [0], [-1], [1.5], ["one"], 1, None])
def test_impossible_regions(labels: object):
    refused("cohort.regions", cohort={"path": "x", "regions": {"tumor": labels}})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"split": {"train": 0.9}}, "must add up to 1"),
        ({"training": {"n_samples": 0}}, "training.n_samples"),
        ({"training": {"n_samples": "many"}}, "'many'"),
        ({"preparation": {"alignment": "maybe"}}, "'register' or 'aligned'"),
        ({"preparation": {"full_scale": float("nan")}}, "preparation.full_scale"),
        ({"subsets": ["train", "holdout"]}, "subsets"),
        ({"n_workers": 0}, "n_workers"),
        ({"cohort": {"regions": {}}}, "The key cohort.path is missing"),
    ],
)
def test_impossible_values(changes: dict[str, Any], words: str):
    refused(words, **changes)


def test_cohort_is_needed():
    with pytest.raises(SettingsError, match="The key cohort is missing"):
        parse_settings("{}", Path("e/experiment.yaml"))


def test_group_with_everything_commented_out_is_its_default():
    text = "cohort:\n  path: x\ntraining:\n  # n_samples: 3\nn_workers:\n"
    assert parse_settings(text, Path("e")) == parse_settings("cohort: {path: x}", Path("e"))


@pytest.mark.parametrize("spelling", ["1e-3", "0.001", "1.0e-3"])
def test_scientific_notation(spelling: str):
    settings = parse_settings(f"cohort: {{path: x}}\ntraining: {{learning_rate: {spelling}}}", Path("e"))
    assert settings.training.learning_rate == 0.001


@pytest.mark.parametrize(
    "text",
    [
        "cohort: [",
        "a: b: c",
        "\tcohort: x",
        "cohort: {path: x}\n  split: 1",
        "x: 2020-13-45",
        "%",
        "a: *b",
        "!!python/object:os.x {}",
        "\x00",
    ],
)
def test_invalid_yaml(tmp_path: Path, text: str):
    path = tmp_path / "experiment.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=r"experiment\.yaml: The file is not valid YAML") as caught:
        load_settings(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("segmentation: {configuration: quick}\nsegmentation: null\n", "segmentation is there twice, again in line 2"),
        ("split:\n  seed: 1\n  train: 0.5\n  seed: 2\n", "seed is there twice, again in line 4"),
    ],
)
def test_a_setting_that_stands_twice(text: str, words: str):
    with pytest.raises(SettingsError, match=f"The setting {words}"):
        parse_settings(text, Path("experiment.yaml"))


def test_invalid_yaml_says_in_which_line():
    with pytest.raises(SettingsError, match="line 3"):
        parse_settings("cohort:\n  path: x\n bad: 1\n", Path("e"))


@pytest.mark.parametrize(
    ("text", "words"), [("", "is empty"), ("# only words", "is empty"), ("- a", "list"), ("7", "int")]
)
def test_yaml_that_is_no_mapping(text: str, words: str):
    with pytest.raises(SettingsError, match=f"{words}; it must hold settings by name"):
        parse_settings(text, Path("e"))


def test_missing_file(tmp_path: Path):
    with pytest.raises(SettingsError, match=r"no experiment\.yaml.*lessgad init"):
        load_settings(tmp_path / "experiment.yaml")


def test_file_that_is_not_text(tmp_path: Path):
    (tmp_path / "experiment.yaml").write_bytes(b"\xff\xfe\xd8\x00")
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(tmp_path / "experiment.yaml")


def test_byte_order_mark_of_other_editors(tmp_path: Path):
    (tmp_path / "experiment.yaml").write_bytes(b"\xef\xbb\xbfcohort: {path: x}\r\n")
    assert load_settings(tmp_path / "experiment.yaml").cohort.path == Path("x")


def test_round_trip_through_yaml():
    settings = parsed(doses=[0.1], external={"other": "folder"}, cohort={"path": "x", "regions": {"a": [1, 2]}})
    text = yaml.safe_dump(settings.model_dump(mode="json"))
    assert parse_settings(text, Path("e")) == settings


def test_one_model_for_all_doses_is_told_the_dose():
    refused("settings do not go together", "models: per_dose", field={"told_the_dose": False})
    refused("settings do not go together", field={"preset": "paper"})
    assert parsed(field={"preset": "paper"}, training={"models": "per_dose"}).field.output == "tanh"
    assert parsed(field={"preset": "paper", "told_the_dose": True}).field.told_the_dose
    refused("output must be tanh", field={"preset": "paper", "output": "residual"})
