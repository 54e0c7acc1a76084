# SPDX-License-Identifier: Apache-2.0
"""The functions that `import lessgad` promises; notebooks and other programs use these and nothing below."""
