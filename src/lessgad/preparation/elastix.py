# SPDX-License-Identifier: Apache-2.0
"""The parts of itk-elastix that a registration needs, imported without the rest: 3 instead of 10 CPU-seconds."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

_ARRAYS = ("itk.itkPyVectorContainerPython", "itk.itkPyBufferPython")


def _leave_torch_and_dask_out() -> None:
    """Keep ITK from loading PyTorch and Dask to accept and send their arrays.

    This saves 1.3 and 0.6 CPU-seconds in each process that registers. Where Dask is loaded already it stays.
    """
    helpers: Any = import_module("itk.support.helpers")
    if hasattr(helpers, "_HAVE_TORCH"):
        helpers._HAVE_TORCH = False
    if "distributed" in sys.modules or _ARRAYS[-1] in sys.modules:
        return
    sys.modules["distributed"] = None  # type: ignore[assignment] # so that its import fails, which ITK expects
    try:
        for name in _ARRAYS:
            import_module(name)
    except ImportError:  # another version, with other names inside
        pass
    finally:
        del sys.modules["distributed"]


def new_registration(fixed: Any, moving: Any) -> Any:  # noqa: ANN401 - itk has no types
    """Make an elastix registration of two float32 volumes.

    ``itk.ElastixRegistrationMethod`` first imports every module of itk that elastix depends on, in all pixel types.

    Args:
        fixed: The fixed image of ITK.
        moving: The moving image of ITK.

    Returns:
        The elastix registration object.
    """
    _leave_torch_and_dask_out()
    try:
        method = import_module("itk.itkElastixRegistrationMethodPython").itkElastixRegistrationMethodIF3IF3.New()
    except (ImportError, AttributeError):  # another version, with other names inside
        import itk

        return itk.ElastixRegistrationMethod.New(fixed, moving)
    method.SetFixedImage(fixed)
    method.SetMovingImage(moving)
    return method


def new_parameters() -> Any:  # noqa: ANN401 - itk has no types
    """Make an empty list of elastix parameter maps."""
    _leave_torch_and_dask_out()
    try:
        return import_module("itk.elxParameterObjectPython").elastixParameterObject.New()
    except (ImportError, AttributeError):  # another version, with other names inside
        import itk

        return itk.ParameterObject.New()
