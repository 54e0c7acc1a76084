# SPDX-License-Identifier: Apache-2.0
"""A loaded nnU-Net that outlines the regions in one image after the other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8
from nnunetv2.inference.export_prediction import convert_predicted_logits_to_segmentation_with_correct_shape
from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer
from nnunetv2.utilities.label_handling.label_handling import determine_num_input_channels
from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

from lessgad.errors import ModelError
from lessgad.field.device import compute_device
from lessgad.segmentation.convolution import ask_onednn
from lessgad.segmentation.input_image import input_image
from lessgad.segmentation.nnunet_dataset import nnunet_order
from lessgad.segmentation.nnunet_environment import nnunet_environment
from lessgad.segmentation.nnunet_model import TrainedModel, read_model
from lessgad.segmentation.region_labels import Regions, labels_of_model, numbered_by_region
from lessgad.volume import Volume, in_order_of, in_transverse_order

STEP = 0.5  # of a patch, from one to the next; nnU-Net's own


class Segmenter:
    """Applies a model to images of any dose, unchanged.

    Args:
        model: Description that was read from the model folder.
        labels: Which of its labels make up each region, in the order of the regions.
        own: Trained here, on images without air.
        mirroring: Average over mirrored images.
    """

    def __init__(self, model: TrainedModel, labels: Regions, *, own: bool, mirroring: bool) -> None:
        self.labels = labels
        self.configuration, self.n_networks = model.configuration, len(model.weights)
        with nnunet_environment():
            self._predictor = _predictor(model, mirroring)
        manager = self._predictor.plans_manager
        self._reorients = "Reorient" in str(model.plans.get("image_reader_writer", ""))
        configuration = self._predictor.configuration_manager
        self._without_air = own or any(configuration.use_mask_for_norm)
        self._preprocessor = configuration.preprocessor_class(verbose=False)
        self._plans, self._dataset = manager, model.dataset

    @classmethod
    def load(cls, path: Path, regions: Regions, given: Regions | None, *, own: bool, mirroring: bool) -> Segmenter:
        """Load a model folder and map its labels to the regions.

        Args:
            path: The file to read.
            regions: Label values of each region.
            given: Labels of each region as set; None takes them by name.
            own: Whether the network was trained by this experiment.
            mirroring: Whether to average over mirrored images.

        Returns:
            The segmenter.

        Raises:
            ModelError: It is incomplete, damaged, of other channels or labels, or unsafe.
        """
        model = read_model(path)
        labels = labels_of_model(model.labels, regions, given, path / "dataset.json")
        return cls(model, labels, own=own, mirroring=mirroring)

    def segment(
        self, image: Float[np.ndarray, "x y z"], head: Bool[np.ndarray, "x y z"], grid: Volume
    ) -> UInt8[np.ndarray, "x y z"]:
        """Outline the regions.

        Args:
            image: Image on [−1, 1], in transverse order.
            head: Foreground.
            grid: T1 of the study, as stored: models that do not reorient see images in the order of its axes.

        Returns:
            Number of each voxel's region, 0 outside, in transverse order.
        """
        shown = Volume(input_image(image, head if self._without_air else None), in_transverse_order(grid).affine)
        shown = shown if self._reorients else in_order_of(shown, grid)
        predicted = shown.with_array(self.predict(shown.array, shown.spacing_mm))
        return numbered_by_region(in_transverse_order(predicted).array, self.labels)

    def predict(
        self, image: Float[np.ndarray, "i j k"], spacing_mm: tuple[float, float, float]
    ) -> UInt8[np.ndarray, "i j k"]:
        """Predict the model's own labels, as nnU-Net's predictor does for a file of this image.

        Args:
            image: The image.
            spacing_mm: Voxel spacing, in mm.

        Returns:
            Labels of the model, (i, j, k).
        """
        with nnunet_environment():
            data, _, properties = self._preprocessor.run_case_npy(
                nnunet_order(image),
                None,
                {"spacing": list(spacing_mm[::-1])},
                self._plans,
                self._predictor.configuration_manager,
                self._dataset,
            )
            logits = self._predictor.predict_logits_from_preprocessed_data(torch.from_numpy(data)).cpu()
            labels = convert_predicted_logits_to_segmentation_with_correct_shape(
                logits,
                self._plans,
                self._predictor.configuration_manager,
                self._predictor.label_manager,
                properties,
                num_threads_torch=torch.get_num_threads(),
            )
        found: UInt8[np.ndarray, "i j k"] = np.ascontiguousarray(labels.transpose(2, 1, 0)).astype(np.uint8)
        return found


def _predictor(model: TrainedModel, mirroring: bool) -> nnUNetPredictor:
    manager = PlansManager(model.plans)
    configuration = manager.get_configuration(model.configuration)
    device = compute_device()
    predictor = nnUNetPredictor(STEP, use_mirroring=mirroring, device=device, allow_tqdm=False)
    network = nnUNetTrainer.build_network_architecture(
        manager,
        configuration,
        determine_num_input_channels(manager, configuration, model.dataset),
        manager.get_label_manager(model.dataset).num_segmentation_heads,
        enable_deep_supervision=False,
    )
    ask_onednn(network)
    for weights in model.weights:
        try:
            network.load_state_dict(weights)
        except (RuntimeError, TypeError, AttributeError) as error:
            raise ModelError(
                "The weights do not belong to the network in plans.json: their trainer builds another "
                "network, or has other plans",
                path=model.path,
            ) from error
    predictor.manual_initialization(
        network,
        manager,
        configuration,
        list(model.weights),
        model.dataset,
        "nnUNetTrainer",
        model.mirroring_axes or None,
    )
    return predictor
