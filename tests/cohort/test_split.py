# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from lessgad.cohort.split import SUBSETS, SplitSettings, assign, compare_with_cohort, read_split, write_split
from lessgad.errors import CohortError

labels = st.lists(st.text("abc0123456789", min_size=1, max_size=4), unique=True, max_size=40)
seeds = st.integers(0, 2**31)
subsets_of = st.sampled_from(SUBSETS)


@st.composite
def share_settings(draw: st.DrawFn) -> SplitSettings:
    cuts = sorted(draw(st.tuples(st.integers(0, 100), st.integers(0, 100))))
    train, validation, test = cuts[0] / 100, (cuts[1] - cuts[0]) / 100, (100 - cuts[1]) / 100
    return SplitSettings(train=train, validation=validation, test=test, seed=draw(seeds))


@settings(deadline=None)
@given(labels, share_settings())
def test_everybody_is_in_one_subset(patients: list[str], shares: SplitSettings):
    assert sorted(assign(patients, shares, {})) == sorted(patients)


@settings(deadline=None)
@given(labels, labels, labels, share_settings())
def test_nobody_is_moved_when_the_cohort_grows(first: list[str], second: list[str], third: list[str], shares):
    split = assign(first, shares, {})
    for patients in (second, third):
        grown = assign([*split, *patients], shares, split)
        assert {patient: grown[patient] for patient in split} == split
        split = grown


@settings(deadline=None)
@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), subsets_of), labels, share_settings())
def test_given_split_is_kept_also_for_patients_who_left(given_split, patients: list[str], shares: SplitSettings):
    split = assign(patients, shares, given_split)
    assert split.items() >= given_split.items()
    assert set(split) == set(patients) | set(given_split)


@settings(deadline=None)
@given(labels, share_settings(), st.randoms())
def test_order_and_repeats_do_not_matter(patients: list[str], shares: SplitSettings, random):
    shuffled = [*patients, *patients]
    random.shuffle(shuffled)
    assert assign(shuffled, shares, {}) == assign(patients, shares, {})


@settings(deadline=None)
@given(labels, share_settings())
def test_shares_are_kept_within_one_patient(patients: list[str], shares: SplitSettings):
    split = assign(patients, shares, {})
    for subset in SUBSETS:
        n = list(split.values()).count(subset)
        assert abs(n - getattr(shares, subset) * len(patients)) <= 1


@settings(deadline=None)
@given(st.integers(0, 12), st.integers(30, 80), seeds)
def test_grown_cohort_comes_near_the_shares(n_given: int, n_new: int, seed: int):
    shares = SplitSettings(seed=seed)
    lopsided = {f"old{i}": "test" for i in range(n_given)}
    split = assign((f"new{i}" for i in range(n_new)), shares, lopsided)
    for subset in SUBSETS:
        share = list(split.values()).count(subset) / len(split)
        excess = max(0.0, n_given / len(split) - shares.test)
        assert abs(share - getattr(shares, subset)) <= excess + 1.01 / len(split)


@settings(deadline=None)
@given(labels, seeds)
def test_share_of_nothing_gets_nobody(patients: list[str], seed: int):
    shares = SplitSettings(train=0.7, validation=0.0, test=0.3, seed=seed)
    assert "validation" not in assign(patients, shares, {}).values()


def test_seed_draws():
    patients = [f"{i:03d}" for i in range(60)]
    one, other = (assign(patients, SplitSettings(seed=seed), {}) for seed in (1, 2))
    assert one != other
    assert assign(patients, SplitSettings(seed=1), {}) == one


def test_paper_split_of_72_patients():
    split = list(assign([str(i) for i in range(72)], SplitSettings(), {}).values())
    assert [split.count(subset) for subset in SUBSETS] == [46, 9, 17]


@pytest.mark.parametrize("shares", [{"train": 0.9}, {"train": -0.1, "test": 0.98}, {"seed": -1}, {"trian": 0.64}])
def test_impossible_shares(shares: dict[str, float]):
    with pytest.raises(ValidationError):
        SplitSettings.model_validate(shares)


@settings(deadline=None)
@given(st.dictionaries(st.text("abc019", min_size=1, max_size=4), subsets_of))
def test_file_round_trip(tmp_path_factory: pytest.TempPathFactory, split):
    path = tmp_path_factory.mktemp("split") / "split.tsv"
    write_split(path, split)
    assert read_split(path) == split


def written(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "split.tsv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_reads_what_people_write(tmp_path: Path):
    text = "\ufeffage\tsubset\tparticipant_id\r\n50\ttrain \t sub-01\r\n60\ttest\t02\r\n\r\n50\ttrain\t01\r\n"
    assert read_split(written(tmp_path, text)) == {"01": "train", "02": "test"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("participant_id\tsubset\nsub-1\ttrain\nsub-1\ttest\n", "sub-1 is in two subsets"),
        ("participant_id\tsubset\nsub-1\ttrain\n1\ttest\n", "sub-1 is in two subsets"),
        ("participant_id\tsubset\nsub-1\ttraining\n", "The subset of sub-1 is 'training'"),
        ("participant_id\tsubset\nsub-1\n", "The subset of sub-1 is ''"),
        ("participant_id\tsubset\n\ttrain\n", "names no patient"),
        (
            "participant_id,group\nsub-1,train\n",
            "columns participant_id and subset are missing; the file has participant_id, group",
        ),
        ("", "columns participant_id and subset are missing; the file has no content"),
        ("participant_id\tsubset\tSubset\nsub-1\ttrain\ttest\n", "2 columns are named subset"),
        (b"PK\x03\x04" + bytes(40), "a workbook, which cannot be read as a split"),
        (b"\xd0\xcf\x11\xe0" + bytes(40), "a workbook, which cannot be read as a split"),
        (b"\xff\xfe\x00\xd8", "a split"),
    ],
)
def test_broken_splits(tmp_path: Path, text: str | bytes, words: str):
    with pytest.raises(CohortError) as caught:
        read_split(written(tmp_path, text))
    assert words in str(caught.value)
    assert str(tmp_path / "split.tsv") in str(caught.value)


def test_missing_split(tmp_path: Path):
    with pytest.raises(CohortError, match="There is no such file"):
        read_split(tmp_path / "split.tsv")


PATIENTS = ["001", "002", "010", "A7"]


@pytest.mark.parametrize(
    "row", ["1", "01", "1.0", "1,00", "a7", "'001'", '="001"', "Sub-001", "\u200b001", "\uff10\uff11", "001\0"]
)
def test_a_row_that_a_spreadsheet_changed_is_an_error_that_names_both(tmp_path: Path, row: str):
    """Such a patient was drawn anew: a test patient could train."""
    meant = "A7" if row == "a7" else "001"
    with pytest.raises(CohortError, match=rf"sub-{row} where the cohort has sub-{meant}"):
        compare_with_cohort({row: "test", "002": "train"}, PATIENTS, tmp_path / "split.tsv")


@pytest.mark.parametrize("row", ["1,00E+05", "100000", "1E+05", "1E05"])
def test_a_label_that_a_spreadsheet_took_for_a_power_of_ten_is_an_error(tmp_path: Path, row: str):
    with pytest.raises(CohortError, match="where the cohort has sub-1e5"):
        compare_with_cohort({row: "test", "002": "train"}, [*PATIENTS, "1e5"], tmp_path / "split.tsv")


@pytest.mark.parametrize("row", ["07. Aug", "7-Aug", "2024-08-07", "001 (pilot)", "2,5"])
def test_a_row_that_no_label_can_be_is_an_error_where_labels_are_plain(tmp_path: Path, row: str):
    with pytest.raises(CohortError, match="which cannot be the label of a patient"):
        compare_with_cohort({row: "test", "002": "train"}, PATIENTS, tmp_path / "split.tsv")
    said = compare_with_cohort({row: "test", "002": "train"}, [*PATIENTS, "a_b"], tmp_path / "split.tsv")
    assert f"1 row names no patient of the cohort: sub-{row}" in " ".join(said)


def test_one_patient_spelled_in_two_ways_is_an_error(tmp_path: Path):
    """The second row had no effect, although it contradicts the first."""
    with pytest.raises(CohortError, match="sub-1 where the cohort has sub-001"):
        compare_with_cohort(dict.fromkeys(PATIENTS, "train") | {"1": "test"}, PATIENTS, tmp_path / "split.tsv")


def test_rows_without_a_patient_and_patients_without_a_row_are_named(tmp_path: Path):
    said = " ".join(compare_with_cohort({"001": "test", "x": "train"}, PATIENTS, tmp_path / "split.tsv"))
    assert "1 row names no patient of the cohort: sub-x" in said
    assert "3 patients have no row, and a subset by lot: sub-002, sub-010, sub-A7" in said
    assert compare_with_cohort(dict.fromkeys(PATIENTS, "test"), PATIENTS, tmp_path / "split.tsv") == ()


def test_a_split_of_another_cohort_is_an_error(tmp_path: Path):
    with pytest.raises(CohortError, match="No row names a patient of the cohort: sub-x, sub-y"):
        compare_with_cohort({"x": "test", "y": "train"}, PATIENTS, tmp_path / "split.tsv")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["\t", ";", ","])
@pytest.mark.parametrize("quotes", ["", '"'])
def test_a_split_reads_the_same_whatever_saved_it(tmp_path: Path, encoding: str, ends: str, mark: str, quotes: str):
    rows = [("participant_id", "subset", "Größe"), ("sub-001", "train", "ü"), (" 002 ", "Test", ""), ("", "", "")]
    text = ends.join(mark.join(f"{quotes}{cell}{quotes}" for cell in row) for row in rows) + ends
    (tmp_path / "split.tsv").write_bytes(text.encode(encoding))
    assert read_split(tmp_path / "split.tsv") == {"001": "train", "002": "test"}


@pytest.mark.parametrize(
    "text",
    [
        "Participant_ID\tSubset\tNote; or, remark\n001\ttrain\tx\n002\ttest\t\n",
        'participant id,SUBSET,"old; new\tremark"\r\n001,train,x\r\n002,test,\r\n',
        "sep=;\r\nparticipant_id;subset\r\n001;train\r\n002;test\r\n",
        "sep=|\nparticipant_id|subset\n001|train\n002|test\n",
        "participant_id;subset;;\r\n001;train;;\r\n002;test;;\r\n;;;\r\n;;;\r\n",
        "'participant_id'\tsubset\n001\ttrain\n002\ttest\n\x1a",
        "\t\t\nparticipant-id\tsubset\n001\ttrain\n002\ttest\n\0\0",
    ],
)
def test_what_spreadsheets_add_changes_nothing(tmp_path: Path, text: str):
    assert read_split(written(tmp_path, text)) == {"001": "train", "002": "test"}
