# SPDX-License-Identifier: Apache-2.0
"""lessgad: how little gadolinium contrast is still enough?"""
