# SPDX-License-Identifier: Apache-2.0
"""What runs when; one study's failure is one study's."""
