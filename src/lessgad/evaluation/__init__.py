# SPDX-License-Identifier: Apache-2.0
"""What an image is worth: similarity and statistics."""
