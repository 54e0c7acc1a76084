# SPDX-License-Identifier: Apache-2.0
"""`python -m lessgad`: the command `lessgad`, for launchers that start a Python module."""

from lessgad.cli.main import main

if __name__ == "__main__":
    main()
