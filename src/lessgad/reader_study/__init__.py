# SPDX-License-Identifier: Apache-2.0
"""The reader study: radiologists read restored images beside the standard dose, and what their answers say."""
