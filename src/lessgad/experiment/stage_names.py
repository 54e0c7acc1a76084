# SPDX-License-Identifier: Apache-2.0
"""The stages of an experiment, in order."""

from __future__ import annotations

from typing import Literal, get_args

Stage = Literal["prepare", "train", "restore", "segment", "evaluate", "report"]
STAGES: tuple[Stage, ...] = get_args(Stage)
