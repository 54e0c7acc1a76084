# SPDX-License-Identifier: Apache-2.0
"""What readers and coordinators stumble over: reasons that do not fit the tumor, links to the wrong port."""

import pytest

from lessgad.reader_study.questionnaire import default_questionnaire
from lessgad.reader_study.served_address import note_port, served_address
from lessgad.reader_study.study_folder import StudyFolder
from lessgad.reader_study.tumor_specific import for_regions


def reasons(questionnaire):
    return [option.key for option in questionnaire.question("pattern_difference").options]


def test_reasons_follow_the_tumor():
    asked = default_questionnaire()
    of_glioma = reasons(for_regions(asked, ["enhancing"]))
    assert [key for key in reasons(asked) if not key.startswith("intrameatal_")] == of_glioma
    assert len(of_glioma) == len(reasons(asked)) - 2
    assert for_regions(asked, ["intrameatal", "extrameatal"]) == asked


def test_links_name_the_port_that_was_served(tmp_path):
    folder = StudyFolder(tmp_path)
    assert served_address(folder) == "http://127.0.0.1:8765"
    note_port(folder, 9001)
    assert served_address(folder) == "http://127.0.0.1:9001"


@pytest.mark.parametrize("damaged", ["", "nine", "\0"])
def test_a_damaged_note_is_no_obstacle(tmp_path, damaged):
    StudyFolder(tmp_path).served_port.write_text(damaged)
    assert served_address(StudyFolder(tmp_path)) == "http://127.0.0.1:8765"
