# SPDX-License-Identifier: Apache-2.0
"""Small checkpoints as the authors' code names their weights, and how others are refused."""

import pytest
import torch

from lessgad.errors import ModelError
from lessgad.field.published import PublishedField
from lessgad.field.published_checkpoint import authors_name, load_published_checkpoint


def light_checkpoint(n_inputs=1, n_outputs=1, dtype=torch.float32):
    """A checkpoint of a few kilobytes: each weight is one number, repeated by strides."""
    with torch.device("meta"):
        field = PublishedField(n_inputs, n_outputs)
    return {
        authors_name(name): torch.full((1,), 0.5, dtype=dtype).expand(weight.shape)
        for name, weight in field.state_dict().items()
    }


def refused(path, match):
    with pytest.raises(ModelError, match=match) as caught:
        load_published_checkpoint(path)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"{path}: ")
    return str(caught.value)
