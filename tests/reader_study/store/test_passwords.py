# SPDX-License-Identifier: Apache-2.0
"""Passwords are hashed with argon2id at the cost that RFC 9106 recommends."""

import subprocess
import sys

import pytest

from lessgad.reader_study.store.passwords import LEAST_LENGTH, hash_password, is_password, password_problem


def test_the_real_cost():
    code = "from lessgad.reader_study.store.passwords import hash_password; print(hash_password('some password'))"
    spelled = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert spelled.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_the_same_password_has_another_hash_each_time():
    one, other = hash_password("some password"), hash_password("some password")
    assert one != other
    assert is_password(one, "some password")
    assert is_password(other, "some password")
    assert not is_password(one, "some passwore")


def test_nobody_and_nonsense_have_no_password():
    assert not is_password(None, "some password")
    assert not is_password("not a hash", "some password")


@pytest.mark.parametrize("bad", ["x" * (LEAST_LENGTH - 1), "ab" * 10, "somebodys-name", "x1y2z3" * 40])
def test_bad_passwords(bad):
    assert password_problem(bad, "Somebodys-Name")


def test_a_good_one():
    assert password_problem("four words in a row", "kim") is None
