# SPDX-License-Identifier: Apache-2.0
"""The base of all settings: strict, frozen, spelled as in experiment.yaml."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """Settings of one layer; an unknown key is an error, and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
