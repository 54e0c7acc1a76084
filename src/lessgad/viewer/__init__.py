# SPDX-License-Identifier: Apache-2.0
"""Images in a browser: what the reader study and `lessgad view` share, and `lessgad view` itself."""
