# SPDX-License-Identifier: Apache-2.0
"""Who is in a cohort and how the scans were made: Tables 1 and 2, Figure 1 and their files."""
