# SPDX-License-Identifier: Apache-2.0
"""What is next: in order, and no sooner than the washout allows."""

from datetime import UTC, datetime, timedelta

from lessgad.reader_study.design import readings_of, sample_cases
from lessgad.reader_study.settings import ReaderStudySettings
from lessgad.reader_study.sittings import Next, next_reading

KEY = "a key that nobody knows"
SETTINGS = ReaderStudySettings(sittings=2, n_practice=1)
CASES = sample_cases([(f"p{k}", "") for k in range(4)], [("v", "")], SETTINGS, KEY)
READINGS = readings_of("R1", CASES, SETTINGS, KEY)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_readings_come_in_order_and_a_sitting_waits():
    handed_in = {}
    for number, reading in enumerate(READINGS[:3]):
        assert next_reading(READINGS, handed_in, NOW, 14.0) == Next(reading)
        handed_in[reading.id] = NOW + timedelta(hours=number)
    opens = NOW + timedelta(days=14, hours=2)
    assert next_reading(READINGS, handed_in, NOW + timedelta(days=3), 14.0) == Next(READINGS[3], opens)
    assert next_reading(READINGS, handed_in, opens, 14.0) == Next(READINGS[3])
    for reading in READINGS[3:]:
        handed_in[reading.id] = opens
    assert next_reading(READINGS, handed_in, opens, 14.0) == Next(None)
