# SPDX-License-Identifier: Apache-2.0
"""From a low-dose scan to a standard-dose image."""
