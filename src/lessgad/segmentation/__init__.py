# SPDX-License-Identifier: Apache-2.0
"""A network that outlines the tumor, learned from standard-dose images and applied to all others unchanged."""
