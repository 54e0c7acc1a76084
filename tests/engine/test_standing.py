# SPDX-License-Identifier: Apache-2.0
"""How units stand: what follows from a failure, what waits, why something is to be done again."""

from functools import partial
from pathlib import Path

import pytest
from standin import do, fail, needs, standing_of, unit_of

from lessgad.engine.plan import Plan
from lessgad.engine.why import why
from lessgad.errors import StudyError

BROKEN = partial(fail, StudyError("There is no mask"))


def chain(root: Path, text: str = "x", **first):
    """A pair, a model that learns from it, an image that the model makes of it."""
    pair = unit_of(root, text=text, **first)
    model = unit_of(root, "model", stage="train", inputs=(needs(pair.key, "where usable", "train"),))
    inputs = needs(pair.key, "else left out"), needs(model.key)
    return pair, model, unit_of(root, stage="restore", inputs=inputs, what="restoration of sub-01")


def states(root: Path, *units):
    standing = standing_of(root, *units)
    return [None if standing.left_out(unit.key) else standing.state(unit.key) for unit in units]


def test_what_can_begin_and_what_waits(tmp_path: Path):
    units = chain(tmp_path)
    assert states(tmp_path, *units) == ["to do", "waiting", "waiting"]
    do(tmp_path, units[0])
    assert states(tmp_path, *units) == ["done", "to do", "waiting"]


def test_what_failed_is_left_out_and_what_is_mended_is_taken_in(tmp_path: Path):
    pair, *rest = chain(tmp_path, work=BROKEN)
    do(tmp_path, pair)
    assert states(tmp_path, pair, *rest) == ["failed", "to do", None]
    do(tmp_path, rest[0], pair)
    assert states(tmp_path, pair, *rest) == ["failed", "done", None]
    mended = chain(tmp_path, "mended")
    assert states(tmp_path, *mended) == ["stale", "stale", "waiting"]


def test_a_failure_that_something_cannot_do_without_holds_it_up(tmp_path: Path):
    pair, model, image = chain(tmp_path)
    broken = unit_of(tmp_path, "model", stage="train", inputs=model.inputs, work=BROKEN)
    do(tmp_path, pair)
    do(tmp_path, broken, pair)
    standing = standing_of(tmp_path, pair, broken, image)
    assert standing.state(image.key) == "waiting"
    assert standing.before([image]) == {broken.key}


def test_changes_go_down_the_chain_and_back(tmp_path: Path):
    units = chain(tmp_path)
    for n, unit in enumerate(units):
        do(tmp_path, unit, *units[:n])
    assert states(tmp_path, *units) == ["done"] * 3
    assert states(tmp_path, *chain(tmp_path, "y")) == ["stale"] * 3
    assert states(tmp_path, *chain(tmp_path)) == ["done"] * 3


def test_a_role_counts(tmp_path: Path):
    pair = unit_of(tmp_path)
    marks = [
        standing_of(tmp_path, pair, unit := unit_of(tmp_path, "m", inputs=(needs(pair.key, role=role),))).fingerprint(
            unit.key
        )
        for role in ("train", "validation", "")
    ]
    assert len(set(marks)) == 3


def test_some_inputs_do_not_count(tmp_path: Path):
    """Where the unit says so, which must pickle in real ones."""
    pairs = [unit_of(tmp_path, name) for name in ("a", "b")]
    inputs = tuple(needs(pair.key, "where usable") for pair in pairs)
    unit = unit_of(tmp_path, "m", inputs=inputs, counted=lambda usable: usable & {pairs[0].key})
    assert standing_of(tmp_path, *pairs, unit).counted(unit.key) == (pairs[0].key,)


@pytest.mark.parametrize(
    ("units", "words"),
    [
        (lambda root: [unit_of(root), unit_of(root)], "two units are called prepare/sub-01"),
        (
            lambda root: [unit_of(root, inputs=(needs("prepare/sub-02"),)), unit_of(root, "sub-02")],
            "does not come before",
        ),
        (lambda root: [unit_of(root), unit_of(root, "b", outputs=unit_of(root).outputs)], "write"),
    ],
)
def test_a_plan_that_cannot_be(tmp_path: Path, units, words: str):
    with pytest.raises(ValueError, match=words):
        Plan(units(tmp_path))


def test_why(tmp_path: Path):
    units = chain(tmp_path)
    standing = standing_of(tmp_path, *units)
    assert [why(standing, unit.key) for unit in units] == [
        "never done",
        "waits for the preparation of sub-01",
        "waits for the preparation of sub-01; waits for the preparation of model",
    ]
    for n, unit in enumerate(units):
        do(tmp_path, unit, *units[:n])
    standing = standing_of(tmp_path, *units)
    assert [why(standing, unit.key) for unit in units] == ["", "", ""]
    standing = standing_of(tmp_path, *(changed := chain(tmp_path, "y")))
    assert [why(standing, unit.key) for unit in changed] == [
        "text: x → y",
        "changed: the preparation of sub-01",
        "changed: the preparation of sub-01; changed: the preparation of model",
    ]
    units[0].outputs[0].unlink()
    assert why(standing_of(tmp_path, *units), units[0].key) == "sub-01.txt is missing"
    do(tmp_path, chain(tmp_path, work=BROKEN)[0])
    assert why(standing_of(tmp_path, *units), units[0].key) == "There is no mask."


def test_why_names_many_inputs_by_their_number_and_those_of_the_same_study_by_their_stage(tmp_path: Path):
    pairs = [unit_of(tmp_path, name, subject=name) for name in "abc"]
    image = unit_of(tmp_path, "a_dose10", stage="restore", subject="a", inputs=(needs(pairs[0].key),))
    page = unit_of(tmp_path, "page", stage="report", inputs=tuple(needs(pair.key) for pair in pairs))
    standing = standing_of(tmp_path, *pairs, image, page)
    assert why(standing, image.key) == "waits for its stage prepare"
    assert why(standing, page.key) == "waits for 3 of stage prepare"


def test_why_names_each_setting_that_changed(tmp_path: Path):
    before = {"training": {"seed": 1, "losses": {"l1": 1.0}}, "old": [1, 2], "long": "a" * 100}
    now = {"training": {"seed": 2, "losses": {"l1": 1.0, "gan": 0.1}}, "long": "a" * 100}
    do(tmp_path, unit_of(tmp_path, ingredients=before))
    assert why(standing_of(tmp_path, unit_of(tmp_path, ingredients=now)), "prepare/sub-01") == (
        "old: [1, 2] → nothing; training.losses.gan: nothing → 0.1; training.seed: 1 → 2"
    )


def test_what_a_unit_wants_to_know_of_failures(tmp_path: Path):
    pair = unit_of(tmp_path, work=BROKEN)
    page = unit_of(tmp_path, "page", stage="report", inputs=(needs(pair.key, "where usable"),), tells_failures=True)
    without = standing_of(tmp_path, pair, page).fingerprint(page.key)
    do(tmp_path, pair)
    standing = standing_of(tmp_path, pair, page)
    assert standing.failures(page.key) == ((pair.key, "There is no mask."),)
    assert standing.fingerprint(page.key) != without
    do(tmp_path, page, pair)
    assert why(standing_of(tmp_path, pair, page), page.key) == ""
