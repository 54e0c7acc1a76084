# SPDX-License-Identifier: Apache-2.0
import pytest
from pydantic import ValidationError

from lessgad.segmentation.settings import SegmentationSettings


def test_epochs_follow_the_configuration_unless_given():
    assert SegmentationSettings(configuration="3d_fullres").n_epochs == 1000
    assert SegmentationSettings().n_epochs < 100
    assert SegmentationSettings(epochs=7).n_epochs == 7


def test_labels_belong_to_a_model():
    with pytest.raises(ValidationError, match="name it under model"):
        SegmentationSettings(labels={"tumor": (1,)})
    assert SegmentationSettings(model="m", labels={"tumor": (1,)}).labels == {"tumor": (1,)}
