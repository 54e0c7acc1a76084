# SPDX-License-Identifier: Apache-2.0
"""Leave out what a questionnaire asks about parts of a tumor that a cohort does not have."""

from __future__ import annotations

from collections.abc import Collection

from lessgad.reader_study.questionnaire import Questionnaire

#: Regions of a vestibular schwannoma; an option that is about one begins with its name.
REGIONS = ("intrameatal", "extrameatal")


def for_regions(questionnaire: Questionnaire, regions: Collection[str]) -> Questionnaire:
    """Leave out options whose key begins with a region that the experiment does not have.

    Args:
        questionnaire: The questionnaire.
        regions: Names of the tumor's regions in experiment.yaml.

    Returns:
        The questionnaire.
    """
    missing = tuple(f"{region}_" for region in REGIONS if region not in regions)
    if not missing:
        return questionnaire
    content = questionnaire.model_dump(mode="json")
    for question in content["questions"]:
        if question.get("options"):
            question["options"] = [one for one in question["options"] if not one["key"].startswith(missing)]
    return Questionnaire.model_validate(content)
