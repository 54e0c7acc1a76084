# SPDX-License-Identifier: Apache-2.0
"""The conditional neural field: image features, shifts, a pixel-wise network."""
