# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import numpy as np
import pytest

from lessgad.errors import ModelError, SettingsError
from lessgad.segmentation.region_labels import (
    check_regions,
    dseg_tsv,
    labels_of_model,
    numbered_by_region,
    renumbered,
)

REGIONS = {"intrameatal": (1,), "extrameatal": (2,)}
PATH = Path("dataset.json")


def test_regions_are_numbered_in_their_order():
    labels = np.array([[[0, 1, 2, 4, 7]]], dtype=np.int32)
    assert renumbered(labels, {"core": (1, 7), "enhancing": (4,)}).tolist() == [[[0, 1, 0, 2, 1]]]
    assert dseg_tsv({"core": (1,), "enhancing": (4,)}) == "index\tname\n1\tcore\n2\tenhancing\n"


@pytest.mark.parametrize(
    ("regions", "words"),
    [({}, "needs regions, and the cohort has none"), ({"a": (1, 2), "b": (2,)}, "regions a and b share label 2")],
)
def test_regions_that_cannot_be_segmented(regions, words):
    with pytest.raises(SettingsError, match=words):
        check_regions(regions)


def test_labels_are_found_by_name():
    names = {"Extra_meatal": (3,), "Intrameatal": (1,), "cochlea": (2,)}
    labels = labels_of_model(names, REGIONS, None, PATH)
    assert labels == {"intrameatal": (1,), "extrameatal": (3,)}
    predicted = np.array([[[0, 1, 2, 3]]], dtype=np.uint8)
    assert numbered_by_region(predicted, labels).tolist() == [[[0, 1, 0, 2]]]


def test_given_labels_come_first():
    given = {"intrameatal": (1, 2), "extrameatal": (3,)}
    assert labels_of_model({"a": (1,), "b": (2,), "c": (3,)}, REGIONS, given, PATH) == given


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (None, r"labels of the model are tumor \(1\).*segmentation.labels"),
        ({"intrameatal": (1,)}, "no labels for extrameatal"),
        ({"intrameatal": (1,), "extrameatal": (9,)}, "names label 9"),
        ({"intrameatal": (1,), "extrameatal": (1,), "cochlea": (1,)}, "names cochlea"),
    ],
)
def test_labels_that_do_not_fit(given, words):
    with pytest.raises(ModelError, match=words):
        labels_of_model({"tumor": (1,)}, REGIONS, given, PATH)
