# SPDX-License-Identifier: Apache-2.0
"""How an image follows the dose."""
