# SPDX-License-Identifier: Apache-2.0
"""Which studies are read, and what each reader sees, in which order.

Nothing here is stored: everything follows from the settings, the key and the reader's name, by sorting digests
(`drawing.drawn_order`), and comes out the same whenever it is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from lessgad.dose_fraction import dose_label, percent
from lessgad.errors import ReaderStudyError
from lessgad.reader_study.drawing import drawn_order, opaque_id
from lessgad.reader_study.settings import ReaderStudySettings
from lessgad.settings import Settings

LETTERS = "ABCDEF"


class Case(Settings):
    """One study that is read.

    Attributes:
        id: Opaque; the same for all readers, never shown to them.
        patient: BIDS label.
        session: BIDS label, or empty.
        practice: Whether it is for practice alone.
    """

    id: str
    patient: str
    session: str
    practice: bool = False


@dataclass(frozen=True)
class Panel:
    """One image of a case, as it is shown.

    Attributes:
        image: Kind of the image.
        dose: Dose of a restored image; 1 for the standard dose, 0 for the T1.
        letter: Letter of the image in the form; empty for a reference image.
        name: What the reader is told that it is, in short: "10 %", "B", "T1".
    """

    image: Literal["pre_contrast", "standard_dose", "repeat", "restored"]
    dose: float
    letter: str
    name: str

    @property
    def title(self) -> str:
        """Heading of the panel."""
        return self.name if self.name == self.letter or not self.letter else f"restored from {self.name}"


@dataclass(frozen=True)
class Reading:
    """One case as one reader sees it once.

    Attributes:
        id: Opaque; tells neither the case nor whether it was seen before.
        case: The case.
        occasion: 1, or 2 where the reader sees it again.
        sitting: Sitting from 1; there is a washout between two.
        panels: Panels from left to right.
    """

    id: str
    case: Case
    occasion: int
    sitting: int
    panels: tuple[Panel, ...]

    @property
    def letters(self) -> tuple[str, ...]:
        """Letters of the images that are asked about, A first."""
        return tuple(sorted(panel.letter for panel in self.panels if panel.letter))

    def dose(self, letter: str) -> float:
        """Give the dose of the image with this letter; an unknown letter raises KeyError."""
        for panel in self.panels:
            if letter and panel.letter == letter:
                return panel.dose
        raise KeyError(letter)

    def name(self, letter: str) -> str:
        """Give the name under which the reader sees the image; an unknown letter raises KeyError."""
        for panel in self.panels:
            if letter and panel.letter == letter:
                return panel.name
        raise KeyError(letter)

    @property
    def pair(self) -> tuple[str, str] | None:
        """Letters of the restored images of the lowest and the highest dose, the earlier letter first, or None.

        The first image of a form is the one with the earlier letter, at any dose. Where the standard dose
        is hidden among the letters there is none: a question about two restored images would tell which it is.
        """
        if any(panel.letter and panel.dose == 1 for panel in self.panels):
            return None
        by_dose = sorted(panel.letter for panel in self.panels if panel.image == "restored")
        by_dose.sort(key=self.dose)
        if len(by_dose) < 2:
            return None
        return min(by_dose[0], by_dose[-1]), max(by_dose[0], by_dose[-1])


def sample_cases(
    test: Iterable[tuple[str, str]], validation: Iterable[tuple[str, str]], settings: ReaderStudySettings, key: str
) -> tuple[Case, ...]:
    """Draw the cases: practice ones first, then those that count.

    Random, from the seed and the labels: which studies of a patient (and, beyond `max_cases`, of whom a second one is
    read), and which validation patients are for practice. Each patient gives one study before any gives a second.

    Args:
        test: Patient and session of each study of a test patient that can be shown.
        validation: Studies of validation patients.
        settings: Seed and numbers.
        key: Key of the opaque names.

    Returns:
        The cases, practice first.

    Raises:
        ReaderStudyError: There is no study of a test patient.
    """
    practice = _draw(validation, settings.seed, "practice", per_patient=1)[: settings.n_practice]
    read = _draw(test, settings.seed, "cases", per_patient=settings.studies_per_patient)[: settings.max_cases]
    if not read:
        raise ReaderStudyError(
            "There is no study of a test patient to read", remedy="Run the experiment to its end first"
        )
    return tuple(
        Case(id=opaque_id(key, "case", patient, session), patient=patient, session=session, practice=chosen is practice)
        for chosen in (practice, read)
        for patient, session in chosen
    )


def readings_of(reader: str, cases: Sequence[Case], settings: ReaderStudySettings, key: str) -> tuple[Reading, ...]:
    """List the readings of one reader in order: practice, then sitting by sitting.

    Random, from the seed and the opaque names of the cases (and so from the key):

    - the order of the cases; blinded also from the reader's name, open the same for all readers;
    - which cases come twice, also from the reader's name. A repeated case comes one sitting later, among the others;
    - blinded: which dose is A, B, … in each reading, also from the reader's name, the case and the occasion, so that
      the second time is drawn independently. A is the leftmost; T1 and standard dose stand before it.

    Not random: practice comes first, in the order of `cases`; open, the doses ascend.

    Args:
        reader: Name or identifier, the same whenever it is asked for.
        cases: Cases as `sample_cases` drew them.
        settings: Settings of the study.
        key: Key of the opaque names.

    Returns:
        The readings.
    """
    who = reader if settings.mode == "blinded" else ""
    order = drawn_order((case for case in cases if not case.practice), _id, settings.seed, "order", who)
    sittings = _deal(order, settings.sittings)
    repeated = _repeated(reader, sittings, settings)
    planned = [(case, 1, 1) for case in cases if case.practice]
    for number, (first_time, before) in enumerate(zip(sittings, ([], *sittings), strict=False), start=1):
        seen = [(case, 1) for case in first_time] + [(case, 2) for case in before if case.id in repeated]
        planned += [
            (case, occasion, number)
            for case, occasion in drawn_order(seen, lambda pair: pair[0].id, settings.seed, "sitting", who)
        ]
    return tuple(
        Reading(
            id=opaque_id(key, "reading", reader, case.id, occasion),
            case=case,
            occasion=occasion,
            sitting=sitting,
            panels=_panels(reader, case, occasion, settings),
        )
        for case, occasion, sitting in planned
    )


def _deal(order: Sequence[Case], n_sittings: int) -> list[list[Case]]:
    """Cut an order into sittings of equal length, give or take one."""
    cuts = [k * len(order) // n_sittings for k in range(n_sittings + 1)]
    return [list(order[start:stop]) for start, stop in pairwise(cuts)]


def _repeated(reader: str, sittings: Sequence[Sequence[Case]], settings: ReaderStudySettings) -> set[str]:
    """Cases that a reader sees twice: a share of all, drawn from those before the last sitting."""
    early = [case for one in sittings[:-1] for case in one]
    n = math.floor(settings.repeat_share * sum(len(one) for one in sittings) + 0.5)
    return {case.id for case in drawn_order(early, _id, settings.seed, "repeated", reader)[:n]}


def _panels(reader: str, case: Case, occasion: int, settings: ReaderStudySettings) -> tuple[Panel, ...]:
    blinded = settings.mode == "blinded"
    doses = list(settings.read_doses)
    if blinded:
        doses = drawn_order(doses, dose_label, settings.seed, "panels", reader, case.id, occasion)
    hidden: Literal["repeat", "standard_dose"] = "repeat" if settings.hidden_repeat else "standard_dose"
    read = [
        Panel(
            image=hidden if dose == 1 else "restored",
            dose=dose,
            letter=letter,
            name=letter if blinded else percent(dose),
        )
        for letter, dose in zip(LETTERS, doses, strict=False)
    ]
    return (Panel("pre_contrast", 0.0, "", "T1"), Panel("standard_dose", 1.0, "", "standard dose"), *read)


def _draw(studies: Iterable[tuple[str, str]], seed: int, purpose: str, per_patient: int) -> list[tuple[str, str]]:
    """Patients in a drawn order with a first study each, then with a second, and so on."""
    of_patient: dict[str, list[tuple[str, str]]] = {}
    for patient, session in sorted(set(studies)):
        of_patient.setdefault(patient, []).append((patient, session))
    patients = drawn_order(of_patient, str, seed, purpose, "patients")
    drawn = {
        patient: drawn_order(of_patient[patient], lambda study: study[1], seed, purpose, "studies", patient)
        for patient in patients
    }
    return [drawn[patient][k] for k in range(per_patient) for patient in patients if k < len(drawn[patient])]


def _id(case: Case) -> str:
    return case.id
