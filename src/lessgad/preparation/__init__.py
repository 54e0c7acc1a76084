# SPDX-License-Identifier: Apache-2.0
"""From two scans to two comparable images: register, calibrate, normalize."""
